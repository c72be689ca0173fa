"""From poses to frames and from a text to a recording."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.bag import CAMERA_INFO, open_bag
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.transports.any_image import IMAGE
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth, read_ground_truth_frames
from fingertip_research.simulation import recording
from fingertip_research.simulation.bodies import DESK
from fingertip_research.simulation.exact_depth import ExactDepth
from fingertip_research.simulation.frame_renderer import (
    FrameRenderer,
    FrameRequest,
    RenderedFrame,
    Setup,
    render_frames,
)
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.recording import simulate
from fingertip_research.simulation.scene import make_scene
from fingertip_research.simulation.scene_builder import HandSceneRenderer
from fingertip_research.simulation.stereo_sensor import StereoSensor

DEADLINE_S = 60
FRAME_LIMIT = 36  # six frames with hands after a second without

TYPES = get_typestore(Stores.ROS2_KILTED)


@pytest.fixture(scope="module")
def setup() -> Setup:
    return Setup(make_scene(3, 60.0, "calm"), load_layout("qwerty"), {hand: HandModel.load(hand) for hand in HANDS})


@pytest.fixture(scope="module")
def requests() -> list[FrameRequest]:
    """An empty desk, then flat hands over the sheet that move slightly."""
    return [
        FrameRequest(0, {}),
        *(
            FrameRequest(number, {hand: make_flat_hand(hand, 0.002 * number) for hand in HANDS})
            for number in range(1, 5)
        ),
    ]


def make_flat_hand(hand: str, away_m: float) -> HandPose:
    side = 1 if hand == "right" else -1
    return HandPose(RigidTransform(np.eye(3), np.array([0.07 * side, -0.14 + away_m, 0.05])), np.zeros((5, 4)))


def test_zero_workers_are_rejected(setup: Setup) -> None:
    """Without worker processes rendering is an error, not an endless wait."""
    with pytest.raises(ValueError, match="workers is 0"):
        list(render_frames(setup, [], 0))


def test_aligned_depth_matches_the_hand_pixels(setup: Setup, requests: list[FrameRequest]) -> None:
    """Aligned depth agrees with the exact depth of the surface in the colour image, except for noise."""
    scene_renderer, sensor = HandSceneRenderer(setup.scene, setup.layout, setup.models), StereoSensor(setup.scene)
    exact = ExactDepth(setup.scene.depth_camera, setup.scene.color_camera)
    buffers = scene_renderer.render(requests[1].poses)
    depth_mm = sensor.measure(buffers, 1).aligned_mm.astype(float)
    inner = cv2.erode((buffers.segments != DESK).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    empty_mm = 1000 * exact.align(scene_renderer.render({}).depth_m)
    nearer = (empty_mm - depth_mm)[inner & (depth_mm > 0) & (empty_mm > 0)]
    assert np.median(nearer) > 20
    assert (nearer > 0).mean() > 0.99


def test_fingertips_of_flat_hands_are_visible(setup: Setup, requests: list[FrameRequest]) -> None:
    """All fingers stretched towards the camera are visible; without hands there are no fingers."""
    frame_renderer = FrameRenderer(setup)
    assert all(frame_renderer.render_frame(requests[1]).visible_fingertips[hand][1:].all() for hand in HANDS)
    assert not frame_renderer.render_frame(requests[0]).visible_fingertips


def test_recording_has_every_stream_in_every_frame(typed_recording: Path) -> None:
    """Ten topics of realsense2_camera have one message per frame, 30 per second; the frames of the ground truth have
    the same stamps."""
    stamps = [frame.stamp_ns for frame in read_ground_truth_frames(ground_truth_path(typed_recording))]
    with open_bag(typed_recording) as bag:
        assert set(bag.topics) == {
            f"/camera/camera/{stream}"
            for stream in (
                "color/image_raw",
                "color/camera_info",
                "depth/image_rect_raw",
                "depth/camera_info",
                "aligned_depth_to_color/image_raw",
                "aligned_depth_to_color/camera_info",
                "infra1/image_rect_raw",
                "infra1/camera_info",
                "infra2/image_rect_raw",
                "infra2/camera_info",
            )
        }
        assert {bag.message_count(topic) for topic in bag.topics} == {len(stamps)}
    with open_bag_recording(typed_recording) as recording:
        assert [frame.stamp_ns for frame in recording.frames()] == stamps
        assert recording.missing_depth_count == 0
    assert np.diff(stamps) == pytest.approx(1e9 / 30, abs=2)


def test_ground_truth_locates_the_fingers(typed_recording: Path) -> None:
    """The desk is empty during the calibration; later the typing finger's tip is in the image, visible, and in contact
    during its tap."""
    ground_truth = read_ground_truth(ground_truth_path(typed_recording))
    typed = [(tap.text, tap.hand, tap.finger) for tap in ground_truth.taps]
    assert typed == [("h", "right", "index"), ("i", "right", "middle")]
    frames = list(read_ground_truth_frames(ground_truth_path(typed_recording)))
    first_ns = frames[0].stamp_ns
    assert not any(
        frame.hands for frame in frames if frame.stamp_ns - first_ns < 1e9 * ground_truth.header.calibration_seconds
    )
    touching = [
        (frame, tap)
        for tap in ground_truth.taps
        for frame in frames
        if tap.press_ns <= frame.stamp_ns <= tap.release_ns
    ]
    assert touching  # One short tap may fall between two frames, but not both taps.
    for frame, tap in touching:
        finger = next(hand for hand in frame.hands if hand.hand == tap.hand).fingers[tap.finger]
        assert finger.contact
        assert finger.key == tap.key
        assert abs(finger.clearance_m) < 0.0015
        assert finger.visible
        assert 0 < finger.tip_px[0] < 640
        assert 0 < finger.tip_px[1] < 480
    assert all(set(hand.fingers) == set(FINGERS) for frame in frames for hand in frame.hands)


def test_recording_depends_only_on_its_arguments(tmp_path: Path) -> None:
    """The same arguments give the same files with one and two workers: empty desk, then hands that enter."""
    folders = [tmp_path / "alone", tmp_path / "together"]
    for folder, workers in zip(folders, (1, 2), strict=True):
        scene = make_scene(4, 60.0, "hard")
        simulate("a", load_layout("qwerty"), scene, folder / "a.mcap", workers=workers, progress=first_frames)
    alone, together = (folder / "a.mcap" for folder in folders)
    assert alone.read_bytes() == together.read_bytes()
    assert ground_truth_path(alone).read_bytes() == ground_truth_path(together).read_bytes()
    with open_bag_recording(alone) as recording:
        assert recording.frame_count == FRAME_LIMIT


@contextmanager
def first_frames(rendered_frames: Iterator[RenderedFrame], total: int) -> Iterator[Iterator[RenderedFrame]]:
    yield islice(rendered_frames, FRAME_LIMIT)


def test_interrupt_leaves_no_files(tmp_path: Path) -> None:
    """Ctrl-C while rendering leaves neither bag nor ground truth nor partial files."""

    @contextmanager
    def interrupted(rendered_frames: Iterator[RenderedFrame], total: int) -> Iterator[Iterator[RenderedFrame]]:
        def some() -> Iterator[RenderedFrame]:
            yield next(rendered_frames)
            raise KeyboardInterrupt

        yield some()

    out = tmp_path / "a.mcap"
    with pytest.raises(KeyboardInterrupt):
        simulate("a", load_layout("qwerty"), make_scene(4, 60.0, "calm"), out, progress=interrupted)
    assert list(tmp_path.iterdir()) == []


def test_existing_output_is_not_overwritten(tmp_path: Path) -> None:
    """An existing bag or ground-truth file is unchanged."""
    out = tmp_path / "a.mcap"
    ground_truth_path(out).write_text("mine")
    with pytest.raises(FileExistsError, match=r"a\.truth\.jsonl"):
        simulate("a", load_layout("qwerty"), make_scene(4, 60.0, "calm"), out)
    assert ground_truth_path(out).read_text() == "mine"


def test_untypable_text_is_rejected(tmp_path: Path) -> None:
    """The error names the character; nothing is written."""
    with pytest.raises(ValueError, match="é"):
        simulate("café", load_layout("qwerty"), make_scene(4, 60.0, "calm"), tmp_path / "a.mcap")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0, 20.0), "angle is 20"), ((0, 60.0, "brutal"), "difficulty is brutal"), ((0, 60.0, "calm", 2.0), "distance")],
)
def test_impossible_scenes_are_rejected(arguments: tuple, message: str) -> None:
    """The error names the value and the limits."""
    with pytest.raises(ValueError, match=message):
        make_scene(*arguments)


def test_a_high_frame_rate_leaves_less_light() -> None:
    """The shutter closes before the next frame, and the gain makes up for it: more noise, the same brightness."""
    usual, quick = (make_scene(3, 60.0, "hard", frame_rate_hz=rate) for rate in (30.0, 90.0))
    assert usual.exposure_s > 1 / 90 > quick.exposure_s
    gain = usual.exposure_s / quick.exposure_s
    assert quick.exposure == usual.exposure
    assert quick.color_noise == pytest.approx(usual.color_noise * gain**0.5)
    assert quick.imagers.noise == pytest.approx(usual.imagers.noise * gain**0.5)


def test_unknown_frame_rates_are_refused() -> None:
    """The error names the camera's rates."""
    with pytest.raises(ValueError, match=r"45 Hz: choose one of 5, 15, 30, 60, 90"):
        make_scene(3, 60.0, frame_rate_hz=45.0)


INTERRUPTED_START = """
import os, signal, threading, time
from fingertip_research.simulation.frame_renderer import block_interrupts
# Shells start processes in the background with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
done = threading.Event()
threading.Thread(target=done.wait).start()
try:
    with block_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        print("complete")
except KeyboardInterrupt:
    print("interrupted")
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
done.set()
"""


def test_an_interrupt_while_workers_start_waits_for_them() -> None:
    """Also where another thread than the main one gets the signal, as the progress bar's or numpy's does. In a process
    of its own: libraries that other tests load have handlers of their own."""
    process = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_START], capture_output=True, text=True, timeout=DEADLINE_S, check=True
    )
    assert process.stdout.split() == ["complete", "interrupted", "True"]


def test_interrupt_ends_the_command_and_its_workers(tmp_path: Path) -> None:
    """No traceback from the command or a worker; exit code 130; no file."""
    arguments = ["simulate", "--text", "a", "--workers", "2", "--out", str(tmp_path / "a.mcap")]
    process = subprocess.Popen(
        [sys.executable, "-c", "from fingertip_contact.cli.main import main; main()", *arguments],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for(lambda: list(tmp_path.iterdir()) or process.poll() is not None)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)
    finally:
        _end(process)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def _wait_for(condition) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.05)


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_imagers_are_recorded_as_the_driver_publishes_them(tmp_path: Path, setup: Setup) -> None:
    """Two mono8 topics with camera_info each; P[3] = -f B of the right one tells the baseline."""
    camera = setup.scene.depth_camera
    infra = tuple(np.full((camera.height, camera.width), grey, np.uint8) for grey in (100, 101))
    with BagWriter(tmp_path / "infra.mcap") as writer:
        recording._write_infra(writer, camera, 5, (infra[0], infra[1]))
    with open_bag(tmp_path / "infra.mcap") as bag:
        topics = {message.topic: message for message in bag.messages()}
        names = [f"/camera/camera/infra{side}/{kind}" for side in (1, 2) for kind in ("image_rect_raw", "camera_info")]
        assert sorted(topics) == sorted(names)
        infos = [TYPES.deserialize_cdr(topics[name].cdr, CAMERA_INFO) for name in names if name.endswith("info")]
        images = [TYPES.deserialize_cdr(topics[name].cdr, IMAGE) for name in names if name.endswith("raw")]
    assert [info.p[3] for info in infos] == [0.0, pytest.approx(-camera.fx * 0.018)]
    assert [(image.encoding, int(image.data[0])) for image in images] == [("mono8", 100), ("mono8", 101)]
    assert [info.header.frame_id for info in infos] == ["camera_infra1_optical_frame", "camera_infra2_optical_frame"]


def test_an_ideal_sensor_has_no_imagers(tmp_path: Path) -> None:
    """Asking for them is an error before anything is rendered."""
    scene = make_scene(4, 60.0, "calm", sensor="ideal")
    with pytest.raises(ValueError, match="no imagers"):
        simulate("a", load_layout("qwerty"), scene, tmp_path / "a.mcap", infra=True)
    assert not list(tmp_path.iterdir())
