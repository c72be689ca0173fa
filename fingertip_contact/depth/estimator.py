"""Metric depth from one colour picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.depth import configuration
from fingertip_contact.depth.preprocessing import Preprocessor, resize_to
from fingertip_contact.depth.runtimes import OpenVinoRuntime, Runtime
from fingertip_contact.weights import path as pulled_path

# The D405's nearest distance, and that of the depth it was trained on: what is said below it was never learnt.
NEAREST_M = 0.07
# At this share of the largest depth the sigmoid is saturated: the desk ends and what lies behind cannot be said.
SATURATED = 0.998


class DepthEstimator:
    """Depth Anything V2 ViT-S at close range, for pictures of any size.

    height, width: the network's input, multiples of 14. The default has the aspect of 640x480 and is the largest that
    two cores run several times a second. max_depth_m: see configuration.py. threads: 0 leaves it to the runtime.
    Raises ValueError where the weights, the size or the largest depth cannot be used, naming file, value and remedy.
    """

    def __init__(
        self,
        weights: Path,
        *,
        height: int = 252,
        width: int = 336,
        max_depth_m: float | None = None,
        threads: int = 0,
    ) -> None:
        configuration.check_input_size(height, width)
        self.max_depth_m = configuration.max_depth_m(weights, max_depth_m)
        self._preprocess = Preprocessor(height, width)
        self._runtime: Runtime = OpenVinoRuntime(weights, height, width, self.max_depth_m, threads)

    @classmethod
    def from_weights(cls, **options: Any) -> DepthEstimator:
        """With the pulled D405 weights; options as above. Raises WeightsError, a ValueError, where they are missing."""
        return cls(pulled_path("d405"), **options)

    def infer(self, image_bgr: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (H, W) float32 metres along the optical axis, a new array.

        NaN where the network says less than 0.07 m or is saturated at its largest depth. Raises ValueError where the
        picture is not (H, W, 3) uint8.
        """
        depth_m = self._runtime.infer(self._preprocess(image_bgr))[0, 0]
        return only_valid(resize_to(depth_m, *image_bgr.shape[:2]), self.max_depth_m)


def only_valid(depth_m: np.ndarray, max_depth_m: float) -> np.ndarray:
    """The same array, with NaN where the network says what it cannot know."""
    depth_m[(depth_m < NEAREST_M) | (depth_m >= SATURATED * max_depth_m)] = np.nan
    return depth_m
