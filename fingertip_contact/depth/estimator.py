"""Metric depth from one colour image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.depth import configuration, conversions, selection
from fingertip_contact.depth.preprocessing import Preprocessor, resize_to
from fingertip_contact.depth.selection import SelectedRuntime
from fingertip_contact.weights import get_verified_path as get_weights_path

# The D405's nearest distance, and that of the training data: smaller outputs were never trained.
MIN_DEPTH_M = D405.depth_range_m[0]
# At this fraction of the maximum depth the sigmoid is saturated: the background beyond the desk cannot be measured.
SATURATION_RATIO = 0.998


class DepthEstimator:
    """Depth Anything V2 ViT-S at close range, for images of any size.

    height, width: of the network input, multiples of 14. The default has the aspect ratio of 640x480 and is the largest
    that two cores run several times per second. max_depth_m: see configuration.py. runtime, precision: see
    selection.py. threads: 0 leaves the choice to the runtime. Raises ValueError that names file, value and remedy if
    the weights, the size, the maximum depth or the requested runtime cannot be used.
    """

    def __init__(
        self,
        weights: Path,
        *,
        height: int = 252,
        width: int = 336,
        max_depth_m: float | None = None,
        runtime: str = selection.AUTO,
        precision: str = selection.AUTO,
        threads: int = 0,
    ) -> None:
        configuration.check_input_size(height, width)
        resolved_max_depth_m = configuration.resolve_max_depth_m(Path(weights), max_depth_m)
        spec = configuration.NetworkSpec(Path(weights), height, width, resolved_max_depth_m)
        self._initialise(height, width, resolved_max_depth_m, selection.select(spec, runtime, precision, threads))

    @classmethod
    def from_weights(cls, **options: Any) -> DepthEstimator:
        """With the pulled D405 weights; options as above. Raises WeightsError, a ValueError, if they are missing."""
        return cls(get_weights_path("d405"), **options)

    @classmethod
    def from_export(cls, folder: Path, threads: int = 0) -> DepthEstimator:
        """With the network that `fingertip-contact export` wrote to a folder: needs neither the weights nor torch.

        Raises ValueError if the folder is incomplete, or its network does not reproduce the stored depth.
        """
        conversion = conversions.read(Path(folder))
        runtime, deviation_m = selection.open_conversion(conversion, threads=threads)
        estimator = cls.__new__(cls)
        estimator._initialise(
            conversion.height, conversion.width, conversion.max_depth_m, SelectedRuntime(runtime, deviation_m, ())
        )
        return estimator

    def _initialise(self, height: int, width: int, max_depth_m: float, selected: SelectedRuntime) -> None:
        self.max_depth_m = max_depth_m
        self._preprocess = Preprocessor(height, width)
        self._selected = selected

    @property
    def diagnostics(self) -> dict[str, str]:
        """Runtime, its deviation from torch on the stored image, and the rejected runtimes with reasons, as text."""
        runtime = self._selected.runtime
        return {
            "runtime": f"{runtime.name} {runtime.precision}",
            "parity_mm": f"{1e3 * self._selected.deviation_m:.3g}",
            "rejected": "; ".join(self._selected.rejected_candidates) or "none",
        }

    def infer_image(self, image_bgr: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (H, W) float32 metres along the optical axis, a new array.

        NaN where the network outputs less than 0.07 m or is saturated at its maximum depth. Raises ValueError if the
        image is not (H, W, 3) uint8.
        """
        depth_m = self._selected.runtime.infer(self._preprocess(image_bgr))[0, 0]
        return mask_invalid(resize_to(depth_m, *image_bgr.shape[:2]), self.max_depth_m)

    # The name that stream.Estimator requires.
    infer = infer_image

    def infer_batch(self, images: np.ndarray) -> np.ndarray:
        """[B, 3, height, width] float32, RGB, normalised -> [B, 1, height, width] float32 metres, a new array.

        The network's own output: nothing is resized, and nothing is NaN. Raises ValueError for another shape or type.
        """
        expected_shape = (len(images), *self._preprocess.shape)
        if images.dtype != np.float32 or images.shape != expected_shape:
            raise ValueError(f"the batch is {images.dtype} {images.shape}; it has to be float32 {expected_shape}")
        return np.array(self._selected.runtime.infer(images))


def mask_invalid(depth_m: np.ndarray, max_depth_m: float) -> np.ndarray:
    """The same array, with NaN outside the range that the network can measure."""
    depth_m[(depth_m < MIN_DEPTH_M) | (depth_m >= SATURATION_RATIO * max_depth_m)] = np.nan
    return depth_m
