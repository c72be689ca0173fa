"""The simulated D405: images of both imagers, matching, and what the driver does to depth."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

import librealsense_align
from fingertip_contact.geometry import Camera
from fingertip_research.simulation.correlated_noise import sample_correlated_noise
from fingertip_research.simulation.depth_alignment import DepthAlignment
from fingertip_research.simulation.driver import to_published_mm
from fingertip_research.simulation.imagers import ImagerPair
from fingertip_research.simulation.motion_blur import blur_motion
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import Scene, make_scene
from fingertip_research.simulation.stereo_matching import StereoMatcher
from fingertip_research.simulation.stereo_sensor import DISPARITY_STEP_PX, StereoSensor

SHAPE = (480, 640)
BORDER_PX = 60


@pytest.fixture(scope="module")
def scene() -> Scene:
    scene = make_scene(5, 60.0, "calm")
    return replace(scene, exposure_drift=0.0, imagers=replace(scene.imagers, depth_scale=1.0))


def make_texture(contrast: float = 0.2) -> np.ndarray:
    """(H, W) float32 light that varies over 3 px."""
    return 0.5 * (1 + contrast * sample_correlated_noise(np.random.default_rng(1), SHAPE, 3.0))


def shift(image: np.ndarray, disparity_px: np.ndarray | float) -> np.ndarray:
    """What the right imager sees of a left image whose pixels have this disparity."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    return cv2.remap(image, columns + np.float32(disparity_px), rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def make_buffers(left: np.ndarray, right: np.ndarray, depth_m: float) -> RenderBuffers:
    light = cv2.merge([left] * 3)
    return RenderBuffers(light, np.zeros(SHAPE, np.uint8), np.full(SHAPE, depth_m, np.float32), (left, right))


@pytest.mark.parametrize("disparity_px", [14.0, 20.3, 31.71])
def test_matching_finds_the_disparity_of_shifted_texture(disparity_px: float) -> None:
    """On good texture without noise, the error is less than a tenth of a pixel at any fraction of a pixel."""
    left = (255 * make_texture()).astype(np.uint8)
    right = np.clip(shift(255 * make_texture(), disparity_px), 0, 255).astype(np.uint8)
    found = StereoMatcher(SHAPE, 110.0).match(left, right)[:, BORDER_PX:-BORDER_PX]
    assert np.isfinite(found).mean() > 0.99
    assert np.nanmedian(found) == pytest.approx(disparity_px, abs=0.06)
    assert np.nanstd(found) < 0.08


def test_a_smaller_search_finds_the_same() -> None:
    """The search ends at the nearest thing in the scene; beyond it there is nothing to find."""
    left = (255 * make_texture()).astype(np.uint8)
    right = np.clip(shift(255 * make_texture(), 18.0), 0, 255).astype(np.uint8)
    matcher = StereoMatcher(SHAPE, 110.0)
    whole, small = (matcher.match(left, right, nearest_px)[:, 130:] for nearest_px in (None, 18.0))
    assert (np.abs(whole - small) < 0.05).mean() > 0.98


def test_imagers_of_different_gain_match_without_bias() -> None:
    """Gain and vignetting differ between real imagers; the disparity does not follow them."""
    left = (255 * make_texture()).astype(np.uint8)
    right = np.clip(0.9 * shift(255 * make_texture(), 20.0), 0, 255).astype(np.uint8)
    found = StereoMatcher(SHAPE, 110.0).match(left, right)[:, BORDER_PX:-BORDER_PX]
    assert np.nanmedian(found) == pytest.approx(20.0, abs=0.02)
    assert np.nanstd(found) < 0.06


def test_surfaces_without_texture_have_holes() -> None:
    """Where both images hold noise only, no depth is invented."""
    random = np.random.default_rng(2)
    left, right = (np.clip(128 + 2 * random.standard_normal(SHAPE), 0, 255).astype(np.uint8) for _ in range(2))
    found = StereoMatcher(SHAPE, 110.0).match(left, right)[:, BORDER_PX:]
    assert np.isfinite(found).mean() < 0.3


def test_the_left_border_outside_the_right_image_has_no_depth() -> None:
    """A point whose disparity is larger than its column lies outside the right image."""
    left = (255 * make_texture()).astype(np.uint8)
    right = np.clip(shift(255 * make_texture(), 24.0), 0, 255).astype(np.uint8)
    found = StereoMatcher(SHAPE, 110.0).match(left, right)
    assert np.isnan(found[:, :22]).mean() > 0.95
    assert np.isfinite(found[:, 40:200]).mean() > 0.99


def test_depth_has_the_noise_of_a_real_one(scene: Scene) -> None:
    """RMS a z^2 with a = 0.0203 per metre on print, two thirds of it new in every frame, correlated over 8 px."""
    focal_baseline = scene.depth_camera.fx * 0.018
    depth_m = 0.35
    left = make_texture()
    sensor = StereoSensor(scene)
    buffers = make_buffers(left, shift(left, focal_baseline / depth_m), depth_m)
    raw = np.stack([sensor.match(*sensor.expose(buffers, frame), frame, depth_m) for frame in range(6)])
    inside = raw[:, BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX].astype(float)
    assert (inside > 0).mean() > 0.98
    error_m = np.where(inside > 0, 0.0001 * inside - depth_m, np.nan)
    assert np.nanstd(error_m) == pytest.approx(0.0203 * depth_m**2 * 7.73 / focal_baseline, rel=0.25)
    fresh = error_m - np.nanmean(error_m, axis=0)
    assert np.sqrt(6 / 5) * np.nanstd(fresh) / np.nanstd(error_m) == pytest.approx(0.65, rel=0.25)
    correlation = [np.nanmean(fresh[:, :, lag:] * fresh[:, :, :-lag]) / np.nanvar(fresh) for lag in (6, 12)]
    assert correlation[0] > np.exp(-1) > correlation[1]


def test_depth_steps_by_a_thirty_second_of_a_pixel(scene: Scene) -> None:
    """Raw depth holds only the values of whole steps of disparity."""
    left = make_texture()
    sensor = StereoSensor(scene)
    buffers = make_buffers(left, shift(left, 20.0), 0.34)
    raw = sensor.match(*sensor.expose(buffers, 0), 0)
    steps = scene.depth_camera.fx * 0.018 / (0.0001 * raw[raw > 0].astype(float)) / DISPARITY_STEP_PX
    assert np.abs(steps - np.rint(steps)).max() < 0.35


def test_depth_scale_is_that_of_the_unit(scene: Scene) -> None:
    """Real units measure a few percent too short; so does a scene's."""
    left = make_texture()
    biased = replace(scene, imagers=replace(scene.imagers, depth_scale=0.98))
    buffers = make_buffers(left, shift(left, 20.0), 0.34)
    median = []
    for each in (scene, biased):
        sensor = StereoSensor(each)
        median.append(float(np.median(sensor.match(*sensor.expose(buffers, 0), 0)[:, BORDER_PX:])))
    assert median[1] / median[0] == pytest.approx(0.98, abs=0.001)


def test_each_frame_and_imager_has_its_own_noise(scene: Scene) -> None:
    """The images of one wall differ between imagers and frames, and are the same when repeated."""
    pair, light = ImagerPair(scene), np.full(SHAPE, 0.4, np.float32)
    left, right = (image.astype(float) for image in pair.expose((light, light), 0))
    after = pair.expose((light, light), 1)[0].astype(float)
    noise = [image - cv2.GaussianBlur(image, (0, 0), 8) for image in (left, right, after)]
    for other in noise[1:]:
        assert abs((noise[0] * other).mean() / noise[0].var()) < 0.02
    assert (pair.expose((light, light), 0)[0] == left).all()


@pytest.mark.parametrize(("raw", "published"), [(0, 0), (3500, 349), (3501, 350), (3000, 299), (3009, 300)])
def test_the_driver_cuts_to_whole_millimetres(raw: int, published: int) -> None:
    """As measured on realsense2_camera: in float32, 3500 steps of 0.1 mm become 349 mm."""
    assert to_published_mm(np.array([raw], np.uint16)).tolist() == [published]


def test_most_whole_millimetres_come_out_one_too_low() -> None:
    """5546 of the 6554 whole millimetres that 16 bits hold."""
    whole = np.arange(6554, dtype=np.uint32) * 10
    assert (to_published_mm(whole.astype(np.uint16)) < whole // 10).sum() == 5546


def test_alignment_lets_near_things_grow_right_and_down() -> None:
    """A depth pixel fills the colour pixels between its projected corners; the nearest depth wins."""
    depth = Camera(386.0, 386.0, 320.0, 240.0, 640, 480)
    color = Camera(391.0, 391.0, 320.0, 240.0, 640, 480)
    raw = np.full(SHAPE, 4000, np.uint16)
    raw[200, 300] = 3000
    aligned = DepthAlignment(depth, color).apply(raw)
    rows, columns = np.nonzero(aligned == 3000)
    assert (rows.min(), columns.min()) == (199, 299)
    assert (len(set(rows)), len(set(columns))) == (2, 2)


def test_alignment_ignores_the_distortion_of_colour() -> None:
    """librealsense projects without it, although camera_info bears it."""
    depth = Camera(386.0, 386.0, 320.0, 240.0, 640, 480)
    color = Camera(391.0, 391.0, 320.0, 240.0, 640, 480)
    distorted = replace(color, distortion=(-0.054, 0.056, -0.0004, 0.0006, -0.019))
    raw = np.random.default_rng(0).integers(0, 5000, SHAPE).astype(np.uint16)
    assert (DepthAlignment(depth, color).apply(raw) == DepthAlignment(depth, distorted).apply(raw)).all()


@pytest.mark.parametrize("focal_px", [391.8, 300.0])
def test_alignment_equals_that_of_librealsense(focal_px: float) -> None:
    """Against pyrealsense2's own `align`, on random depth: the hardest case for ties and rounding."""
    realsense = pytest.importorskip("pyrealsense2", exc_type=ImportError)

    depth = Camera(386.2, 386.2, 320.5, 239.5, 640, 480)
    color = Camera(focal_px, focal_px - 1.2, 322.81, 239.81, 640, 480)
    raw = np.random.default_rng(0).integers(2000, 5000, SHAPE).astype(np.uint16)
    raw[np.random.default_rng(1).random(SHAPE) < 0.1] = 0
    expected = librealsense_align.align(realsense, raw, depth, color)
    assert (DepthAlignment(depth, color).apply(raw) != expected).mean() < 0.0005


def test_motion_smears_along_its_path_only() -> None:
    """A bright square that moves 8 px to the right: its vertical edges get soft, its light stays the same."""
    image = np.zeros((60, 80, 3), np.float32)
    image[20:40, 30:50] = 1.0
    flow_px = np.zeros((60, 80, 2), np.float32)
    flow_px[20:40, 30:50] = (8.0, 0.0)
    blurred = image.copy()
    blur_motion(blurred, flow_px)
    assert blurred.sum() == pytest.approx(image.sum(), rel=0.02)
    assert 0.3 < blurred[30, 30, 0] < 0.7
    assert blurred[30, 40, 0] == pytest.approx(1.0, abs=0.01)
    assert blurred[18, 40, 0] == pytest.approx(0.0, abs=0.01)
