"""Fuses the sensor's depth and the network's into one depth image.

The sensor's errors differ from pixel to pixel and average out over the image; a network's errors are the reverse. So
the network's depth is aligned to the sensor's, first by a scale and a shift of the whole image, then by its mean
remaining error around each pixel. The scatter about that mean is the network's variance there. The two depths are
averaged, weighted by their inverse variances. The corrected network fills the sensor's holes.

All of it happens in inverse depth, in which a stereo camera's noise is the same everywhere: an error s of the disparity
d = f B / z (focal length f in pixels, baseline B) is an error s / (f B) of 1 / z.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.datatypes import DepthImage
from fingertip_contact.depth.alignment import Alignment, align
from fingertip_contact.numerics import stereo_inverse_depth_sigma

# The alignment has two parameters: every eighth pixel of every eighth row estimates them as well as all pixels.
STRIDE = 8
# "Around each pixel" is a Gaussian of this sigma: longer than the correlation of the sensor's noise, shorter than that
# of the network's errors. It is computed on cells of CELL_PX.
CELL_PX = 4
NEIGHBOURHOOD_PX = 8.0
# A larger difference, in standard deviations, is an outlier of the network: it guesses, the sensor measures.
OUTLIER_SIGMAS = 5.0
# Weight of the whole image's statistics, as a fraction of a neighbourhood in which all pixels are valid in both.
PRIOR_WEIGHT = 0.02
# At the edge of a hand a network's depth changes from hand to desk over several pixels, and the sensor has holes. If
# the sensor sees both surfaces within EDGE_PX, intermediate depth is moved to the nearer of the two.
EDGE_PX = 9
EDGE_STEP_M = 0.010
EDGE_MARGIN_M = 0.004
MISSING_DEPTH_M = 100.0


@dataclass(frozen=True)
class Fusion:
    """depth: metres, NaN where both are invalid. sigma_m: (H, W) float32, standard deviation of depth, estimated from
    how much sensor and network differ, metres, NaN where depth is NaN. alignment: of the network to the sensor; None if
    too few pixels are valid in both, and then the network is not used, because its scale cannot be checked."""

    depth: DepthImage
    sigma_m: np.ndarray
    alignment: Alignment | None


def fuse(sensor: DepthImage, model_m: np.ndarray, focal_px: float = D405.focal_px) -> DepthImage:
    """The depth of `fuse_with_sigma`."""
    return fuse_with_sigma(sensor, model_m, focal_px).depth


def fuse_with_sigma(sensor: DepthImage, model_m: np.ndarray, focal_px: float = D405.focal_px) -> Fusion:
    """Fuses both. model_m: the network's depth of the same image, (H, W) float32, metres, NaN where invalid. focal_px:
    of the depth camera; that of the colour camera to which depth is aligned is close enough.

    Raises ValueError if the sizes differ.
    """
    sensor_m = sensor.to_metres()
    if sensor_m.shape != model_m.shape:
        raise ValueError(
            f"the sensor's depth is {sensor_m.shape} and the network's {model_m.shape}; the sizes have to agree"
        )
    sensor_sigma_per_m = stereo_inverse_depth_sigma(focal_px, D405.baseline_m, D405.disparity_sigma_px)
    alignment = align(model_m[::STRIDE, ::STRIDE], sensor_m[::STRIDE, ::STRIDE])
    if alignment is None:
        return Fusion(DepthImage(sensor_m, unit_m=1.0), np.float32(sensor_sigma_per_m) * sensor_m**2, None)
    # Everything from here to depth_m is inverse depth, 1/m.
    measured, predicted = 1 / sensor_m, 1 / alignment.apply(model_m)
    residual = measured - predicted
    bias, network_variance = _estimate_local_bias(
        residual, alignment.residual_sigma_per_m, noise_variance=sensor_sigma_per_m**2
    )
    predicted += bias
    residual -= bias
    sensor_variance = np.float32(sensor_sigma_per_m**2)
    total_variance = network_variance + sensor_variance
    sensor_weight = network_variance / total_variance
    sensor_weight[np.abs(residual) > OUTLIER_SIGMAS * np.sqrt(total_variance)] = 1
    # The average where both are valid; NaN where one is missing, which is filled from the other below. The buffers of
    # residual and sensor_weight, which are not needed after it, hold the results: allocating images costs time.
    fused = np.multiply(residual, sensor_weight, out=residual)
    fused += predicted
    fused_variance = np.multiply(sensor_weight, sensor_variance, out=sensor_weight)
    single_source = np.isnan(fused)
    is_measured = np.isfinite(measured[single_source])
    fused[single_source] = np.where(is_measured, measured[single_source], predicted[single_source])
    fused_variance[single_source] = np.where(is_measured, sensor_variance, network_variance[single_source])
    depth_m = 1 / fused
    # An error s of 1 / z is an error s z^2 of z.
    sigma_m = np.sqrt(fused_variance, out=fused_variance)
    sigma_m *= depth_m
    sigma_m *= depth_m
    _sharpen_edges(depth_m, sigma_m, sensor_m)
    return Fusion(DepthImage(depth_m, unit_m=1.0), sigma_m, alignment)


def _estimate_local_bias(residual: np.ndarray, sigma: float, noise_variance: float) -> tuple[np.ndarray, np.ndarray]:
    """The network's mean error around each pixel, and the variance about it without the sensor's noise: both (H, W)
    float32. residual: (H, W), 1/m, NaN where unknown. sigma: its robust standard deviation over the image."""
    height, width = residual.shape
    cells = (max(width // CELL_PX, 1), max(height // CELL_PX, 1))
    # Errors of neighbouring pixels are correlated: every other pixel gives the same result at a quarter of the cost.
    sampled = residual[::2, ::2]
    inlier = np.abs(sampled) < OUTLIER_SIGMAS * sigma
    value = np.where(inlier, sampled, np.float32(0))
    sums = np.dstack([inlier.astype(np.float32), value, value * value])
    sums = cv2.GaussianBlur(cv2.resize(sums, cells, interpolation=cv2.INTER_AREA), (0, 0), NEIGHBOURHOOD_PX / CELL_PX)
    weight = sums[..., 0] + PRIOR_WEIGHT
    mean = sums[..., 1] / weight
    scatter = (sums[..., 2] + PRIOR_WEIGHT * sigma**2) / weight - mean**2
    # If the sensor's noise explains all of the scatter, the network's own variance is at its lower limit.
    variance = np.maximum(scatter - noise_variance, 0.1 * noise_variance)
    return cv2.resize(mean, (width, height)), cv2.resize(variance, (width, height))


def _sharpen_edges(depth_m: np.ndarray, sigma_m: np.ndarray, sensor_m: np.ndarray) -> None:
    """Moves intermediate depth in the sensor's holes to the nearer of the two surfaces that the sensor sees beside."""
    rows, columns = np.nonzero(np.isnan(sensor_m))
    # Every other pixel, to save time.
    sampled_m = sensor_m[::2, ::2]
    window = np.ones((EDGE_PX // 2 + 1, EDGE_PX // 2 + 1), np.uint8)
    nearest_m = cv2.erode(np.nan_to_num(sampled_m, nan=MISSING_DEPTH_M), window)[rows // 2, columns // 2]
    farthest_m = cv2.dilate(np.nan_to_num(sampled_m, nan=0.0), window)[rows // 2, columns // 2]
    is_edge = farthest_m - nearest_m > EDGE_STEP_M
    rows, columns, near_m, far_m = rows[is_edge], columns[is_edge], nearest_m[is_edge], farthest_m[is_edge]
    between_m = depth_m[rows, columns]
    is_far = between_m > 2 * near_m * far_m / (near_m + far_m)  # The midpoint in inverse depth.
    snapped_m = np.where(
        is_far, np.maximum(between_m, far_m - EDGE_MARGIN_M), np.minimum(between_m, near_m + EDGE_MARGIN_M)
    )
    # The depth may have been moved to the wrong surface.
    sigma_m[rows, columns] = np.maximum(sigma_m[rows, columns], np.abs(snapped_m - between_m))
    depth_m[rows, columns] = snapped_m
