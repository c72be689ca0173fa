"""The sensor's depth is kept, its holes are filled with the network's at the sensor's scale."""

import numpy as np
import pytest

from fingertip_contact.depth.fusion import fuse
from fingertip_contact.frames import DepthImage


@pytest.fixture
def truth_m():
    """A desk that recedes, with a step on it: (480, 640) float32 metres."""
    rows, columns = np.mgrid[0:480, 0:640]
    return (0.3 + 0.0002 * rows - 0.02 * ((rows > 200) & (columns > 300))).astype(np.float32)


@pytest.fixture
def sensor(truth_m):
    """Whole millimetres, as the camera publishes them, with a hole at the step's edge."""
    values = np.round(truth_m * 1000).astype(np.uint16)
    values[190:210, 250:500] = 0
    return DepthImage(values, unit_m=0.001)


def test_valid_sensor_depth_is_kept_and_holes_are_filled_at_its_scale(truth_m, sensor):
    """However far off the network's scale is."""
    for scale in (0.5, 1.0, 1.3):
        fused_m = fuse(sensor, truth_m * scale).metres()
        known = sensor.values > 0
        assert np.array_equal(fused_m[known], sensor.metres()[known])
        assert np.abs(fused_m[~known] - truth_m[~known]).max() < 0.001


def test_the_scale_survives_a_quarter_of_wrong_pixels(truth_m, sensor):
    """Hands that the network sees at twice their distance do not scale the desk."""
    model_m = truth_m.copy()
    model_m[:, :160] *= 2
    holes = sensor.values == 0
    assert np.abs(fuse(sensor, model_m).metres()[holes] - truth_m[holes]).max() < 0.001


def test_what_neither_knows_stays_invalid(truth_m, sensor):
    """NaN, never zero."""
    model_m = truth_m.copy()
    model_m[:, 400:] = np.nan
    fused_m = fuse(sensor, model_m).metres()
    assert np.array_equal(np.isnan(fused_m), (sensor.values == 0) & np.isnan(model_m))


def test_without_common_pixels_holes_stay(truth_m, sensor):
    """A scale that cannot be checked is not trusted: the network's own may be off by far."""
    model_m = np.where(sensor.values == 0, truth_m, np.nan).astype(np.float32)
    assert np.array_equal(np.isnan(fuse(sensor, model_m).metres()), sensor.values == 0)


def test_neither_input_is_written_to(truth_m, sensor):
    """Both may be shared with other readers."""
    values, model_m = sensor.values.copy(), truth_m.copy()
    fuse(sensor, model_m)
    float_sensor = DepthImage(truth_m, unit_m=1.0)
    fuse(float_sensor, model_m)
    assert np.array_equal(sensor.values, values)
    assert np.array_equal(float_sensor.values, model_m)


def test_different_sizes_are_refused(sensor):
    """Depth that is not aligned to the same picture cannot be fused."""
    with pytest.raises(ValueError, match=r"\(480, 640\).*\(240, 320\)"):
        fuse(sensor, np.ones((240, 320), np.float32))
