"""The lines of a ground-truth file (`fingertip_research.ground_truth.recording`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fingertip_contact.datatypes import FINGERS, Handedness
from fingertip_research.ground_truth.recording import VERSION
from other_generator.actor import HandAnimator, HandState
from other_generator.body import make_part_label
from other_generator.renderer import RenderBuffers
from other_generator.scenery import Scenery
from other_generator.schedule import WORDS_PER_MINUTE
from other_generator.taps import Tap
from other_generator.typist import SchedulePlayer
from other_generator.view import HEIGHT_PX, WIDTH_PX, Side, View

# The end of a finger lies inside the flesh: it counts as visible if the surface is at most this far in front of it.
# From the typist's own side, rays run along the finger.
_MAX_FLESH_DEPTH_M: dict[Side, float] = {"facing": 0.009, "own_side": 0.020}
# Name of the layout, and of the difficulty, which is not one of the package's.
_NAME = "foreign"


def make_header_line(settings: Mapping[str, Any], animator: HandAnimator, scenery: Scenery) -> dict[str, Any]:
    """The header. settings: of the recording, by name. Its calibration_seconds of 1.0 is slightly shorter than the time
    with an empty desk."""
    view = scenery.view
    return {
        "kind": "header",
        "version": VERSION,
        "text": settings["text"],
        "seed": settings["seed"],
        "angle_deg": settings["angle_deg"],
        "difficulty": _NAME,
        "view": settings["side"],
        "posture": settings["posture"],
        "sensor": settings["sensor"],
        "words_per_minute": WORDS_PER_MINUTE,
        "layout": _NAME,
        "participant": {"hand_length_m": round(animator.models["left"].length_m, 4), "skin_tone": scenery.skin.tone},
        "calibration_seconds": 1.0,
        "camera_from_sheet": {"rotation": view.rotation.tolist(), "translation_m": view.translation_m.tolist()},
    }


def make_tap_line(tap: Tap, press_ns: int, release_ns: int, contact_m: np.ndarray) -> dict[str, Any]:
    """A tap. contact_m: point at which the pad touched, x and y first."""
    x_m, y_m = _round_values(contact_m[:2], 6)
    return {
        "kind": "tap",
        "press_ns": press_ns,
        "release_ns": release_ns,
        "hand": tap.hand,
        "finger": FINGERS[tap.finger],
        "key": tap.key,
        "text": tap.text,
        "x_m": x_m,
        "y_m": y_m,
    }


def make_frame_line(stamp_ns: int, hands: list[dict[str, Any]]) -> dict[str, Any]:
    """A frame. hands: from `make_hand_entries`; none while the desk is empty."""
    return {"kind": "frame", "stamp_ns": stamp_ns, "hands": hands}


def make_hand_entries(
    states: Mapping[Handedness, HandState], player: SchedulePlayer, time_s: float, buffers: RenderBuffers, view: View
) -> list[dict[str, Any]]:
    """The hands of a frame. buffers, view: image and pose of the camera at time_s."""
    return [_make_hand_entry(hand, state, player, time_s, buffers, view) for hand, state in states.items()]


def _make_hand_entry(
    hand: Handedness, state: HandState, player: SchedulePlayer, time_s: float, buffers: RenderBuffers, view: View
) -> dict[str, Any]:
    ends_px, ends_depth_m = view.project(state.pose.ends_m)
    fingers = {}
    for finger, name in enumerate(FINGERS):
        tap = player.find_contact_tap(hand, finger, time_s)
        pad_m, end_px = state.contact_points_m[finger], ends_px[finger]
        fingers[name] = {
            "pad_m": _round_values(pad_m, 6),
            "clearance_m": round(float(max(pad_m[2], 0)), 6),
            "contact": tap is not None,
            "key": tap.key if tap else None,
            "tip_px": _round_values(end_px, 2),
            "visible": _is_visible(buffers, view.side, make_part_label(hand, finger), end_px, ends_depth_m[finger]),
        }
    joints_m = {name: _round_values(point_m, 6) for name, point_m in state.pose.joints_m.items()}
    return {"hand": hand, "joints_m": joints_m, "fingers": fingers}


def _is_visible(buffers: RenderBuffers, side: Side, part: int, end_px: np.ndarray, depth_m: float) -> bool:
    """Whether a fingertip's end is not occluded, and its finger is visible within two pixels."""
    column, row = np.round(end_px).astype(int)
    if (
        not (0 <= column < WIDTH_PX and 0 <= row < HEIGHT_PX)
        or buffers.depth_m[row, column] <= depth_m - _MAX_FLESH_DEPTH_M[side]
    ):
        return False
    around = buffers.parts[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
    return bool((around == part).any())


def _round_values(values: Iterable[float], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
