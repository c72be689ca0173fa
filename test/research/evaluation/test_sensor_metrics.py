"""Rules of the figures of depth noise, holes and correlation, on synthetic stacks whose figures are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingertip_contact.geometry import Camera, Plane
from fingertip_research.evaluation.sensor.correlation import MAX_LAG_PX, find_fall_px, measure_correlation
from fingertip_research.evaluation.sensor.figures import measure_plane
from fingertip_research.evaluation.sensor.holes import GRADIENT_EDGES, compute_gradient, measure_holes
from fingertip_research.evaluation.sensor.metrics import (
    compute_bias_m,
    compute_share_within,
    find_step_px,
    fit_plane_depth,
    measure_noise,
    to_metres,
)
from fingertip_research.simulation.camera_rays import pixel_grid

CAMERA = Camera(fx=430.0, fy=430.0, cx=99.5, cy=74.5, width=200, height=150)
SHAPE = (CAMERA.height, CAMERA.width)
FIXED_M, TEMPORAL_M = 0.0012, 0.0020


def make_plane_depth(tilt_deg: float = 20.0, distance_m: float = 0.35) -> np.ndarray:
    tilt = np.radians(tilt_deg)
    plane = Plane(np.array([np.sin(tilt), 0.0, -np.cos(tilt)]), distance_m * np.cos(tilt))
    return plane.depth_at_m(CAMERA.rays(pixel_grid(CAMERA))).reshape(SHAPE)


def make_noisy_stack(frames: int, seed: int = 0) -> np.ndarray:
    """A tilted plane with fixed and temporal noise, white, and a tenth of the values missing."""
    random = np.random.default_rng(seed)
    stack_m = make_plane_depth() + FIXED_M * random.standard_normal(SHAPE)
    stack_m = stack_m + TEMPORAL_M * random.standard_normal((frames, *SHAPE))
    stack_m[random.random(stack_m.shape) < 0.1] = np.nan
    return stack_m


@pytest.mark.parametrize("frames", [2, 3, 24])
def test_noise_of_known_sd_is_measured_whatever_the_number_of_frames(frames):
    """RMS, temporal and fixed part within 3 %; fill is the share of valid values."""
    stack_m = make_noisy_stack(frames)
    noise = measure_noise(stack_m, fit_plane_depth(stack_m, CAMERA))
    assert noise.temporal_m == pytest.approx(TEMPORAL_M, rel=0.03)
    assert noise.fixed_m == pytest.approx(FIXED_M, rel=0.03)
    assert noise.rms_m == pytest.approx(np.hypot(FIXED_M, TEMPORAL_M), rel=0.03)
    assert noise.temporal_share == pytest.approx(TEMPORAL_M / np.hypot(FIXED_M, TEMPORAL_M), rel=0.03)
    assert noise.fill == pytest.approx(0.9, abs=0.01)


def test_noise_even_in_inverse_depth_has_the_same_coefficient_near_and_far():
    """RMS = a z^2: on a plane tilted by 50 degrees both halves give the same a."""
    plane_m = make_plane_depth(tilt_deg=50.0)
    stack_m = plane_m + 0.02 * plane_m**2 * np.random.default_rng(1).standard_normal((8, *SHAPE))
    left = np.arange(CAMERA.width) < CAMERA.width // 2
    halves = [measure_noise(stack_m, plane_m, np.broadcast_to(side, SHAPE)) for side in (left, ~left)]
    assert [half.rms_per_m for half in halves] == pytest.approx([0.02, 0.02], rel=0.03)
    assert halves[0].rms_m != pytest.approx(halves[1].rms_m, rel=0.1)


def test_only_pixels_of_the_mask_count():
    """A box on the plane changes neither the fit nor the noise when the mask leaves it out."""
    stack_m = make_noisy_stack(4)
    stack_m[:, 40:90, 60:130] -= 0.05
    mask = np.ones(SHAPE, dtype=bool)
    mask[40:90, 60:130] = False
    plane_m = fit_plane_depth(stack_m, CAMERA, mask)
    assert measure_noise(stack_m, plane_m, mask).fixed_m == pytest.approx(FIXED_M, rel=0.03)
    assert np.abs(plane_m - make_plane_depth()).max() < 0.0003


def test_wrong_matches_are_counted_and_change_nothing_else():
    """A third of the depth is far behind the plane: fit, noise and correlation are those of the rest."""
    random = np.random.default_rng(11)
    stack_m = make_plane_depth() + TEMPORAL_M * random.standard_normal((6, *SHAPE))
    stack_m[random.random(stack_m.shape) < 1 / 3] = 0.9
    plane_m = fit_plane_depth(stack_m, CAMERA)
    noise = measure_noise(stack_m, plane_m)
    assert noise.gross_share == pytest.approx(1 / 3, abs=0.01)
    assert (noise.fill, noise.rms_m) == (1.0, pytest.approx(TEMPORAL_M, rel=0.03))
    assert np.abs(plane_m - make_plane_depth()).max() < 0.0003


def test_wrong_matches_do_not_change_the_correlation():
    """White noise stays white beside a block of them."""
    stack_m = make_noisy_stack(6)
    stack_m[:, :50] = 0.9
    raw = np.rint(np.nan_to_num(stack_m) / 0.0001).astype(np.uint16)
    plane = measure_plane(raw, 0.0001, make_plane_depth(), np.ones(SHAPE, dtype=bool), focal_baseline=7.73)
    assert plane.correlation.fixed[1] == pytest.approx(0.0, abs=0.05)
    assert plane.noise.gross_share == pytest.approx(50 / (50 + 0.9 * 100), abs=0.01)


def test_wrong_matches_are_no_bias():
    stack_m = np.full((1, *SHAPE), 0.29)
    stack_m[:, :20] = 0.9
    assert compute_bias_m(stack_m, np.full(SHAPE, 0.30)) == pytest.approx(-0.01)


def test_pixels_weigh_as_often_as_they_are_valid():
    """Noise of 1 mm in pixels valid in all 24 frames, of 5 mm in those valid in 3: the mean over all values."""
    random = np.random.default_rng(12)
    stack_m = 0.35 + 0.001 * random.standard_normal((24, *SHAPE))
    stack_m[3:, :75] = np.nan
    stack_m[:3, :75] = 0.35 + 0.005 * random.standard_normal((3, 75, CAMERA.width))
    expected = np.sqrt((24 * 0.001**2 + 3 * 0.005**2) / 27)
    assert measure_noise(stack_m, np.full(SHAPE, 0.35)).temporal_m == pytest.approx(expected, rel=0.02)


def test_one_frame_has_no_temporal_part():
    noise = measure_noise(make_noisy_stack(1), make_plane_depth())
    assert np.isnan([noise.temporal_m, noise.fixed_m, noise.temporal_share]).all()
    assert noise.rms_m == pytest.approx(np.hypot(FIXED_M, TEMPORAL_M), rel=0.03)


def test_a_plane_without_depth_is_an_error():
    with pytest.raises(ValueError, match="0 pixels of the plane have depth, 50 are needed"):
        fit_plane_depth(np.full((2, *SHAPE), np.nan), CAMERA)


def test_bias_is_signed_and_holes_do_not_count():
    """Depth 7 mm too near is a bias of -7 mm."""
    assert compute_bias_m(make_noisy_stack(4) - 0.007, make_plane_depth()) == pytest.approx(-0.007, abs=5e-5)


def test_share_within_a_tolerance():
    """Of normal noise 68.3 % lie within one SD, 95.4 % within two; a tolerance may differ from pixel to pixel."""
    plane_m = make_plane_depth()
    stack_m = plane_m + 0.003 * np.random.default_rng(2).standard_normal((4, *SHAPE))
    assert compute_share_within(stack_m, plane_m, 0.003) == pytest.approx(0.683, abs=0.01)
    tolerance_m = np.full(SHAPE, 0.006)
    tolerance_m[:75] = 0.0
    assert compute_share_within(stack_m, plane_m, tolerance_m) == pytest.approx(0.954 / 2, abs=0.01)


@pytest.mark.parametrize("step_px", [1 / 32, 1 / 16])
@pytest.mark.parametrize("distance_m", [0.30, 0.45])
def test_steps_of_disparity_are_found_through_rounding(step_px, distance_m):
    """Disparity in steps, published as whole tenths of a millimetre: the step within 15 %."""
    focal_baseline = 7.73
    disparity_px = focal_baseline / distance_m + np.random.default_rng(3).normal(0, 0.3, 5000)
    raw = np.rint(focal_baseline / (np.rint(disparity_px / step_px) * step_px) / 0.0001).astype(np.uint16)
    assert find_step_px(raw, 0.0001, focal_baseline) == pytest.approx(step_px, rel=0.15)


def test_steps_as_small_as_the_unit_are_not_guessed():
    """In whole millimetres a step of 0.4 mm cannot be seen, even if they are written as tenths."""
    raw = np.arange(290, 310, dtype=np.uint16)
    assert find_step_px(raw, 0.001, 7.73) is None
    assert find_step_px(10 * raw, 0.0001, 7.73) is None


def make_correlated_noise(frames: int, sigma_px: float, seed: int) -> np.ndarray:
    """Noise of SD 1 whose autocorrelation along a row is exp(-lag^2 / (4 sigma^2))."""
    white = np.random.default_rng(seed).standard_normal((frames, 300, 400))
    smooth = np.stack([cv2.GaussianBlur(frame, (0, 0), sigma_px) for frame in white])
    return smooth / smooth.std()


@pytest.mark.parametrize("frames", [3, 12])
def test_correlation_lengths_of_the_fixed_and_the_temporal_part(frames):
    """Gaussian-blurred noise falls to 1/e at two sigma; each part keeps its own length, however strong the other."""
    fixed = make_correlated_noise(1, sigma_px=2.0, seed=4)
    temporal = 1.5 * make_correlated_noise(frames, sigma_px=4.0, seed=5)
    correlation = measure_correlation(fixed + temporal)
    assert correlation.fixed_length_px == pytest.approx(4.0, abs=0.5)
    assert correlation.temporal_length_px == pytest.approx(8.0, abs=0.5)
    assert correlation.temporal[4] == pytest.approx(np.exp(-16 / 64), abs=0.03)


def test_nothing_is_carried_over_in_independent_frames():
    correlation = measure_correlation(make_correlated_noise(12, sigma_px=2.0, seed=10))
    assert correlation.frame_to_frame == pytest.approx(0.0, abs=0.03)


def test_noise_that_is_carried_over_is_noticed():
    """Each frame is the mean of two white ones, shared with its neighbours: their correlation is one half."""
    white = np.random.default_rng(6).standard_normal((31, 100, 100))
    assert measure_correlation(white[1:] + white[:-1]).frame_to_frame == pytest.approx(0.5, abs=0.05)


def test_single_frame_has_one_correlation():
    correlation = measure_correlation(make_correlated_noise(1, sigma_px=3.0, seed=7))
    assert correlation.fixed_length_px == pytest.approx(6.0, abs=0.5)
    assert np.isnan(correlation.temporal_length_px)


def test_holes_do_not_change_the_correlation():
    """With a third of the pixels missing the length is the same."""
    residuals = make_correlated_noise(3, sigma_px=3.0, seed=8)
    residuals[np.random.default_rng(9).random(residuals.shape) < 0.33] = np.nan
    assert measure_correlation(residuals).temporal_length_px == pytest.approx(6.0, abs=0.5)


def test_a_correlation_that_never_falls_is_infinite():
    assert find_fall_px(np.ones(MAX_LAG_PX + 1)) == np.inf


def test_holes_are_counted_by_gradient():
    """A ramp tilted by 71.6 degrees has gradient 3; half of its pixels are never valid, a quarter flickers."""
    exact_m = np.full(SHAPE, 0.35)
    exact_m[:, 100:] = 0.35 * np.exp(3 / CAMERA.fx * np.arange(CAMERA.width - 100))
    stack_m = np.repeat(exact_m[None], 4, axis=0)
    stack_m[:, :75, 100:] = np.nan
    stack_m[:2, 112::4, :] = np.nan
    holes = measure_holes(stack_m, CAMERA, exact_m)
    steep = GRADIENT_EDGES.index(2.0)
    flickering = len(range(112, 150, 4)) / 150
    assert holes.flicker[0] == pytest.approx(flickering, abs=0.01)
    assert holes.flicker[steep] == pytest.approx(flickering, abs=0.01)
    assert holes.fill[steep] == pytest.approx(0.5 - flickering / 2, abs=0.01)
    assert np.isnan(holes.fill[-1])
    assert holes.pixels[-1] == 0


def test_gradient_is_per_radian_in_all_directions():
    """A surface tilted by 45 degrees has gradient 1 at the centre of the view, whichever way it is tilted."""
    wide = Camera(fx=300.0, fy=500.0, cx=50.0, cy=50.0, width=101, height=101)
    for direction in ((1.0, 0.0), (0.0, 1.0), (0.6, 0.8)):
        normal = np.array([*direction, -1.0]) / np.sqrt(2)
        depth_m = Plane(normal, 0.35 / np.sqrt(2)).depth_at_m(wide.rays(pixel_grid(wide))).reshape(101, 101)
        assert compute_gradient(depth_m, wide)[50, 50] == pytest.approx(1.0, rel=0.01)


def test_metres_of_raw_depth():
    """0 is invalid, and becomes NaN."""
    assert to_metres(np.array([[3500, 0]], np.uint16), 0.0001).tolist() == [
        [pytest.approx(0.35), pytest.approx(np.nan, nan_ok=True)]
    ]
