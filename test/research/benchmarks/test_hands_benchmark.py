"""Rules of `bench hands`: it reports what was measured, and rejects input that cannot be measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fingertip_contact.datatypes import Hand
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_research.benchmarks.hands import WARM_UP_FRAMES, fingertip_differences_px, measure
from fingertip_research.cli.bench import app

CAMERA = Camera(fx=391.8, fy=390.6, cx=322.8, cy=239.8, width=640, height=480)


@pytest.fixture
def recording(tmp_path: Path, hand_images: np.ndarray) -> Path:
    path = tmp_path / "hands.mcap"
    with BagWriter(path) as bag:
        for index, image in enumerate(hand_images):
            stamp_ns = (index + 1) * 33_333_333
            for topic, pixels, encoding in (
                ("/camera/color", image, "bgr8"),
                ("/camera/aligned_depth_to_color", np.zeros((480, 640), np.uint16), "16UC1"),
            ):
                bag.write_image(f"{topic}/image_raw", stamp_ns, "camera_color_optical_frame", pixels, encoding)
                bag.write_camera_info(f"{topic}/camera_info", stamp_ns, "camera_color_optical_frame", CAMERA)
    return path


def test_report_is_complete(hand_weights: dict[str, Path], recording: Path, hand_images: np.ndarray):
    """The JSON names stages, their medians, the machine, and the number of measured images."""
    result = CliRunner().invoke(app, ["hands", str(recording), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["frame_count"] == len(hand_images) - WARM_UP_FRAMES
    for stage in ("palm", "one_hand", "two_hands", "tracker"):
        assert 0 < report[stage]["wall_ms"] <= report[stage]["wall_p95_ms"]
    assert report["mediapipe"] is None
    assert report["machine"]["cores"] >= 1


def test_images_without_hands_are_rejected(hand_weights: dict[str, Path]):
    """Images without two hands cannot be measured."""
    with pytest.raises(ValueError, match="none of 12 images shows two hands"):
        measure(np.zeros((12, 480, 640, 3), np.uint8), range(1, 13))


def test_interpreter_without_mediapipe_is_rejected(hand_weights: dict[str, Path], hand_images: np.ndarray):
    """The error names the interpreter and the remedy."""
    with pytest.raises(ValueError, match=r"mediapipe does not run in .*pip install mediapipe==0\.10\.21"):
        measure(hand_images[:2], (1, 2), Path(sys.executable))


def test_fingertip_differences_use_the_nearest_hand():
    """Each hand's fingertips are compared with the reference's nearest hand; without one there is no difference."""
    hand = Hand(0, "right", 1.0, 1.0, np.zeros((21, 2), np.float32))
    near, far = np.full((21, 2), [3.0, 4.0]).tolist(), np.full((21, 2), 100.0).tolist()
    assert fingertip_differences_px([hand], [far, near]) == pytest.approx([5.0] * 5)
    assert fingertip_differences_px([hand], []) == []
