"""Colour, and the ideal depth sensor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.geometry import Camera
from fingertip_contact.numerics import stereo_depth_sigma_m
from fingertip_research.simulation.color_sensor import ColorSensor
from fingertip_research.simulation.ideal_sensor import BASELINE_M, IdealDepthSensor, quantise
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import DepthNoise, Scene, make_scene
from fingertip_research.simulation.stereo_sensor import DISPARITY_STEP_PX

SHAPE = (480, 640)
BAND_PX = 40  # at the left of the depth image, outside the right imager's image


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene(5, 60.0, "normal")


def textured_wall(depth_m: float | np.ndarray, value: float = 0.5) -> RenderBuffers:
    """A wall of strong texture: depth has holes only at edges."""
    noise = np.random.default_rng(0).uniform(0.5, 1.5, (*SHAPE, 1)).astype(np.float32)
    light = np.broadcast_to(value * noise, (*SHAPE, 3))
    depth = np.broadcast_to(np.float32(depth_m), SHAPE)
    return RenderBuffers(light, np.zeros(SHAPE, np.uint8), depth)


def depth_sigma_m(depth_m: float, camera: Camera, noise: DepthNoise) -> float:
    """Standard deviation of depth due to the disparity noise, without quantisation."""
    disparity_sigma_px = float(np.hypot(noise.temporal_px, noise.fixed_px))
    return float(stereo_depth_sigma_m(np.array(depth_m), camera.fx, BASELINE_M, disparity_sigma_px))


@pytest.mark.parametrize("depth_m", [0.20, 0.30, 0.40])
def test_depth_noise_follows_the_stereo_formula(scene: Scene, depth_m: float) -> None:
    """The standard deviation of depth is z^2 s / (f B), plus the quantisation of disparity and millimetres."""
    sensor = IdealDepthSensor(scene)
    frames = np.stack([sensor.measure_mm(textured_wall(depth_m), frame) for frame in range(4)])[..., BAND_PX:].astype(
        float
    )
    assert (frames > 0).all()
    step_m = depth_m**2 * DISPARITY_STEP_PX / (scene.depth_camera.fx * BASELINE_M)
    steps = np.hypot(step_m, 0.001) / np.sqrt(12)
    expected_m = np.hypot(depth_sigma_m(depth_m, scene.depth_camera, scene.depth_noise), steps)
    assert frames.std() / 1000 == pytest.approx(expected_m, rel=0.08)


def test_fixed_pattern_noise_persists_over_frames(scene: Scene) -> None:
    """The mean of many frames keeps the fixed part of the noise."""
    sensor = IdealDepthSensor(scene)
    mean = np.mean([sensor.measure_mm(textured_wall(0.4), frame) for frame in range(40)], axis=0)[:, BAND_PX:]
    fixed = replace(scene.depth_noise, temporal_px=scene.depth_noise.temporal_px / np.sqrt(40))
    assert mean.std() / 1000 == pytest.approx(depth_sigma_m(0.4, scene.depth_camera, fixed), rel=0.15)


def test_depth_noise_is_spatially_correlated(scene: Scene) -> None:
    """Block matching windows overlap: errors of adjacent pixels are correlated, those of pixels ten apart are not."""
    error = IdealDepthSensor(scene).measure_mm(textured_wall(0.4), 0)[:, BAND_PX:].astype(float)
    error -= error.mean()
    near = (error[:, 1:] * error[:, :-1]).mean() / error.var()
    far = (error[:, 10:] * error[:, :-10]).mean() / error.var()
    assert near > 0.5
    assert abs(far) < 0.1


def test_depth_is_quantised_in_disparity_and_truncated_to_millimetres() -> None:
    """The driver truncates: 399.9 mm becomes 399, and 0 is invalid depth."""
    focal_baseline = 400 * BASELINE_M
    disparity = np.array([focal_baseline / 0.3999, 20.0, 20.0, 20.0 + 0.4 / 32])
    depth = quantise(disparity, np.array([True, True, False, True]), focal_baseline)
    step = np.rint(disparity[0] * 32) / 32
    assert depth.dtype == np.uint16
    assert depth.tolist() == [int(1000 * focal_baseline / step), 360, 0, 360]


@pytest.mark.parametrize("depth_m", [0.069, 0.51, 5.0])
def test_depth_is_invalid_out_of_range(depth_m: float) -> None:
    """The D405 measures from 7 to 50 cm."""
    depth = quantise(np.array([400 * BASELINE_M / depth_m]), np.array([True]), 400 * BASELINE_M)
    assert depth.tolist() == [0]


def test_stereo_occlusion_invalidates_pixels_left_of_near_objects(scene: Scene) -> None:
    """Depth is invalid where a near object hides a surface from the right imager: in a strip at its left, as wide as
    the difference of the disparities, not at its right."""
    depth_m = np.full(SHAPE, 0.40, np.float32)
    depth_m[100:380, 300:400] = 0.25
    invalid = np.mean(
        [IdealDepthSensor(scene).measure_mm(textured_wall(depth_m), frame) == 0 for frame in range(3)], axis=0
    )
    width = scene.depth_camera.fx * BASELINE_M * (1 / 0.25 - 1 / 0.40)
    strip = invalid[150:330, 302 - int(width) : 298].mean()
    assert strip > 0.9
    assert invalid[150:330, 403:420].mean() < 0.05


def test_textureless_surfaces_have_clustered_depth_holes(scene: Scene) -> None:
    """A plain desk has holes of several pixels; a textured desk has none."""
    plain = replace(textured_wall(0.35), radiance_bgr=np.full((*SHAPE, 3), 0.5, np.float32))
    holes = IdealDepthSensor(scene).measure_mm(plain, 0)[:, BAND_PX:] == 0
    assert 0.002 < holes.mean() < 0.3
    assert (holes[:, 1:] & holes[:, :-1]).sum() > 0.6 * holes.sum()
    assert IdealDepthSensor(scene).measure_mm(textured_wall(0.35), 0)[:, BAND_PX:].all()


def test_left_image_border_has_no_depth(scene: Scene) -> None:
    """Points left of the right imager's image cannot be matched: a band as wide as the disparity."""
    depth = IdealDepthSensor(scene).measure_mm(textured_wall(0.3), 0)
    band = int(scene.depth_camera.fx * BASELINE_M / 0.3)
    assert not depth[:, :band].any()
    assert depth[:, band + 2 :].all()


def test_colour_noise_grows_with_brightness_and_is_independent_per_frame(scene: Scene) -> None:
    """Shot noise: in linear light a brighter wall is noisier; the noise of each frame is different."""
    flat = {level: RenderBuffers(np.full((*SHAPE, 3), level, np.float32), *_no_depth()) for level in (0.05, 0.5)}
    sensor = ColorSensor(scene)
    spread = {level: sensor.measure(buffers, 0)[200:280, 280:360].astype(float) for level, buffers in flat.items()}
    linear = {level: ((image / 255) ** 2.2).std() for level, image in spread.items()}
    assert linear[0.5] > 1.5 * linear[0.05]
    assert (sensor.measure(flat[0.5], 0) == sensor.measure(flat[0.5], 0)).all()
    assert (sensor.measure(flat[0.5], 0) != sensor.measure(flat[0.5], 1)).mean() > 0.3


def _no_depth() -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(SHAPE, np.uint8), np.full(SHAPE, 0.4, np.float32)
