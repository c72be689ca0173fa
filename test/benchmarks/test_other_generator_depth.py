"""The second generator's camera: its lens, its two imagers, and depth matched from them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from other_generator.capture import StereoDevice, make_device
from other_generator.imagers import Imagers
from other_generator.matching import match
from other_generator.renderer import Renderer
from other_generator.scenery import Scenery, sample_scenery
from other_generator.sheet import read_sheet
from other_generator.stereo_rig import BASELINE_M, StereoRig, make_rig
from other_generator.stereo_sensor import StereoSensor
from other_generator.view import View
from other_generator_world import make_bar, make_view_from_above

SHAPE = (480, 640)
BORDER_PX = 60
GREY = np.float32(0.4)
# Beside the sheet, 45 cm over the desk.
BESIDE_M = np.array([0.3, 0.0, 0.45])
BAR_RADIUS_M, BAR_TOP_M = 0.007, 0.018


@pytest.fixture(scope="module")
def scenery() -> Scenery:
    """A speckled desk; brown skin."""
    scenery = sample_scenery(24, 60.0, "own_side", read_sheet(), paper_grain=0.015)
    return replace(scenery, view=make_view_from_above(BESIDE_M))


@pytest.fixture(scope="module")
def rig(scenery: Scenery) -> StereoRig:
    return make_rig(24, scenery.view)


def make_texture() -> np.ndarray:
    """(H, W + margin) float32 light that varies over 3 px."""
    texture = np.random.default_rng(1).standard_normal((SHAPE[0], SHAPE[1] + 80), dtype=np.float32)
    texture = cv2.GaussianBlur(texture, (0, 0), 1.5)
    return GREY * (1 + 0.25 * texture / texture.std())


def make_pair(disparity_px: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """What both imagers see of a textured wall: (H, W) float32."""
    texture = make_texture()
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    right = cv2.remap(texture, columns + np.float32(disparity_px), rows, cv2.INTER_CUBIC)
    return texture[:, : SHAPE[1]], right


def to_images(*lights: np.ndarray) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [np.clip(255 * light + random.normal(0, 1, SHAPE), 0, 255).astype(np.uint8) for light in lights]


@pytest.mark.parametrize("disparity_px", [14.0, 20.3, 31.71])
def test_matching_finds_the_disparity_of_shifted_texture(disparity_px: float) -> None:
    """Within a tenth of a pixel at any fraction of a pixel: a parabola leans towards whole pixels."""
    found = match(*to_images(*make_pair(disparity_px)), 35.0)[:, BORDER_PX:-BORDER_PX]
    assert np.isfinite(found).mean() > 0.99
    assert np.nanmedian(found) == pytest.approx(disparity_px, abs=0.1)
    assert np.nanstd(found) < 0.06


def test_surfaces_without_texture_have_holes() -> None:
    """Where both images hold noise only, most pixels get no depth."""
    wall = np.full(SHAPE, GREY)
    assert np.isfinite(match(*to_images(wall, wall), 35.0)).mean() < 0.5


def test_depth_on_texture_has_the_noise_of_a_real_one(rig: StereoRig) -> None:
    """RMS a z^2 with a = 0.0203 per metre, two thirds of it new in every frame, 1/e of its correlation at 6 to 12 px;
    raw depth holds only whole steps of 1/32 px."""
    focal_baseline = rig.left.focal_px * BASELINE_M
    columns = np.linspace(0, 1, SHAPE[1], dtype=np.float32)
    disparity_px = np.tile(19 + 3 * columns, (SHAPE[0], 1))
    light = [np.repeat(each[..., None], 3, axis=2) for each in make_pair(disparity_px)]
    imagers, sensor = Imagers(24), StereoSensor(24, rig)
    raw = np.stack([sensor.measure_raw(*imagers.expose(*light), nearest_m=focal_baseline / 22) for _ in range(6)])
    error_px = (focal_baseline / (0.0001 * np.maximum(raw, 1)) - disparity_px)[:, BORDER_PX:-BORDER_PX, 2 * BORDER_PX :]
    assert (raw[:, :, BORDER_PX:] > 0).mean() > 0.98
    error_px -= np.median(error_px)
    error_px[np.abs(error_px) > 2] = 0
    assert error_px.std() / focal_baseline == pytest.approx(0.0203, rel=0.25)
    fresh_px = error_px - error_px.mean(axis=0)
    assert np.sqrt(6 / 5) * fresh_px.std() / error_px.std() == pytest.approx(0.65, rel=0.25)
    near, far = ((fresh_px[:, :, lag:] * fresh_px[:, :, :-lag]).mean() / fresh_px.var() for lag in (6, 12))
    assert near > np.exp(-1) > far
    steps = 32 * focal_baseline / (0.0001 * raw[raw > 0].astype(float))
    assert np.abs(steps - np.rint(steps)).max() < 0.35


def test_a_finger_melts_into_its_surroundings(scenery: Scenery, rig: StereoRig) -> None:
    """A finger 12 px wide at 45 cm is wider in depth, and nearly keeps its height."""
    rig = replace(rig, left=replace(rig.left, cx_px=319.5), right=replace(rig.right, cx_px=319.5))
    bar = make_bar(np.array([BESIDE_M[0], 0, BAR_TOP_M - BAR_RADIUS_M]), BAR_RADIUS_M)
    left, right = (Renderer(scenery, view).render(bar) for view in (rig.left, rig.right))
    rows, columns = slice(200, 280), slice(180, 460)
    height_m = []
    for seed in range(6):
        images = Imagers(seed).expose(left.linear_bgr, right.linear_bgr)
        raw = StereoSensor(seed, rig).measure_raw(*images, float(left.depth_m.min()))[rows, columns]
        height_m.append(BESIDE_M[2] - 0.0001 * np.where(raw > 0, raw, np.nan))
    profile_m = np.nanmedian(np.concatenate(height_m), axis=0)
    across_m = profile_m[100:180] - np.median(np.concatenate([profile_m[:100], profile_m[180:]]))
    assert (left.parts[rows] > 0).sum(axis=1).mean() == pytest.approx(12, abs=1)
    assert 14 <= (across_m > across_m.max() / 2).sum() <= 21
    assert across_m.max() == pytest.approx(BAR_TOP_M, rel=0.25)


def test_each_frame_and_imager_has_its_own_noise() -> None:
    """The images of one wall differ between imagers and frames, and are the same when repeated."""
    wall = np.full((*SHAPE, 3), GREY)
    first, again = Imagers(5), Imagers(5)
    left, right = first.expose(wall, wall)
    after, _ = first.expose(wall, wall)
    noise = [image - cv2.GaussianBlur(image.astype(np.float32), (0, 0), 8) for image in (left, right, after)]
    for other in noise[1:]:
        assert abs((noise[0] * other).mean() / noise[0].var()) < 0.02
    assert (again.expose(wall, wall)[0] == left).all()


def test_colour_has_the_lens_and_depth_has_not(scenery: Scenery) -> None:
    """Rays and projection of the distorted view are inverse; depth lies at the undistorted pixel, whole millimetres."""
    device = make_device("stereo", 24, scenery)
    assert isinstance(device, StereoDevice)
    view = device.view
    assert view.camera.is_distorted
    u_px, v_px = np.meshgrid(np.linspace(20, 620, 7, dtype=np.float32), np.linspace(20, 460, 5, dtype=np.float32))
    points_m = view.position_m + view.rays(u_px, v_px).reshape(-1, 3) * 0.4
    pixels, depth_m = view.project(points_m)
    np.testing.assert_allclose(pixels, np.column_stack([u_px.ravel(), v_px.ravel()]), atol=0.05)
    np.testing.assert_allclose(depth_m, 0.4, atol=1e-5)
    moved_px = np.linalg.norm(pixels - replace(view, distortion=()).project(points_m)[0], axis=1)
    assert 1 < moved_px.max() < 8
    capture = device.capture(None)
    assert capture.color_bgr.shape == (*SHAPE, 3)
    assert capture.depth_mm.dtype == np.uint16
    assert np.median(capture.depth_mm[100:-100, 100:-100]) == pytest.approx(450, abs=6)


def test_colour_and_the_left_imager_see_the_same(scenery: Scenery) -> None:
    """Colour, resampled to the left imager's pixels by both lenses alone, lies on its image: within 0.1 px all over."""
    device = make_device("stereo", 24, scenery)
    capture = device.capture(None)
    assert capture.imagers is not None
    assert device.imager_camera is not None
    u_px, v_px = np.meshgrid(*(np.arange(size, dtype=np.float32) for size in SHAPE[::-1]))
    rays = device.imager_camera.rays(np.stack([u_px, v_px], -1).reshape(-1, 2))
    places_px = device.view.camera.project(rays).reshape(*SHAPE, 2).astype(np.float32)
    color = cv2.remap(cv2.cvtColor(capture.color_bgr, cv2.COLOR_BGR2GRAY), places_px, None, cv2.INTER_LINEAR)
    left = capture.imagers[0].astype(np.float32)
    # 216 x 300 is an FFT's size: OpenCV pads others, and odd ones then seem to be shifted by half a pixel.
    for rows, columns in ((slice(24, 240), slice(20, 320)), (slice(240, 456), slice(320, 620))):
        window = left[rows, columns], color[rows, columns].astype(np.float32)
        shift_px, _ = cv2.phaseCorrelate(*window, cv2.createHanningWindow(window[0].shape[::-1], cv2.CV_32F))
        assert np.hypot(*shift_px) < 0.1


def test_the_right_imager_is_a_baseline_to_the_right(rig: StereoRig) -> None:
    """Its position is 18 mm along the image's rows, with the same intrinsics and direction."""
    offset_m = rig.left.rotation @ (rig.right.position_m - rig.left.position_m)
    np.testing.assert_allclose(offset_m, [BASELINE_M, 0, 0], atol=1e-6)
    assert (rig.right.focal_px, rig.right.cx_px) == (rig.left.focal_px, rig.left.cx_px)
    np.testing.assert_allclose(rig.color.position_m, rig.left.position_m)


@pytest.mark.parametrize("angle_deg", [45.0, 60.0, 90.0])
def test_from_the_typists_own_side_text_is_upright(angle_deg: float) -> None:
    """The sheet's right and far sides are right and up in the image, at 90 degrees, too; 25 to 42 cm away."""
    for seed in range(8):
        view = sample_scenery(seed, angle_deg, "own_side", read_sheet(), paper_grain=0).view
        (middle, right, far), _ = view.project(np.array([[0, 0, 0], [0.05, 0, 0], [0, 0.05, 0]], float))
        assert right[0] - middle[0] > 30
        assert abs(right[1] - middle[1]) < 15
        assert middle[1] - far[1] > 20
        assert view.side == "own_side"
        assert 0.24 < np.linalg.norm(view.position_m) < 0.43
        assert _find_elevation_deg(view) == pytest.approx(angle_deg, abs=3)


def test_facing_the_typist_text_is_upside_down() -> None:
    """The sheet's right side is left in the image."""
    view = sample_scenery(1, 45.0, "facing", read_sheet(), paper_grain=0).view
    (middle, right), _ = view.project(np.array([[0, 0, 0], [0.05, 0, 0]], float))
    assert right[0] < middle[0]
    assert view.side == "facing"


def _find_elevation_deg(view: View) -> float:
    return float(np.degrees(np.arcsin(-view.rotation[2, 2])))
