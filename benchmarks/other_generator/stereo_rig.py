"""The three cameras of a D405: colour through its lens, and the rectified left and right imagers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from other_generator.view import View

BASELINE_M = 0.018

_STREAM = 4200
# Of real D405s at 640 x 480.
_IMAGER_FOCAL_PX = 386.2
_DISTORTION = (-0.054, 0.056, -0.0004, 0.0006, -0.019)
# Units differ: relative deviation of the focal lengths and of the coefficients, and pixels of the principal points.
_FOCAL_SPREAD, _DISTORTION_SPREAD, _CENTER_SPREAD_PX = 0.003, 0.06, 3.0


@dataclass(frozen=True)
class StereoRig:
    """color and left look from the same point in the same direction; right is BASELINE_M to the right of them. Only
    color has distortion."""

    color: View
    left: View
    right: View


def make_rig(seed: int, view: View) -> StereoRig:
    """A D405 of its own, drawn from the seed, in the place of `view`."""
    random = np.random.default_rng(_STREAM + seed)
    left = replace(
        view,
        focal_px=_IMAGER_FOCAL_PX * (1 + random.uniform(-_FOCAL_SPREAD, _FOCAL_SPREAD)),
        cx_px=319.5 + random.uniform(-_CENTER_SPREAD_PX, _CENTER_SPREAD_PX),
        cy_px=239.5 + random.uniform(-_CENTER_SPREAD_PX, _CENTER_SPREAD_PX),
    )
    factors = 1 + random.uniform(-_DISTORTION_SPREAD, _DISTORTION_SPREAD, len(_DISTORTION))
    return StereoRig(
        color=replace(view, distortion=tuple(float(value) for value in factors * _DISTORTION)),
        left=left,
        right=replace(left, translation_m=view.translation_m - np.array([BASELINE_M, 0, 0])),
    )
