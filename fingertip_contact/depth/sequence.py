"""Depth of a stream of pictures from a network that is too slow to look at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fingertip_contact.depth.alignment import align
from fingertip_contact.depth.propagation import Keyframe, Propagator, gray_of
from fingertip_contact.depth.region import Region, RegionFinder
from fingertip_contact.frames import Hand

# The whole picture is looked at this often at least: what changes away from the hands is seen then.
WHOLE_PERIOD_NS = 5_000_000_000
# A window's scale is found on every fourth pixel of every fourth row.
STRIDE = 4


class Estimator(Protocol):
    """Depth of one picture."""

    def infer(self, image_bgr: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (H, W) float32, metres, NaN where invalid."""
        ...


@dataclass(frozen=True)
class Estimate:
    """depth_m: (H, W) float32, metres, NaN where invalid. network_ns: stamp of the picture that the network saw."""

    depth_m: np.ndarray
    network_ns: int


class DepthSequence:
    """`look` runs the network on some pictures, `carry` gives depth for all: two threads, one for each.

    whole: for the whole picture. part: for the window round the hands that `regions` finds; None: the whole picture is
    looked at always. whole_ns: stamp of the last picture that was looked at as a whole.
    """

    def __init__(self, whole: Estimator, part: Estimator | None = None, regions: RegionFinder | None = None) -> None:
        self._whole = whole
        self._part = part
        self._regions = regions
        self._key: Keyframe | None = None
        self.whole_ns = 0
        # Each thread has its own: neither waits for the other.
        self._looking, self._carrying = Propagator(), Propagator()

    def look(self, stamp_ns: int, image_bgr: np.ndarray, hands: Sequence[Hand]) -> Estimate:
        """Runs the network on a picture, (H, W, 3) uint8, which is what `carry` carries over from now on.

        hands: the last that are known, perhaps of an earlier picture; where there are any, only their surroundings are
        looked at now and then the rest. Raises ValueError where the picture is none.
        """
        gray = gray_of(image_bgr)
        region = self._region(stamp_ns, image_bgr, hands)
        depth_m = self._look_at(region, image_bgr, gray) if region else None
        if depth_m is None:
            depth_m = self._whole.infer(image_bgr)
            self.whole_ns = stamp_ns
        self._key = Keyframe(stamp_ns, gray, depth_m)
        return Estimate(depth_m, stamp_ns)

    def carry(self, stamp_ns: int, image_bgr: np.ndarray) -> Estimate | None:
        """Depth of a picture by what the network said last; None where it has not looked at one of this size yet, or
        only at later ones: a recording began again."""
        key = self._key
        if key is None or key.depth_m.shape != image_bgr.shape[:2] or stamp_ns < key.stamp_ns:
            return None
        return Estimate(self._carrying.carry(key, gray_of(image_bgr)), key.stamp_ns)

    def reset(self) -> None:
        """Forgets what the network said."""
        self._key = None

    def _region(self, stamp_ns: int, image_bgr: np.ndarray, hands: Sequence[Hand]) -> Region | None:
        """Where to look, None for everywhere."""
        key = self._key
        if self._regions is None or key is None or key.depth_m.shape != image_bgr.shape[:2]:
            return None
        if not 0 <= stamp_ns - self.whole_ns < WHOLE_PERIOD_NS:
            return None
        return self._regions.find(hands, *image_bgr.shape[:2])

    def _look_at(self, region: Region, image_bgr: np.ndarray, gray: np.ndarray) -> np.ndarray | None:
        """Depth of the whole picture: what was known of it, with a region that is seen anew at the same scale.

        A network judges distance by what it sees, and in a window it sees less: scale and shift differ from those of
        the whole picture. The desk in the window says by how much. None where it shows too little of it.
        """
        assert self._part is not None
        assert self._key is not None
        known_m = self._looking.carry(self._key, gray)
        seen_m = self._part.infer(np.ascontiguousarray(image_bgr[region.window]))
        sampled = (slice(None, None, STRIDE), slice(None, None, STRIDE))
        alignment = align(seen_m[sampled], known_m[region.window][sampled])
        if alignment is None:
            return None
        known_m[region.window] = alignment.apply(seen_m)
        return known_m
