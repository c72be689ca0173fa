"""Rules of cameras calibrated on the sheet, on projections of its corners with noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.camera_calibration import calibrate_camera, describe_sheet_camera, find_sheet_camera
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.keyboard.sheet_camera import estimate_camera
from fingertip_contact.keyboard.sheet_views import SheetView, SheetViews
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view

LAYOUT = load_layout("qwerty")
POINTS_M = np.concatenate([marker.corners_m for marker in LAYOUT.markers])
NOISE_PX = 0.2
# Elevation, turn (degrees) and distance (relative) of views from all sides.
ALL_SIDES = [(45, 0, 1.0), (60, 20, 1.1), (80, -10, 1.0), (50, -30, 1.0), (65, 90, 1.3), (55, 180, 1.2)]
CAMERAS = {
    "webcam": Camera(640.0, 640.0, 640.0, 352.0, 1280, 720, (0.08, -0.15, 0.0, 0.0, 0.0)),
    "wide": Camera(900.0, 900.0, 972.0, 534.0, 1920, 1080, (-0.2, 0.1, 0.0, 0.0, 0.0)),
    "narrow": Camera(1000.0, 1000.0, 636.0, 365.0, 1280, 720),
}


def make_view(camera: Camera, angle_deg: float, turn_deg: float, distance: float, rng: np.random.Generator):
    """The sheet fills about three quarters of the image's width."""
    distance_m = 0.4 * distance * camera.fx / camera.width
    pose = make_camera_pose(angle_deg, distance_m, turn_deg)
    pixels = camera.project(pose.apply(np.column_stack([POINTS_M, np.zeros(len(POINTS_M))])))
    return SheetView(POINTS_M, pixels + rng.normal(0, NOISE_PX, pixels.shape))


def make_views(camera: Camera, poses, seed: int = 0) -> list[SheetView]:
    rng = np.random.default_rng(seed)
    return [make_view(camera, angle_deg, turn_deg, distance, rng) for angle_deg, turn_deg, distance in poses]


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("count", [3, 6])
def test_views_from_all_sides_calibrate(name, count):
    """With noise of 0.2 px the focal length is within 1 %, and as good as OpenCV's calibration within 0.5 %."""
    camera = CAMERAS[name]
    views = make_views(camera, ALL_SIDES[:count])
    estimate = calibrate_camera(views, camera.width, camera.height)
    assert (estimate.camera.fx, estimate.camera.fy) == pytest.approx((camera.fx, camera.fy), rel=0.01)
    assert abs(estimate.camera.focal_px / camera.fx - 1) < 4 * estimate.focal_uncertainty + 0.002
    assert (estimate.camera.cx, estimate.camera.cy) == pytest.approx((camera.cx, camera.cy), abs=0.01 * camera.width)
    assert estimate.rms_px == pytest.approx(NOISE_PX * np.sqrt(2), rel=0.2)
    assert estimate.view_count == count
    points = [np.float32(np.column_stack([view.points_m, np.zeros(len(view.points_m))])) for view in views]
    pixels = [np.float32(view.pixels) for view in views]
    flags = cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K3
    matrix = cv2.calibrateCamera(points, pixels, (camera.width, camera.height), None, None, flags=flags)[1]
    assert abs(estimate.camera.fx / camera.fx - 1) < abs(matrix[0, 0] / camera.fx - 1) + 0.005


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        ([], "0 distinct views"),
        ([(60, 0, 1.0), (50, 20, 1.0)], "2 distinct views"),
        ([(60, 0, 1.0)] * 5, "differ in tilt by"),
        ([(60, 0, 1.0), (60, 0, 1.3), (60, 0, 0.9)], "differ in tilt by"),
        ([(90, 0, 1.0), (90, 20, 1.0), (90, 90, 1.2)], "differ in tilt by"),
    ],
    ids=["none", "two", "one pose", "one direction", "straight from above, turned"],
)
def test_degenerate_views_are_refused_with_advice(poses, message):
    """Too few views, and parallel ones: focal length and distance could not be told apart."""
    camera = CAMERAS["webcam"]
    with pytest.raises(ValueError, match=rf"{message}.*tilt the sheet"):
        calibrate_camera(make_views(camera, poses), camera.width, camera.height)


def test_a_bad_view_is_left_out():
    """A view with corners 5 px off, as of a blurred image, does not spoil the others."""
    camera = CAMERAS["webcam"]
    views = make_views(camera, ALL_SIDES)
    spoilt = SheetView(POINTS_M, views[2].pixels + np.random.default_rng(1).normal(0, 5, views[2].pixels.shape))
    estimate = calibrate_camera([*views, spoilt], camera.width, camera.height)
    assert estimate.view_count == len(views)
    assert estimate.camera.fx == pytest.approx(camera.fx, rel=0.01)


@pytest.mark.parametrize(("angle_deg", "limit"), [(30, 0.03), (45, 0.05), (60, 0.08), (75, 0.2)])
def test_one_oblique_view_gives_the_focal_length(angle_deg, limit):
    """The centre of the image is assumed, so the error grows towards 90 degrees; the stated uncertainty covers it."""
    for name, camera in CAMERAS.items():
        estimate = estimate_camera(make_views(camera, [(angle_deg, 0, 1.0)]), camera.width, camera.height)
        error = abs(estimate.camera.fx / camera.fx - 1)
        assert error < limit, name
        assert error < 3 * estimate.focal_uncertainty, name


def test_a_frontal_view_gives_a_guess_that_says_so():
    """Straight from above, nothing tells the focal length of a lens without distortion."""
    camera = CAMERAS["narrow"]
    estimate = estimate_camera(make_views(camera, [(90, 0, 1.0)]), camera.width, camera.height)
    described = describe_sheet_camera(estimate, camera.width, camera.height)
    assert "guessed" in described.description
    assert "too frontally" in described.description
    assert "calibrate-camera" in described.description


def test_the_camera_is_found_in_images():
    """From images of a sheet at 45 degrees, hands hiding other markers in each; without a sheet it is guessed."""
    rng = np.random.default_rng(2)
    pose = make_camera_pose(45, 0.37)
    images = [render_sheet_view(LAYOUT, pose, rng, hidden) for hidden in ((0, 1, 2, 3, 4), (5, 6), (0, 7), ())]
    images = [image for image in images for _ in range(5)]
    found = find_sheet_camera(LAYOUT, images)
    assert found.camera.fx == pytest.approx(CAMERA.fx, rel=0.05)
    assert "from the sheet (+-" in found.description
    blank = find_sheet_camera(LAYOUT, [np.full((480, 640, 3), 128, np.uint8)] * 3)
    assert "was not seen" in blank.description
    bare = find_sheet_camera(Layout("bare", LAYOUT.sheet_size_m, LAYOUT.keys), images)
    assert "layout bare has fewer than 3 markers" in bare.description


def test_images_at_rest_are_one_view():
    """Their markers are put together, whichever a hand hides; a moved camera gives another view."""
    rng = np.random.default_rng(3)
    pose = make_camera_pose(60, 0.37)
    views = SheetViews(LAYOUT)
    assert views.add(render_sheet_view(LAYOUT, pose, rng, (0, 1, 2, 3)))
    assert views.add(render_sheet_view(LAYOUT, pose, rng, (5, 6, 7)))
    assert not views.add(render_sheet_view(LAYOUT, pose, rng, (0, 1, 2, 3, 4, 5)))
    assert [len(view.points_m) for view in views.make_views()] == [4 * 8]
    assert views.add(render_sheet_view(LAYOUT, make_camera_pose(55, 0.4), rng))
    assert len(views) == 2
    assert len(views.make_views(min_images=2)) == 1


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_markers_may_be_printed_turned(turn):
    """All alike, as on a sheet that was made by another program."""
    views = SheetViews(LAYOUT)
    upright = render_sheet_view(LAYOUT, make_camera_pose(45, 0.37), np.random.default_rng(4))
    assert views.add(upright)
    (expected,) = views.make_views()
    turned = SheetViews(LAYOUT)
    detect = turned._detector.detect
    turned._detector.detect = lambda gray: {n: np.roll(quad, turn, axis=0) for n, quad in detect(gray).items()}
    assert turned.add(upright)
    np.testing.assert_allclose(turned.make_views()[0].pixels, expected.pixels)
