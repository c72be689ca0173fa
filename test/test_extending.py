"""Rules of the extension points: every example of docs/extending.md works from outside of the package."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from contact_world import CAMERA, FRAME_NS, make_detector, make_hand, make_pad_heights, make_samples
from fingertip_contact import registry
from fingertip_contact.cameras.profile import load_camera_profile
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import ContactEvent, DepthImage, Frame, FrameResult, KeyEvent
from fingertip_contact.desktop.injector import KeyInjector
from fingertip_contact.factory import build_pipeline
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.pipeline import process_frames
from repository import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r'^```(?:python|yaml) title="([\w.]+)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL))
MAX_LINES = 30


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's files in the current folder, from which Python imports; nothing of them remains imported."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in FILES:
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
    return tmp_path


def make_frame(index: int) -> Frame:
    depth = DepthImage(np.full((480, 640), 350, np.uint16), 0.001)
    return Frame(1_000_000_000 + index * FRAME_NS, "camera", CAMERA, np.full((480, 640, 3), 128, np.uint8), depth)


def save_hands(frames: list[Frame]) -> None:
    """The right hand of the first frame only, as recorded_hands.py reads it."""
    hand = make_hand(1)
    np.savez("hands.npz", stamps_ns=np.array([frames[0].stamp_ns]), landmarks_px=hand.landmarks_px[None])


def make_key_press() -> FrameResult:
    contact = ContactEvent(20, 10, "press", 1, 0, "right", "index", np.zeros(3), 0.9)
    event = KeyEvent(contact, "qwerty", "j", "j")
    return FrameResult(20, (), (), (contact,), (event,), "j", None, None)


def test_every_kind_has_an_example():
    """The page names each registry's protocol, and no example is longer than 30 lines."""
    kinds = [value.kind for value in vars(registry).values() if isinstance(value, registry.Registry)]
    headings = {heading.lower() for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)}
    names = {kind.removesuffix("s").replace("_", " ") for kind in kinds}
    assert {"camera profile" if name == "camera" else name for name in names} == headings
    assert {name: text.count("\n") for name, text in FILES.items() if text.count("\n") > MAX_LINES} == {}


def test_hand_tracker():
    """build_pipeline uses the tracker that is named: its hands are the result's."""
    frames = [make_frame(index) for index in range(2)]
    save_hands(frames)
    pipeline = build_pipeline(load_layout("qwerty"), hand_tracker="recorded_hands:RecordedHands")
    results = [result for frame, result in process_frames(frames, pipeline) if frame is not None]
    assert [len(result.hands) for result in results] == [1, 0]
    np.testing.assert_array_equal(results[0].hands[0].landmarks_px, make_hand(1).landmarks_px)


def test_depth_source():
    """The source removes a single wrong pixel of the sensor's depth."""
    frame = make_frame(0)
    frame.depth.values[100, 100] = 0
    source = registry.DEPTH_SOURCES.get("smoothed_depth:SmoothedDepth")()
    np.testing.assert_array_equal(source.find_depth(frame).values, np.full((480, 640), 350))


def test_surface_source():
    """A profile names the surface source: the surface is known from the first frame on."""
    frames = [make_frame(0)]
    save_hands(frames)
    pipeline = build_pipeline(load_layout("qwerty"), Path("fixed.yaml"), hand_tracker="recorded_hands:RecordedHands")
    surface = next(iter(process_frames(frames, pipeline)))[1].surface
    assert surface is not None
    assert surface.plane.offset_m == pytest.approx(0.34 * np.sin(np.radians(60)))


def test_contact_classifier():
    """A profile names the classifier: ContactDetector finds the tap of the right index finger, and only that."""
    heights_m = make_pad_heights([(6, 1.0, 0.12)], seconds=2.0)
    detector = make_detector(load_profile(Path("threshold.yaml")))
    hands = (make_hand(0), make_hand(1))
    events = []
    for index, height_m in enumerate(heights_m):
        samples = make_samples(height_m, heights_m[max(0, index - 1)])
        events += detector.update(1_000_000_000 + index * FRAME_NS, hands, samples)[1]
    assert [(event.type, event.hand, event.finger) for event in events] == [
        ("press", "right", "index"),
        ("release", "right", "index"),
    ]
    assert (events[0].contact_ns - 1_000_000_000) / 1e9 == pytest.approx(1.0, abs=0.05)


def test_key_shape():
    """A layout file names the shape of a key: its corners are not on a round key, those of a rectangle are."""
    importlib.import_module("round_key")
    corner_m = 0.019
    distance_m = load_layout("buttons.yaml").edge_distances_m(np.array([[-0.04, 0.0], [0.04, 0.0]]) + corner_m)
    assert distance_m[0, 0] == pytest.approx(np.hypot(corner_m, corner_m) - 0.02)
    assert distance_m[1, 1] == 0.0


def test_output():
    """build_pipeline uses the outputs that are named: they receive every result and are closed at the end."""
    frames = [make_frame(0)]
    save_hands(frames)
    pipeline = build_pipeline(
        load_layout("qwerty"), hand_tracker="recorded_hands:RecordedHands", outputs=["key_log:KeyLog"]
    )
    (key_log,) = pipeline.contact.outputs
    key_log.process(make_key_press())
    assert len(list(process_frames(frames, pipeline))) == 2
    assert Path("keys.csv").read_text(encoding="utf-8") == "10,right,index,j\n"
    with pytest.raises(ValueError, match="closed"):
        key_log.process(make_key_press())


def test_key_sink():
    """An injector's keys go where the sink says, in order."""
    sink = registry.KEY_SINKS.make("key_list:KeyList", ("KEY_A",), required=("write", "close"))
    injector = KeyInjector(sink, {"a": "KEY_A"}, {})
    injector.press("right_index", "a", 160, 100)
    injector.release_all()
    sink.close()
    assert Path("keys.txt").read_text(encoding="utf-8") == "KEY_A down\nKEY_A up\n"


def test_camera_profile():
    """A camera is found by module:attribute; something else than a profile is refused."""
    assert load_camera_profile("acme_camera:ACME").baseline_m == 0.05
    with pytest.raises(ValueError, match="CameraProfile"):
        load_camera_profile("threshold:Threshold")
