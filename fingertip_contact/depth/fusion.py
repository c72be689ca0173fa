"""One depth image of two: the sensor's where it is valid, the network's, brought to the sensor's scale, elsewhere."""

from __future__ import annotations

import numpy as np

from fingertip_contact.frames import DepthImage

# The scale is one number: a sixteenth of the pixels gives it as well as all, at a fraction of the cost.
STRIDE = 4
# Of the subsampled pixels. With fewer the scale is not to be trusted.
NEEDED_PIXELS = 100


def fuse(sensor: DepthImage, model_m: np.ndarray) -> DepthImage:
    """The sensor's depth with its holes filled from model_m, (H, W) float32 metres, NaN where invalid.

    Without enough pixels that both know, the network's scale cannot be checked, and the holes stay. Raises ValueError
    where the sizes differ.
    """
    fused_m = sensor.metres()
    if fused_m.shape != model_m.shape:
        raise ValueError(f"the sensor's depth is {fused_m.shape} and the network's {model_m.shape}; they have to agree")
    scale = scale_to_sensor(fused_m[::STRIDE, ::STRIDE], model_m[::STRIDE, ::STRIDE])
    holes = np.isnan(fused_m)
    fused_m[holes] = model_m[holes] * np.float32(scale)
    return DepthImage(fused_m, unit_m=1.0)


def scale_to_sensor(sensor_m: np.ndarray, model_m: np.ndarray) -> float:
    """The median of sensor / model on the pixels valid in both, which a wrong quarter of them hardly moves; NaN where
    there are too few."""
    both = np.isfinite(sensor_m) & np.isfinite(model_m)
    if np.count_nonzero(both) < NEEDED_PIXELS:
        return float("nan")
    return float(np.median(sensor_m[both] / model_m[both]))
