"""Depth of every image of a stream, from a network that is too slow for every image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fingertip_contact.datatypes import Hand
from fingertip_contact.depth.alignment import align
from fingertip_contact.depth.propagation import Keyframe, Propagator, to_flow_image
from fingertip_contact.depth.region import Region, RegionFinder

# The network infers the whole image at least this often, to notice changes away from the hands.
FULL_IMAGE_PERIOD_NS = 5_000_000_000
# A window is aligned on every fourth pixel of every fourth row.
STRIDE = 4


class Estimator(Protocol):
    """Depth of one image."""

    def infer(self, image_bgr: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (H, W) float32, metres, NaN where invalid."""
        ...


@dataclass(frozen=True)
class Estimate:
    """depth_m: (H, W) float32, metres, NaN where invalid. keyframe_stamp_ns: of the image that was inferred."""

    depth_m: np.ndarray
    keyframe_stamp_ns: int


class DepthStream:
    """`infer` runs the network on some images, `propagate` gives depth for all: each may run in a thread of its own.

    full_image: estimator for whole images. region: estimator for the window that `region_finder` finds around the
    hands; None: always the whole image. full_image_stamp_ns: stamp of the last image that was inferred as a whole.
    """

    def __init__(
        self, full_image: Estimator, region: Estimator | None = None, region_finder: RegionFinder | None = None
    ) -> None:
        self._full_image_estimator = full_image
        self._region_estimator = region
        self._region_finder = region_finder
        self._keyframe: Keyframe | None = None
        self.full_image_stamp_ns = 0
        # One per thread: neither waits for the other.
        self._inference_propagator, self._output_propagator = Propagator(), Propagator()

    def infer(self, stamp_ns: int, image_bgr: np.ndarray, hands: Sequence[Hand]) -> Estimate:
        """Runs the network on an image, (H, W, 3) uint8, from which `propagate` propagates depth from now on.

        hands: the last known ones, possibly of an earlier image; with hands only the window around them is inferred,
        and the whole image from time to time. Raises ValueError if the image is not (H, W, 3) uint8.
        """
        gray = to_flow_image(image_bgr)
        region = self._find_region(stamp_ns, image_bgr, hands)
        depth_m = self._infer_region(region, image_bgr, gray) if region else None
        if depth_m is None:
            depth_m = self._full_image_estimator.infer(image_bgr)
            self.full_image_stamp_ns = stamp_ns
        self._keyframe = Keyframe(stamp_ns, gray, depth_m)
        return Estimate(depth_m, stamp_ns)

    def propagate(self, stamp_ns: int, image_bgr: np.ndarray) -> Estimate | None:
        """Depth of an image, propagated from the last inference. None before the first inference at this size, or if
        that is of a later image, because a recording started again."""
        keyframe = self._keyframe
        if keyframe is None or keyframe.depth_m.shape != image_bgr.shape[:2] or stamp_ns < keyframe.stamp_ns:
            return None
        return Estimate(self._output_propagator.propagate(keyframe, to_flow_image(image_bgr)), keyframe.stamp_ns)

    def reset(self) -> None:
        """Discards the last inference."""
        self._keyframe = None

    def _find_region(self, stamp_ns: int, image_bgr: np.ndarray, hands: Sequence[Hand]) -> Region | None:
        """The window to infer; None for the whole image."""
        keyframe = self._keyframe
        if self._region_finder is None or keyframe is None or keyframe.depth_m.shape != image_bgr.shape[:2]:
            return None
        if not 0 <= stamp_ns - self.full_image_stamp_ns < FULL_IMAGE_PERIOD_NS:
            return None
        return self._region_finder.find(hands, *image_bgr.shape[:2])

    def _infer_region(self, region: Region, image_bgr: np.ndarray, gray: np.ndarray) -> np.ndarray | None:
        """Depth of the whole image: the propagated depth, with the newly inferred region aligned to it.

        A network infers distance from its whole input, and a window shows less: its scale and shift differ from those
        of the whole image. The desk in the region determines the correction. None if too little of it is visible.
        """
        assert self._region_estimator is not None
        assert self._keyframe is not None
        propagated_m = self._inference_propagator.propagate(self._keyframe, gray)
        inferred_m = self._region_estimator.infer(np.ascontiguousarray(image_bgr[region.window]))
        sampled = (slice(None, None, STRIDE), slice(None, None, STRIDE))
        alignment = align(inferred_m[sampled], propagated_m[region.window][sampled])
        if alignment is None:
            return None
        propagated_m[region.window] = alignment.apply(inferred_m)
        return propagated_m
