"""Where a finger is in the image: the pixels around the line from its last joint to its tip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fingertip_contact.datatypes import FINGER_LANDMARKS, FINGERS, Hand

# A finger's half width, how far its last segment reaches back from the landmark, and beyond it, metres.
HALF_WIDTH_M = 0.006
BACK_M = 0.012
FORWARD_M = 0.002
TIP_LANDMARKS = [FINGER_LANDMARKS[finger][-1] for finger in FINGERS]
_JOINT_LANDMARKS = [FINGER_LANDMARKS[finger][-2] for finger in FINGERS]


def stack_tips_px(hands: Sequence[Hand]) -> np.ndarray:
    """(N, 2) float64 fingertip landmarks, five rows per hand in the order of FINGERS."""
    return np.concatenate([hand.landmarks_px[TIP_LANDMARKS] for hand in hands]).astype(np.float64)


def find_finger_pixels(
    hands: Sequence[Hand],
    window: np.ndarray,
    pixels_per_m: float,
    *,
    half_width_m: float = HALF_WIDTH_M,
    forward_m: float = FORWARD_M,
) -> np.ndarray:
    """(N, S, S) bool, which pixels of a window around each fingertip's nearest whole pixel lie on the finger.

    window: (S, S, 2) offsets, see make_window_px. The region is a capsule: it needs no depth, and leaves out printed
    keys and neighbouring fingers. Landmarks that are not finite give an empty region.
    """
    tips_px = stack_tips_px(hands)
    joints_px = np.concatenate([hand.landmarks_px[_JOINT_LANDMARKS] for hand in hands]).astype(np.float64)
    # Comparisons with NaN are false.
    tips_px[~(np.isfinite(tips_px) & np.isfinite(joints_px)).all(axis=1)] = np.nan
    segment_px = tips_px - np.where(np.isfinite(tips_px), joints_px, np.nan)
    length_px = np.linalg.norm(segment_px, axis=1)
    direction = segment_px / np.maximum(length_px, 1e-6)[:, None]
    right, down = direction.T[:, :, None, None]
    shift_px = (np.rint(tips_px) - tips_px)[:, None]
    right_px, down_px = (window[0, :, 0] + shift_px[..., 0])[:, None], (window[:, 0, 1] + shift_px[..., 1])[..., None]
    along_px = right_px * right + down_px * down
    across_px = right_px * down - down_px * right
    back_px = np.minimum(length_px, BACK_M * pixels_per_m)[:, None, None]
    beyond_px = along_px - along_px.clip(-back_px, forward_m * pixels_per_m)
    return beyond_px * beyond_px + across_px * across_px < (half_width_m * pixels_per_m) ** 2
