"""Rules of the scenes that the simulated sensor is measured in, with the ideal sensor, whose figures are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_research.evaluation.sensor.capture import capture
from fingertip_research.evaluation.sensor.figures import measure_board, measure_finger, measure_finger_pairs
from fingertip_research.evaluation.sensor.metrics import to_metres
from fingertip_research.evaluation.sensor.targets import FINGER_TOP_M, make_targets

TARGETS = make_targets("ideal")


def test_boards_have_their_distance_and_the_noise_of_the_ideal_sensor():
    """Distance within a millimetre; RMS of disparity as the scene's noise model says, within 5 %."""
    captured = capture(TARGETS["print_352mm"], iter(range(3)))
    figures, plane = measure_board(captured)
    noise, camera = captured.target.scene.depth_noise, captured.target.scene.depth_camera
    assert plane.noise.distance_m == pytest.approx(0.352, abs=0.001)
    expected = np.hypot(noise.temporal_px, noise.fixed_px) / (camera.fx * 0.018)
    assert plane.noise.rms_per_m == pytest.approx(expected, rel=0.05)
    assert figures["print_352mm.temporal_share"] == pytest.approx(
        noise.temporal_px / np.hypot(noise.temporal_px, noise.fixed_px), abs=0.03
    )
    assert figures["print_352mm.fill"] > 0.99


def test_a_finger_has_its_size():
    """12 px wide in colour and 18 mm high. Its round flanks take 2 px from 10 to 90 %, ideal edges 1 or 2 more."""
    captured = capture(TARGETS["finger_450mm"], iter(range(3)))
    figures, _ = measure_finger(to_metres(captured.aligned, 0.001), captured.color_bgr, captured.target.make_strips())
    assert figures["finger.color_width_px"] == pytest.approx(12.0, abs=1.0)
    assert figures["finger.depth_width_px"] == pytest.approx(12.0, abs=1.0)
    assert figures["finger.peak_mm"] == pytest.approx(1000 * FINGER_TOP_M, abs=1.0)
    assert 2.0 < figures["finger.rise_px"] < 5.0


def test_two_fingers_are_seen_apart_by_the_ideal_sensor():
    """3 mm of desk show between them."""
    figures, heights_m = measure_finger_pairs(capture(TARGETS["fingers_250mm"], iter(range(2))))
    first, second = TARGETS["fingers_250mm"].find_fingers()
    assert heights_m[[first, second]] == pytest.approx(FINGER_TOP_M, abs=0.002)
    assert figures["fingers_250mm.valley"] > 0.95


def write_desk(path):
    """Twelve frames of a desk at 40 cm with noise of 2 mm, and nothing on it."""
    camera = Camera(fx=390.0, fy=390.0, cx=159.5, cy=119.5, width=320, height=240)
    random = np.random.default_rng(0)
    color = random.integers(100, 140, (240, 320, 3)).astype(np.uint8)
    with BagWriter(path) as bag:
        for stamp_ns in range(0, 12 * 33_000_000, 33_000_000):
            depth = np.rint(400 + 2 * random.standard_normal((240, 320))).astype(np.uint16)
            bag.write_camera_info("/camera/color/camera_info", stamp_ns, "camera", camera)
            bag.write_image("/camera/color/image_raw", stamp_ns, "camera", color, "bgr8")
            bag.write_image("/camera/aligned_depth_to_color/image_raw", stamp_ns, "camera", depth, "16UC1")
    return path


def test_command_reports_simulated_and_recorded_figures(tmp_path, capsys):
    """RMS of the recording as written; the ideal sensor's depth is too good, which --check turns into exit code 1."""
    desk = write_desk(tmp_path / "desk.mcap")
    arguments = ("--sensor", "ideal", "--target", "print_294mm", "--frames", "2", "--pictures", tmp_path / "pictures")
    assert run("evaluate", "sensor", desk, *arguments, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["figures"]["plane.rms_per_m"]["yours"] == pytest.approx(0.002 / 0.4**2, rel=0.05)
    assert report["figures"]["plane.temporal_share"]["yours"] == pytest.approx(1.0, abs=0.02)
    assert "print_294mm.rms_mm" in report["off"]
    assert report["figures"]["print_294mm.rms_mm"]["verdict"].startswith("off by -")
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"relief.png", "correlation.png"}
    assert run("evaluate", "sensor", "--sensor", "ideal", "--target", "print_294mm", "--frames", "2", "--check") == 1


def test_command_measures_a_recording_alone(tmp_path, capsys):
    """Without the simulation, in a second; the table fits a screen of 80 columns."""
    assert run("evaluate", "sensor", write_desk(tmp_path / "desk.mcap"), "--no-simulation") == 0
    out = capsys.readouterr().out
    assert "desk.mcap: largest plane: 40.0 cm away, RMS 2.0" in out
    table = out.partition("desk.mcap:")[0]
    assert "RMS / z²" in table
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--no-simulation"], "--no-simulation needs a RECORDING"),
        (["--target", "print_1mm"], "target 'print_1mm' is not one of print_294mm, "),
        (["nowhere.mcap"], "recording nowhere.mcap does not exist"),
    ],
)
def test_bad_input(tmp_path, monkeypatch, capsys, arguments, message):
    """One line, exit code 2."""
    monkeypatch.chdir(tmp_path)
    assert run("evaluate", "sensor", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
