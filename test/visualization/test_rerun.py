"""Rules of what is logged for Rerun's viewer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rerun", reason="needs rerun-sdk (extra rerun)")

import rerun

from cli_harness import run
from contact_world import CAMERA
from fingertip_contact.cameras.rotation import rotate_pixels
from fingertip_contact.datatypes import ContactEvent, Fingertip, Frame, FrameResult, KeyEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.visualization import rerun_scene
from fingertip_contact.visualization.rerun_file import open_rerun_file, open_rerun_recording
from fingertip_contact.visualization.rerun_scene import RerunScene

STAMP_NS = 1_700_000_000_000_000_000
POSE = RigidTransform(np.eye(3), np.array([0.0, 0.0, 0.4]))


class Recorder:
    """Stands in for a recording: keeps what is logged, by path."""

    def __init__(self) -> None:
        self.logged: dict[str, list] = {}

    def set_time(self, timeline: str, timestamp: np.datetime64) -> None:
        self.stamp_ns = int(timestamp.astype(np.int64))

    def log(self, path: str, what: object, static: bool = False) -> None:
        self.logged.setdefault(path, []).append(what)


def make_result(event_type: str, press: int = 1) -> FrameResult:
    """A finger on the surface, one that is lost, and an event on the key j."""
    unknown = np.full(3, np.nan)
    contact = ContactEvent(STAMP_NS, STAMP_NS, event_type, press, 0, "right", "index", np.zeros(3), 0.9)
    tips = (
        Fingertip(0, "right", "index", (300.0, 200.0), np.array([0.0, 0.0, 0.4]), 0.001, -0.1, 1.0, "contact"),
        Fingertip(0, "left", "ring", (np.nan, np.nan), unknown, np.nan, np.nan, 0.5, "lost"),
    )
    return FrameResult(STAMP_NS, (), tips, (contact,), (KeyEvent(contact, "qwerty", "j", "j"),), "j", None, POSE)


def make_frame() -> Frame:
    return Frame(STAMP_NS, "camera", CAMERA, np.full((480, 640, 3), 90, np.uint8), None)


def test_a_frame_is_logged_with_its_stamp():
    """Fingertips that are seen, in the colour of their state; a lost one leaves a gap in its line."""
    recorder = Recorder()
    RerunScene(recorder, load_layout("qwerty")).log_result(make_frame(), make_result("press"))
    assert recorder.stamp_ns == STAMP_NS
    (balls,) = recorder.logged[rerun_scene.FINGERTIPS]
    assert len(balls.positions.as_arrow_array()) == 1
    assert balls.colors.as_arrow_array().to_pylist() == [0xFF3C3CFF]  # Red, green, blue, opaque.
    # After the line's name and colour.
    _, height = recorder.logged["heights/right_index"]
    _, gap = recorder.logged["heights/left_ring"]
    assert height.scalars.as_arrow_array().to_pylist() == [pytest.approx(1.0)]
    assert np.isnan(gap.scalars.as_arrow_array().to_pylist()).all()
    assert {rerun_scene.IMAGE, rerun_scene.SHEET, rerun_scene.TEXT} <= recorder.logged.keys()


@pytest.mark.parametrize("end", ["release", "cancel"])
def test_held_keys_are_outlined_until_their_press_ends(end: str):
    """Also where no frame comes with the end."""
    recorder = Recorder()
    scene = RerunScene(recorder, load_layout("qwerty"))
    scene.log_result(make_frame(), make_result("press"))
    scene.log_result(None, make_result(end))
    counts = [len(held.strips.as_arrow_array()) for held in recorder.logged[rerun_scene.HELD_KEYS]]
    assert counts == [1, 0]
    lines = [entry.text.as_arrow_array().to_pylist()[0] for entry in recorder.logged[rerun_scene.EVENTS]]
    assert [line.split()[0] for line in lines] == ["press", end]


def test_the_file_is_one_of_rerun(tmp_path: Path):
    """Rerun's own check accepts it."""
    path = tmp_path / "out.rrd"
    with open_rerun_file(path, load_layout("qwerty")) as log:
        log(make_frame(), make_result("press"))
    check = [sys.executable, "-m", "rerun", "rrd", "verify", str(path)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_full_disk_is_told():
    """When the recording ends; rerun-sdk itself would wait for ever."""
    with (
        pytest.raises(OSError, match="No space left"),
        open_rerun_file(Path("/dev/full"), load_layout("qwerty")) as log,
    ):
        log(make_frame(), make_result("press"))


def test_a_full_disk_is_noticed_while_it_is_written():
    """For a node, which would go on for hours."""
    noise = rerun.EncodedImage(contents=os.urandom(1 << 20), media_type="image/jpeg")
    deadline_s = time.monotonic() + 20

    def write_until_it_is_noticed() -> None:
        with open_rerun_recording(Path("/dev/full")) as file:
            while time.monotonic() < deadline_s:
                file.recording.log("noise", noise)
                file.check()

    with pytest.raises(OSError, match="No space left"):
        write_until_it_is_noticed()
    assert time.monotonic() < deadline_s


def test_touches_are_points_until_their_press_ends():
    """Beside every key, too; two fingers are two points."""
    recorder = Recorder()
    scene = RerunScene(recorder, load_layout("qwerty"))
    for event_type, press in (("press", 1), ("press", 2), ("move", 2), ("release", 1), ("cancel", 2)):
        scene.log_contact_event(make_result(event_type, press).contact_events[0])
    counts = [len(points.positions.as_arrow_array()) for points in recorder.logged[rerun_scene.TOUCHES]]
    assert counts == [1, 2, 2, 1, 0]


def test_an_interrupt_ends_the_writer(tmp_path: Path):
    """Nothing waits for a file that nobody will read."""
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt), open_rerun_file(tmp_path / "out.rrd", load_layout("qwerty")):
        raise KeyboardInterrupt
    assert threading.active_count() == threads


def test_another_name_is_refused(tmp_path: Path, capsys):
    """Before anything is read or written."""
    out = tmp_path / "events.jsonl"
    assert run("process", tmp_path / "none.mcap", "--out", out, "--rerun", tmp_path / "out.mp4") != 0
    assert "has to end in .rrd" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_a_turned_image_hangs_where_the_camera_saw_it(turn_deg: int):
    """A point of the desk has the pixel in it that the turned image shows it at; told when it changes."""
    recorder = Recorder()
    scene = RerunScene(recorder, load_layout("qwerty"))
    plain = replace(CAMERA, distortion=())
    for _ in range(2):
        scene.log_camera(STAMP_NS, plain, turn_deg)
    transform, pinhole = recorder.logged[rerun_scene.CAMERA]
    desk_from_turned = np.array(transform.mat3x3.as_arrow_array().to_pylist()).reshape(3, 3).T
    matrix = np.array(pinhole.image_from_camera.as_arrow_array().to_pylist()).reshape(3, 3).T
    points_m = np.array([[0.05, 0.02, 0.4], [-0.1, 0.07, 0.3]])
    seen = points_m @ desk_from_turned @ matrix.T
    expected_px = rotate_pixels(plain.project(points_m), plain, turn_deg)
    assert seen[:, :2] / seen[:, 2:] == pytest.approx(expected_px, abs=1e-3)
    size = [plain.height, plain.width] if turn_deg % 180 else [plain.width, plain.height]
    assert pinhole.resolution.as_arrow_array().to_pylist() == [size]
