"""What is measured of each fingertip in one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FingertipSamples:
    """One row per finger, five rows per hand in the order of the hands and of FINGERS; NaN where not measured.

    rim_height_m: (N,) height of the visible surface just behind the finger's end over the surface, metres; only for
    classifiers that need rims, as the next two and tip_end_px. sigma_m:
    (N,) its standard deviation by the depth noise model, metres. axial_height_m: (N,) the same distance to the surface
    along the optical axis, metres. tip_px: (N, 2) the landmark. tip_end_px: (N, 2) pixel where the finger ends.
    contact_point_m: (N, 3) where the pad would touch the surface, optical frame. flow_m: (N, 2) image displacement of
    the fingertip since the previous frame, metres at its distance: across the approach direction, and along it; see
    compute_approach_direction. finger_height_m: (N,) height of the last segment by aligned depth, see finger_depth.
    stereo_height_m: (N,) height of the fingertip by both imagers, see stereo_height. shape: (N, len(SHAPE)), see
    hand_shape. appearance: (N, len(OUTPUTS)) of the appearance network, about the instant LOOKAHEAD_S earlier.
    """

    rim_height_m: np.ndarray
    sigma_m: np.ndarray
    axial_height_m: np.ndarray
    tip_px: np.ndarray
    tip_end_px: np.ndarray
    contact_point_m: np.ndarray
    flow_m: np.ndarray
    finger_height_m: np.ndarray
    stereo_height_m: np.ndarray
    shape: np.ndarray
    appearance: np.ndarray
