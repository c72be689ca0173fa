"""Sensor and network fused are better than each alone."""

import numpy as np
import pytest

from depth_world import SimulatedDepthNetwork, mean_error_mm, render_views
from fingertip_contact.datatypes import DepthImage
from fingertip_contact.depth.fusion import fuse, fuse_with_sigma


@pytest.fixture(scope="module", params=[(3, 60.0, "normal"), (5, 45.0, "calm")], ids=["normal60", "calm45"])
def rendered(request):
    """Frames of typing with exact depth, and the simulated network's depth of each."""
    seed, angle_deg, level = request.param
    frames = list(render_views("hello", seed, angle_deg, level, range(90, 114, 8)))
    network = SimulatedDepthNetwork(seed)
    return [(view, network.predict(view.ground_truth_m)) for view in frames]


@pytest.fixture
def ground_truth_m():
    """A desk that recedes, with a step on it: (480, 640) float32 metres."""
    rows, columns = np.mgrid[0:480, 0:640]
    return (0.3 + 0.0002 * rows - 0.02 * ((rows > 200) & (columns > 300))).astype(np.float32)


@pytest.fixture
def sensor(ground_truth_m):
    """Whole millimetres, as the camera publishes them, with a hole at the step's edge."""
    values = np.round(ground_truth_m * 1000).astype(np.uint16)
    values[190:210, 250:500] = 0
    return DepthImage(values, unit_m=0.001)


BORDER_PX = 12


def errors_mm(rendered, region):
    """Mean error of sensor, network and both fused in a region of each frame."""
    rows = []
    for view, predicted_m in rendered:
        fused_m = fuse(view.sensor, predicted_m, view.focal_px).to_metres()
        mask = region(view) & np.isfinite(predicted_m)
        rows.append([mean_error_mm(depth_m, view, mask) for depth_m in (view.sensor.to_metres(), predicted_m, fused_m)])
    return np.mean(rows, axis=0)


def is_measured(view):
    return view.sensor.values > 0


def is_inside(view):
    """Not at the border of the image, which the depth camera does not see."""
    inside = np.zeros(view.sensor.values.shape, dtype=bool)
    inside[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = True
    return inside


@pytest.mark.parametrize("near", [False, True], ids=["everywhere", "near_hands"])
def test_fused_depth_beats_both_sources_where_both_are_valid(rendered, near):
    """On the whole image, and near the hands, where depth has edges."""
    sensor_mm, network_mm, fused_mm = errors_mm(
        rendered, lambda view: is_measured(view) & (view.near_hands | (not near))
    )
    assert fused_mm < 0.95 * min(sensor_mm, network_mm)


def test_sensor_holes_are_filled_better_than_by_the_network(rendered):
    """They lie at the edges of hands, where the network's depth is intermediate: less than two thirds of its error."""
    _, network_mm, fused_mm = errors_mm(rendered, lambda view: ~is_measured(view) & is_inside(view))
    assert fused_mm < 0.67 * network_mm


def test_uncertainty_is_calibrated(rendered):
    """About as many pixels lie within one and two standard deviations as of a Gaussian: 68 and 95 %."""
    fractions = []
    for view, predicted_m in rendered:
        fusion = fuse_with_sigma(view.sensor, predicted_m, view.focal_px)
        sigmas = np.abs(fusion.depth.values - view.ground_truth_m) / fusion.sigma_m
        sigmas = sigmas[np.isfinite(sigmas)]
        fractions.append([np.mean(sigmas < 1), np.mean(sigmas < 2)])
    within_1_sigma, within_2_sigma = np.mean(fractions, axis=0)
    assert 0.5 < within_1_sigma < 0.85
    assert within_2_sigma > 0.85


def test_fusion_is_invariant_to_the_network_scale(ground_truth_m, sensor):
    """Measured depth changes by less than its unit; filled holes have the sensor's scale."""
    for scale in (0.5, 1.0, 1.3):
        fused_m = fuse(sensor, ground_truth_m * np.float32(scale)).to_metres()
        assert np.abs(fused_m - ground_truth_m).max() < 0.001


def test_gross_outliers_are_ignored(ground_truth_m, sensor):
    """Where the network is wrong by a factor of two the sensor's depth is used, and the rest keeps its scale."""
    model_m = ground_truth_m.copy()
    model_m[:, :160] *= 2
    fused_m = fuse(sensor, model_m).to_metres()
    assert np.abs(fused_m - ground_truth_m).max() < 0.001


def test_pixels_missing_in_both_sources_stay_invalid(ground_truth_m, sensor):
    """NaN in depth and uncertainty, never zero."""
    model_m = ground_truth_m.copy()
    model_m[:, 400:] = np.nan
    fusion = fuse_with_sigma(sensor, model_m)
    is_missing = (sensor.values == 0) & np.isnan(model_m)
    assert np.array_equal(np.isnan(fusion.depth.values), is_missing)
    assert np.array_equal(np.isnan(fusion.sigma_m), is_missing)


def test_without_common_pixels_holes_stay(ground_truth_m, sensor):
    """The network's depth is not used if its scale cannot be checked: it may be far off."""
    model_m = np.where(sensor.values == 0, ground_truth_m, np.nan).astype(np.float32)
    fusion = fuse_with_sigma(sensor, model_m)
    assert fusion.alignment is None
    assert np.array_equal(fusion.depth.values, sensor.to_metres(), equal_nan=True)


def test_inputs_are_not_modified(ground_truth_m, sensor):
    """Other readers may share both."""
    values, model_m = sensor.values.copy(), ground_truth_m.copy()
    fuse(sensor, model_m)
    fuse(DepthImage(ground_truth_m, unit_m=1.0), model_m)
    assert np.array_equal(sensor.values, values)
    assert np.array_equal(ground_truth_m, model_m)


def test_mismatched_sizes_are_rejected(ground_truth_m, sensor):
    """Nothing is resized silently."""
    with pytest.raises(ValueError, match=r"\(480, 640\).*\(240, 640\)"):
        fuse(sensor, ground_truth_m[::2])
