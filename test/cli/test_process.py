"""Rules of `process`, tested on recordings of an empty desk with the real pipeline."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Container
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.surface.surface_tracker import NO_SHEET_REASON

pytestmark = pytest.mark.usefixtures("hand_weights")

CAMERA = Camera(fx=393.0, fy=392.0, cx=321.0, cy=240.0, width=640, height=480)
PREFIX, FRAME_ID = "/camera/camera", "camera_color_optical_frame"


def write_empty_desk(path: Path, count: int, missing_depth: Container[int] = ()) -> Path:
    """A bare grey desk, 35 cm straight below the camera. missing_depth: frames without a depth image."""
    noise = np.random.default_rng(0)
    color = noise.integers(120, 136, (480, 640, 3), dtype=np.uint8)
    depth = noise.integers(349, 352, (480, 640)).astype(np.uint16)
    with BagWriter(path) as bag:
        for index in range(count):
            stamp_ns = 1_700_000_000_000_000_000 + index * 33_333_333
            bag.write_image(f"{PREFIX}/color/image_raw", stamp_ns, FRAME_ID, color, "bgr8")
            bag.write_camera_info(f"{PREFIX}/color/camera_info", stamp_ns, FRAME_ID, CAMERA)
            if index not in missing_depth:
                bag.write_image(f"{PREFIX}/aligned_depth_to_color/image_raw", stamp_ns, FRAME_ID, depth, "16UC1")
    return path


@pytest.fixture(scope="module")
def empty_desk(tmp_path_factory) -> Path:
    return write_empty_desk(tmp_path_factory.mktemp("desk") / "desk.mcap", 20)


def test_empty_desk_has_no_events(empty_desk, tmp_path, capsys):
    """Every frame is processed and drawn; a desk without hands gives an empty events file."""
    out, video = tmp_path / "events.jsonl", tmp_path / "desk.mp4"
    assert run("process", empty_desk, "--out", out, "--video", video, "--calibration-seconds", "0.3") == 0
    assert out.read_text() == ""
    film = cv2.VideoCapture(str(video))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 20
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(30, abs=0.1)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["desk.mp4", "events.jsonl"]
    said = capsys.readouterr()
    assert "0 presses" in said.err
    assert said.out == ""


def test_the_typed_text_is_printed(readable_recording, tmp_path, capsys):
    """On standard output, for another program; the rest is for people."""
    assert run("process", readable_recording, "--out", tmp_path / "events.jsonl") == 0
    said = capsys.readouterr()
    assert said.out == "hi\n"
    assert "2 presses" in said.err


def test_images_are_turned(empty_desk, tmp_path):
    """Before anything is found in them; the video shows them upright."""
    out, video = tmp_path / "events.jsonl", tmp_path / "desk.mp4"
    assert run("process", empty_desk, "--out", out, "--video", video, "--rotate", "90") == 0
    film = cv2.VideoCapture(str(video))
    assert (film.get(cv2.CAP_PROP_FRAME_WIDTH), film.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (480, 640)
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 20


def test_missing_depth_is_reported(tmp_path, capsys):
    """Frames without depth are processed too, and their number is reported."""
    desk = write_empty_desk(tmp_path / "desk.mcap", 6, missing_depth=(2, 5))
    assert run("process", desk, "--out", tmp_path / "events.jsonl") == 0
    assert "2 of 6 frames had no depth" in capsys.readouterr().err


def test_colour_alone_is_processed(tmp_path, capsys):
    """One line says what is read, another that the sheet is missing; the video is drawn without a surface."""
    desk = write_empty_desk(tmp_path / "desk.mcap", 70, missing_depth=range(70))
    out, video = tmp_path / "events.jsonl", tmp_path / "desk.mp4"
    assert run("process", desk, "--out", out, "--video", video) == 0
    error = capsys.readouterr().err
    assert error.splitlines()[0] == "reads colour alone (depth source auto)"
    assert "had no depth" not in error
    assert f"frames: {NO_SHEET_REASON}" in error
    assert out.read_text() == ""
    assert cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT) == 70


def test_causes_of_silence_are_told(tmp_path, capsys):
    """Stamps that repeat and five frames a second, without sheet and valid depth: one line with the remedy for each."""
    stamps_ns = [index * 200_000_000 for index in range(20) for _ in range(2)]
    with BagWriter(tmp_path / "slow.mcap") as bag:
        bag.write_camera_info(f"{PREFIX}/color/camera_info", 0, FRAME_ID, CAMERA)
        for stamp_ns in stamps_ns:
            bag.write_image(
                f"{PREFIX}/color/image_raw", stamp_ns, FRAME_ID, np.full((480, 640, 3), 99, np.uint8), "bgr8"
            )
            depth = np.zeros((480, 640), np.uint16)
            bag.write_image(f"{PREFIX}/aligned_depth_to_color/image_raw", stamp_ns, FRAME_ID, depth, "16UC1")
    assert run("process", tmp_path / "slow.mcap", "--out", tmp_path / "events.jsonl") == 0
    error = capsys.readouterr().err
    assert "the stamps of 20 of 40 images do not advance (20 repeat, 0 run backwards)" in error
    for remedy in ("set the camera to 30", "lay it in view", "keep the camera within its range"):
        assert error.count(remedy) == 1


def test_depth_can_be_left_unread(empty_desk, tmp_path, capsys):
    """`--depth-source none` on a recording with depth."""
    assert run("process", empty_desk, "--out", tmp_path / "events.jsonl", "--depth-source", "none") == 0
    assert "reads colour alone (depth source none)" in capsys.readouterr().err


@pytest.mark.parametrize("existing", ["events.jsonl", "desk.mp4"])
def test_existing_files_are_kept(empty_desk, tmp_path, capsys, existing):
    """Neither output is overwritten without --force, and nothing else is written then."""
    (tmp_path / existing).write_text("old")
    arguments = ["process", empty_desk, "--out", tmp_path / "events.jsonl", "--video", tmp_path / "desk.mp4"]
    assert run(*arguments) == 2
    assert f"{existing} exists already" in capsys.readouterr().err
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [(existing, "old")]
    assert run(*arguments, "--force") == 0
    assert (tmp_path / existing).read_bytes() != b"old"


def test_inputs_are_never_overwritten(empty_desk, tmp_path, monkeypatch, capsys):
    """Not even with --force: outputs must not replace the recording, its ground truth or the layout."""
    monkeypatch.chdir(tmp_path)
    Path("desk.mcap").write_bytes(empty_desk.read_bytes())
    for name in ("desk.mcap", "desk.truth.jsonl", "keys.yaml"):
        assert run("process", "desk.mcap", "--layout", "keys.yaml", "--out", tmp_path / name, "--force") == 2
        assert f"{name} is named twice" in capsys.readouterr().err
    assert Path("desk.mcap").read_bytes() == empty_desk.read_bytes()


def test_incomplete_video_is_removed_on_full_disk(empty_desk, tmp_path, capfd):
    """OpenCV does not report it; an incomplete video never appears. A limit on file sizes simulates the full disk."""
    video = tmp_path / "desk.mp4"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        code = run("process", empty_desk, "--out", tmp_path / "events.jsonl", "--video", video)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 2
    assert f"error: {video} could not be written to the disk" in capfd.readouterr().err
    assert not video.exists()


BAD_INPUT = {
    "truncated bag": (["cut.mcap"], "cannot be read"),
    "bad layout": (["desk.mcap", "--layout", "bad.yaml"], "bad.yaml"),
    "unknown layout": (["desk.mcap", "--layout", "klingon"], "klingon"),
    "unknown profile": (["desk.mcap", "--profile", "reckless"], "reckless"),
    "video of another kind": (["desk.mcap", "--video", "film.gif"], "film.gif has to end in .mp4"),
    "no depth": (["color.mcap", "--depth-source", "sensor"], "no depth aligned to colour"),
    "no imagers": (["desk.mcap", "--depth-source", "stereo"], "no images of both imagers"),
    "odd turn": (["desk.mcap", "--rotate", "45"], "by 0, 90, 180, 270 degrees, not by 45"),
    "unknown depth source": (["desk.mcap", "--depth-source", "guess"], "depth_sources has no 'guess'"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input(empty_desk, tmp_path, monkeypatch, capsys, case):
    """One line that names the error, exit code 2, and no output."""
    monkeypatch.chdir(tmp_path)
    content = empty_desk.read_bytes()
    Path("desk.mcap").write_bytes(content)
    Path("cut.mcap").write_bytes(content[: len(content) // 2])
    Path("bad.yaml").write_text("units: mm\nsheet: {width: 0, height: 100}\nkeys: []\n")
    with BagWriter("color.mcap") as bag:
        bag.write_image(f"{PREFIX}/color/image_raw", 0, FRAME_ID, np.zeros((480, 640, 3), np.uint8), "bgr8")
        bag.write_camera_info(f"{PREFIX}/color/camera_info", 0, FRAME_ID, CAMERA)
    before = sorted(entry.name for entry in tmp_path.iterdir())
    arguments, message = BAD_INPUT[case]
    assert run("process", *arguments, "--out", "new/events.jsonl") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert sorted(entry.name for entry in tmp_path.iterdir()) == before


def test_missing_weights(empty_desk, tmp_path, monkeypatch, capsys):
    """Weights that were never pulled are an error that names the command to pull them."""
    monkeypatch.setenv("FINGERTIP_CONTACT_WEIGHTS", str(tmp_path / "none"))
    assert run("process", empty_desk, "--out", tmp_path / "events.jsonl") == 2
    assert "fingertip-contact models pull" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_leaves_no_partial_files(tmp_path, number, code):
    """Ctrl-C or SIGTERM during a recording leaves no partial file."""
    desk = write_empty_desk(tmp_path / "desk.mcap", 150)
    command = "from fingertip_contact.cli.main import main; main()"
    arguments = ["process", desk, "--out", tmp_path / "events.jsonl", "--video", tmp_path / "desk.mp4"]
    process = subprocess.Popen([sys.executable, "-c", command, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".desk.mp4.*/desk.mp4")):
            assert process.poll() is None, "ended before it could be interrupted"
            assert time.monotonic() < deadline, "never began to write"
            time.sleep(0.02)
        os.kill(process.pid, number)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait(timeout=10)
    assert process.returncode == code
    assert "Traceback" not in error
    assert [entry.name for entry in tmp_path.iterdir()] == ["desk.mcap"]
