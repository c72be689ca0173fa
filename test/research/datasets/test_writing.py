"""Rules of writing sessions, and of converting bags to sessions and back."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import dataset_world as world
from cli_harness import run
from fingertip_contact.cameras.d405 import D405
from fingertip_contact.datatypes import DepthImage
from fingertip_contact.geometry import Plane
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_research.datasets.annotations import read_annotation, read_label
from fingertip_research.datasets.check import Quality, check_dataset
from fingertip_research.datasets.conversion import (
    SessionGroundTruth,
    frames_to_session,
    record_session,
    session_to_bag,
)
from fingertip_research.datasets.dataset import open_dataset, open_session
from fingertip_research.datasets.writer import make_surface_calibration
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth

DEADLINE_S = 30


def test_written_data_is_read_back(tmp_path):
    """Pixels, stamps, intrinsics with distortion, and the description of the session; frames are numbered from 0."""
    session = world.write_session(tmp_path, "P07", 3)
    assert session.path == tmp_path / "P07" / "P07_angle90_white_desk_typing_074155"
    assert (session.participant, session.angle_deg, session.surface) == ("P07", 90.0, "white_desk")
    assert session.camera == world.CAMERA
    assert session.frame_numbers == (0, 1, 2)
    assert session.metadata["session"]["total_frames"] == 3
    for frame in session.frames():
        assert_same(frame.load(), world.make_frame(frame.number))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("participant", "../P01"),
        ("participant", "P1/../../x"),
        ("surface", "../../x"),
        ("surface", "a/b"),
        ("surface", ""),
        ("surface", "a\n"),
        ("surface", ".hidden"),
        ("action", "singing"),
        ("time_of_day", "../../"),
        ("angle_deg", float("nan")),
        ("angle_deg", 1e300),
    ],
)
def test_no_text_leads_out_of_the_dataset(name, value):
    """The parts of a session's folder, whether they come from options or from a file, are checked before anything is
    written."""
    with pytest.raises(ValueError, match=f"^{name} is "):
        replace(world.INFO, **{name: value})


def test_the_desk_of_a_ground_truth_file_is_checked(tmp_path, monkeypatch, capsys):
    """It names the surface where --surface does not, and cannot lead out of --out."""
    monkeypatch.chdir(tmp_path)
    header = {
        "kind": "header", "version": 1, "text": "hi", "angle_deg": 60, "participant": {"desk": "../../x"},
        "camera_from_sheet": {"rotation": np.diag([1.0, -1.0, -1.0]).tolist(), "translation_m": [0.0, 0.0, 0.36]},
    }  # fmt: skip
    Path("fox.truth.jsonl").write_text(json.dumps(header) + "\n")
    assert run("dataset", "from-bag", "fox.mcap", "--out", "out", "--participant", "P01") == 2
    assert "surface is '../../x'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["fox.truth.jsonl"]


def test_existing_output_is_not_overwritten(tmp_path):
    world.write_session(tmp_path)
    with pytest.raises(FileExistsError, match="exists already"):
        world.write_session(tmp_path)
    assert len(list(open_dataset(tmp_path).frames())) == 3


def test_exception_leaves_only_complete_frames(tmp_path):
    """Recorded frames stay, and the metadata has their number."""

    def failing():
        yield from world.make_frames(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_session(failing(), tmp_path, world.INFO, frames_per_second=30)
    (check,) = check_dataset(open_dataset(tmp_path), Quality())
    assert (len(check.frames), check.problems, check.notes) == (2, (), ())


def test_kill_leaves_only_complete_frames(tmp_path):
    """After SIGKILL during writing every frame can be read, with its stamp."""
    program = (
        "import sys, itertools; from pathlib import Path; import dataset_world as world\n"
        "from fingertip_research.datasets.conversion import record_session\n"
        "record_session(map(world.make_frame, itertools.count()), Path(sys.argv[1]), world.INFO, frames_per_second=30)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=environment)
    try:
        wait_for(lambda: len(list(tmp_path.glob("P01/*/rgb/*.png"))) > 20)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (check,) = check_dataset(open_dataset(tmp_path), Quality())
    assert len(check.frames) > 20
    for frame in check.session.frames():
        assert_same(frame.load(), world.make_frame(frame.number))
    # The depth of the next frame may exist; it is reported, and does not count as a frame.
    assert len(check.problems) <= 1
    assert any("interrupted" in note for note in check.notes)


def test_full_disk_is_reported_and_leaves_only_complete_frames(tmp_path):
    """A limit on file sizes simulates it: the error names the file, and earlier frames can be read."""
    limit = 20_000
    large = replace(world.CAMERA, width=640, height=480)
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    plain, level = np.zeros_like(noise), DepthImage(np.full((480, 640), 350, dtype=np.uint16), 0.001)
    frames = [replace(world.make_frame(number), camera=large, color_bgr=plain, depth=level) for number in range(3)]
    frames[2] = replace(frames[2], color_bgr=noise)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OSError, match=r"cannot write .*rgb/000002\.png"):
            record_session(frames, tmp_path, world.INFO, frames_per_second=30)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (session,) = open_dataset(tmp_path).sessions
    assert [frame.load().stamp_ns for frame in session.frames()] == [world.stamp_ns(0), world.stamp_ns(1)]
    assert not list(tmp_path.rglob("*.partial"))


def test_interrupted_conversion_leaves_no_session(tmp_path):
    def failing():
        yield from world.make_frames(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frames_to_session(failing(), tmp_path, world.INFO, frames_per_second=30)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_frames_without_depth_are_omitted(tmp_path):
    """They are counted; a source without frames is an error."""
    frames = [world.make_frame(0), replace(world.make_frame(1), depth=None), world.make_frame(2)]
    result = frames_to_session(frames, tmp_path, world.INFO, frames_per_second=30)
    assert (result.frames, result.skipped) == (2, 1)
    assert list(open_session(result.path).stamps_ns.values()) == [world.stamp_ns(0), world.stamp_ns(2)]
    with pytest.raises(ValueError, match="no frame"):
        frames_to_session([], tmp_path, world.INFO, frames_per_second=30)


def test_depth_in_metres_is_rounded_to_the_sessions_step(tmp_path):
    """NaN becomes 0; a finer unit keeps more digits."""
    depth_m = np.full((48, 64), 0.34567, dtype=np.float32)
    depth_m[0] = np.nan
    frame = replace(world.make_frame(0), depth=DepthImage(depth_m, 1.0))
    for step_m, expected_m in ((0.001, 0.346), (0.0001, 0.3457)):
        result = frames_to_session(
            [frame], tmp_path / str(step_m), world.INFO, frames_per_second=30, depth_png_unit_m=step_m
        )
        (read,) = open_session(result.path).frames()
        assert np.isnan(read.load_depth_m()[0]).all()
        np.testing.assert_allclose(read.load_depth_m()[1:], expected_m, atol=1e-6)


def test_round_trip_through_a_dataset_preserves_a_recording(tmp_path, typed_recording):
    """Simulated bag, dataset, bag: identical pixels, stamps, frame ids and intrinsics."""
    few = 45  # fifteen of them show hands
    with open_bag_recording(typed_recording) as original:
        frames = [frame for frame, _ in zip(original.frames(), range(few), strict=False)]
        result = frames_to_session(frames, tmp_path / "ds", world.INFO, frames_per_second=30)
        assert session_to_bag(open_session(result.path), tmp_path / "copy.mcap") == (few, [])
        with open_bag_recording(tmp_path / "copy.mcap") as copy:
            copies = list(copy.frames())
    assert len(copies) == few
    for one, other in zip(frames, copies, strict=True):
        assert_same(one, other)


def test_metadata_and_topics_come_from_the_camera_profile(tmp_path):
    """Name, depth range and topics are those of the camera that recorded."""
    profile = replace(
        D405,
        name="Other",
        depth_range_m=(0.1, 0.9),
        driver_topics=("/o/color/image_raw", "/o/color/camera_info", "/o/depth/image"),
    )
    result = frames_to_session(world.make_frames(2), tmp_path, world.INFO, frames_per_second=30, camera_profile=profile)
    session = open_session(result.path)
    assert (session.metadata["camera"], session.metadata["depth_range_m"]) == ("Other", [0.1, 0.9])
    session_to_bag(session, tmp_path / "a.mcap", profile)
    with open_bag_recording(tmp_path / "a.mcap") as recording:
        assert (recording.color_topic, recording.depth_topic) == ("/o/color/image_raw", "/o/depth/image")


def test_session_without_time_of_day_has_no_name():
    """The name of its folder needs it; the first frame's stamp provides it unless it is set."""
    with pytest.raises(ValueError, match="no time of day"):
        _ = world.INFO.name
    assert world.INFO.with_start(world.START_NS).name == "P01_angle90_white_desk_typing_221320"
    assert replace(world.INFO, time_of_day="090000").with_start(world.START_NS).time_of_day == "090000"


def test_unreadable_frame_does_not_abort_the_bag(tmp_path):
    """It is reported and skipped; a session without a usable frame gives no bag."""
    session = world.write_session(tmp_path / "ds")
    (session.path / "rgb" / "000001.png").write_bytes(b"not a png")
    count, problems = session_to_bag(session, tmp_path / "a.mcap")
    assert count == 2
    assert len(problems) == 1
    assert "rgb/000001.png" in problems[0]
    for number in (0, 2):
        (session.path / "depth" / f"{number:06d}.png").write_bytes(b"")
    with pytest.raises(ValueError, match="no usable frame"):
        session_to_bag(session, tmp_path / "b.mcap")
    assert not (tmp_path / "b.mcap").exists()


def test_fine_depth_is_written_to_a_bag_as_metres(tmp_path):
    """16UC1 has millimetres only."""
    frame = world.make_frame(0)
    fine = replace(frame, depth=DepthImage(10 * world.make_depth_mm(0) + 3, 0.0001))
    result = frames_to_session([fine], tmp_path / "ds", world.INFO, frames_per_second=30, depth_png_unit_m=0.0001)
    session_to_bag(open_session(result.path), tmp_path / "a.mcap")
    with open_bag_recording(tmp_path / "a.mcap") as recording:
        (copy,) = recording.frames()
    np.testing.assert_allclose(copy.depth.to_metres()[3:], world.make_depth_mm(0)[3:] / 1000 + 0.0003, atol=1e-6)


def test_ground_truth_labels_exactly_the_taps(tmp_path, typed_recording):
    """A fingertip is labelled as in contact exactly in the frames between press and release of its taps."""
    ground_truth = SessionGroundTruth.read(ground_truth_path(typed_recording))
    taps = read_ground_truth(ground_truth_path(typed_recording)).taps
    with open_bag_recording(typed_recording) as recording:
        result = frames_to_session(
            recording.frames(), tmp_path, world.INFO, frames_per_second=30, ground_truth=ground_truth
        )
    session = open_session(result.path)
    in_contact, expected = set(), set()
    for frame in session.frames():
        label, stamp_ns = read_label(frame.label_path), session.stamps_ns[frame.number]
        assert label.source == "simulation"
        assert len(read_annotation(frame.annotation_path)) == len(label.hands)
        for hand in label.hands:
            for finger, tip in hand.fingertips.items():
                if tip.contact:
                    in_contact.add((stamp_ns, hand.handedness, finger))
                    assert abs(tip.distance_m) < 0.0015
                    assert tip.depth_m == pytest.approx(tip.surface_depth_m, abs=0.0025)
        expected |= {(stamp_ns, tap.hand, tap.finger) for tap in taps if tap.press_ns <= stamp_ns <= tap.release_ns}
    assert expected
    assert in_contact == expected


def test_fingertip_annotations_match_the_image(tmp_path, typed_recording):
    """Measured depth at a visible fingertip is above the desk behind it, by at most the thickness of a hand."""
    ground_truth = SessionGroundTruth.read(ground_truth_path(typed_recording))
    with open_bag_recording(typed_recording) as recording:
        frames = [frame for frame in recording.frames() if ground_truth.frames[frame.stamp_ns].hands][40:42]
    result = frames_to_session(frames, tmp_path, world.INFO, frames_per_second=30, ground_truth=ground_truth)
    seen = 0
    for frame in open_session(result.path).frames():
        labels = {hand.handedness: hand.fingertips for hand in read_label(frame.label_path).hands}
        for hand in read_annotation(frame.annotation_path):
            for finger, depth_m in hand.fingertip_depth_m.items():
                if np.isfinite(depth_m):
                    seen += 1
                    assert 0.0 < labels[hand.handedness][finger].surface_depth_m - depth_m < 0.06
    assert seen > 10
    # Labelling later, from the same ground truth, gives the same files.
    session = open_session(result.path)
    before = {path: path.read_bytes() for path in session.path.rglob("*.json")}
    for folder in ("labels", "annotations"):
        shutil.rmtree(session.path / folder)
    assert run("dataset", "label", session.path, "--truth", ground_truth_path(typed_recording)) == 0
    assert {path: path.read_bytes() for path in session.path.rglob("*.json")} == before


def test_conversion_commands_work_in_both_directions(tmp_path, capsys):
    """Fields that the bag lacks are required; an existing session or bag is overwritten only with --force."""
    bag, root, back = tmp_path / "a.mcap", tmp_path / "people", tmp_path / "b.mcap"
    session_to_bag(world.write_session(tmp_path / "ds", "P01", 4), bag)
    arguments = ("--out", root, "--participant", "P03")
    assert run("dataset", "from-bag", bag, *arguments, "--surface", "dark") == 2
    assert "--angle is missing" in capsys.readouterr().err
    arguments = (*arguments, "--surface", "dark", "--angle", "45", "--every", "2")
    assert run("dataset", "from-bag", bag, *arguments) == 0
    assert run("dataset", "from-bag", bag, *arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert run("dataset", "from-bag", bag, *arguments, "--force") == 0
    assert run("dataset", "from-bag", bag, *arguments, "--time", "090000") == 0
    sessions = open_dataset(root).sessions
    assert [session.name for session in sessions] == [
        "P03_angle45_dark_typing_090000",
        "P03_angle45_dark_typing_221320",
    ]
    assert {len(session.frame_numbers) for session in sessions} == {2}
    assert run("dataset", "to-bag", sessions[0].path, "--out", back) == 0
    assert run("dataset", "to-bag", sessions[0].path, "--out", back) == 2
    with open_bag_recording(back) as recording:
        assert [frame.stamp_ns for frame in recording.frames()] == [world.stamp_ns(0), world.stamp_ns(2)]


def test_surface_is_written_in_the_dataset_format():
    """The layout's plane in pixels is exact from straight above; `plane_optical_frame` is exact at any angle."""
    level = make_surface_calibration(Plane(np.array([0.0, 0.0, -1.0]), 0.35), world.CAMERA, 1.0, 0)
    a, b, c, d = level["plane_coefficients"]
    for u, v in ((0, 0), (63, 47), (20, 40)):
        assert -(a * u + b * v + d) / c == pytest.approx(0.35, abs=1e-9)
    assert level["avg_surface_depth_m"] == pytest.approx(0.35)
    assert level["plane_optical_frame"] == {"normal": [0.0, 0.0, -1.0], "offset_m": 0.35}
    tilted = Plane(np.array([0.0, -0.6, -0.8]), 0.35)
    with pytest.raises(ValueError, match="not in view"):
        make_surface_calibration(Plane(-tilted.normal, 0.35), world.CAMERA, 1.0, 0)


def test_bag_without_depth_gives_no_session(tmp_path):
    """It is an error, and no files are left."""
    with BagWriter(tmp_path / "a.mcap") as bag:
        for number in range(3):
            frame = world.make_frame(number)
            bag.write_image("/c/color/image_raw", frame.stamp_ns, "camera", frame.color_bgr, "bgr8")
            bag.write_camera_info("/c/color/camera_info", frame.stamp_ns, "camera", world.CAMERA)
    path = tmp_path / "a.mcap"
    with pytest.raises(ValueError, match="depth aligned"), open_bag_recording(path, depth_source="sensor") as recording:
        frames_to_session(recording.frames(), tmp_path / "ds", world.INFO, frames_per_second=30)
    assert not (tmp_path / "ds").exists()


def assert_same(one, other) -> None:
    assert (one.stamp_ns, one.frame_id, one.camera) == (other.stamp_ns, other.frame_id, other.camera)
    np.testing.assert_array_equal(one.color_bgr, other.color_bgr)
    np.testing.assert_array_equal(one.depth.values, other.depth.values)
    assert one.depth.unit_m == other.depth.unit_m


def wait_for(condition) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end_s, "nothing happened in time"
        time.sleep(0.02)
