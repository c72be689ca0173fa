"""The third generator's pictures and bags; with the real hands where moderngl and scikit-image are."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.open import open_recording
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth
from third_generator.sensor import Sensor
from third_generator.view import BASELINE_M, sample_view

FRAME_COUNT = 2


@pytest.mark.parametrize(("side", "angle_deg"), [("facing", 45.0), ("own_side", 60.0), ("own_side", 88.0)])
def test_a_view_looks_at_the_sheet(side: str, angle_deg: float) -> None:
    """The sheet's middle is near the picture's; what is far from the typist is below it for a camera that faces him."""
    view = sample_view(3, "d405", side, angle_deg, 0.35)  # type: ignore[arg-type]
    middle_px, far_px = view.color.project(view.color_pose.apply(np.array([[0, 0, 0], [0, 0.05, 0.0]])))
    assert np.abs(middle_px - [320, 240]).max() < 60
    assert (far_px[1] > middle_px[1]) == (side == "facing")
    assert np.linalg.det(view.color_pose.rotation) == pytest.approx(1)


def test_depth_is_matched_from_the_pair() -> None:
    """A textured wall, seen 20 pixels apart, is at f B / 20, to 2 mm."""
    view = sample_view(3, "d405", "facing", 60.0, 0.35)
    assert view.imager is not None
    texture = np.random.default_rng(0).integers(0, 255, (480, 700), dtype=np.uint8)
    texture = cv2.GaussianBlur(texture, (0, 0), 1.5)
    depth_mm = Sensor(3, view).match(texture[:, :640], texture[:, 20:660])
    expected_mm = 1000 * view.imager.fx * BASELINE_M / 20
    assert np.median(depth_mm[100:380, 200:500]) == pytest.approx(expected_mm, abs=2)


def test_a_recording_shows_the_sheet_where_the_truth_says(tmp_path: Path) -> None:
    """Markers are within 0.2 pixels of their true places (median); depth of the desk is within 4 % of the truth."""
    pytest.importorskip("moderngl", reason="pip install moderngl, and Mesa's EGL")
    pytest.importorskip("skimage", reason="pip install scikit-image")
    from third_generator.recording import Scene, write_recording

    path = tmp_path / "third.mcap"
    try:
        write_recording(
            Scene("he", 7, 60.0, 0.34), path, lambda frames, total: nullcontext(islice(frames, FRAME_COUNT))
        )
    except RuntimeError as error:
        pytest.skip(str(error))
    pose = read_ground_truth(ground_truth_path(path)).header.camera_from_sheet
    assert pose is not None
    with open_recording(path, depth_source="stereo") as recording:
        frames = list(recording.frames())
    assert len(frames) == FRAME_COUNT
    image, camera = frames[0].color_bgr, frames[0].camera
    layout = load_layout("qwerty")
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, layout.dictionary))
    detector = cv2.aruco.ArucoDetector(dictionary, settings)
    corners_px, numbers, _ = detector.detectMarkers(image)
    found = dict(zip(np.ravel(numbers), corners_px, strict=True))
    places_m = {marker.marker_id: np.column_stack([marker.corners_m[:, :2], np.zeros(4)]) for marker in layout.markers}
    assert len(found) >= 4
    # The mean of its corners: OpenCV finds each some 0.5 pixels outside of a marker.
    away_px = [
        corners[0].mean(0) - camera.project(pose.apply(places_m[int(number)])).mean(0)
        for number, corners in found.items()
    ]
    assert np.abs(np.median(away_px, axis=0)).max() < 0.2
    assert frames[0].depth is not None
    seen_m = 0.001 * float(np.median(frames[0].depth.values[230:250, 310:330]))
    ray = camera.rays(np.array([[319.5, 239.5]]))[0]
    true_m = pose.rotation[:, 2] @ pose.translation_m / (pose.rotation[:, 2] @ ray)
    assert seen_m == pytest.approx(true_m, rel=0.04)
