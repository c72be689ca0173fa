"""The lines of a ground-truth file (`fingertip_research.ground_truth.recording`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_research.ground_truth.recording import VERSION
from third_generator.performance import GRID_S, Contact, Performance
from third_generator.skeleton import FINGER_COUNT
from third_generator.view import View

FIRST_STAMP_NS, PERIOD_NS = 1_720_000_000_000_000_000, 33_333_333
_JOINT_NAMES = ("metacarpal", "proximal", "intermediate", "distal", "tip")
_THUMB_JOINT_NAMES = ("metacarpal", "proximal", "distal", "tip")
# The end of a finger lies in the flesh: the surface that the camera sees may be this much nearer.
_FLESH_M = 0.012
_MIRROR = np.array([-1.0, 1.0, 1.0])


def make_header_line(settings: dict[str, Any], performance: Performance, view: View) -> dict[str, Any]:
    """settings: of the recording, by name."""
    person, pose = performance.person, view.color_pose
    return {
        "kind": "header",
        "version": VERSION,
        "difficulty": "third",
        "layout": "qwerty",
        "words_per_minute": round(person.words_per_minute, 2),
        "calibration_seconds": 1.0,
        "participant": {"hand_scale": round(person.skeletons["left"].scale, 4), "hover_m": round(person.hover_m, 4)},
        "camera_from_sheet": {"rotation": pose.rotation.tolist(), "translation_m": pose.translation_m.tolist()},
        **settings,
    }


def list_contact_lines(performance: Performance) -> Iterator[dict[str, Any]]:
    """Taps and rests."""
    for contact in performance.contacts:
        press_ns, release_ns = to_stamp_ns(contact.press_s), to_stamp_ns(contact.release_s)
        who = {"hand": contact.hand, "finger": FINGERS[contact.finger]}
        if not contact.stroke.key:
            yield {"kind": "rest", "start_ns": press_ns, "end_ns": release_ns, **who}
            continue
        x_m, y_m = _round(contact.place_m, 6)
        key = {"key": contact.stroke.key, "text": contact.stroke.text}
        yield {"kind": "tap", "press_ns": press_ns, "release_ns": release_ns, **who, **key, "x_m": x_m, "y_m": y_m}


def make_frame_line(
    performance: Performance, time_s: float, hands: Iterable[Handedness], depth_m: np.ndarray, view: View
) -> dict[str, Any]:
    """hands: those in the view. depth_m: (H, W) of the colour image."""
    entries = [_make_hand(performance, hand, time_s, depth_m, view) for hand in HANDS if hand in hands]
    return {"kind": "frame", "stamp_ns": to_stamp_ns(time_s), "hands": entries}


def to_stamp_ns(time_s: float) -> int:
    """The stamp of a time in the recording."""
    return FIRST_STAMP_NS + round(time_s * 1e9)


def _make_hand(
    performance: Performance, hand: Handedness, time_s: float, depth_m: np.ndarray, view: View
) -> dict[str, Any]:
    mirror = _MIRROR if hand == "left" else np.ones(3)
    bones = performance.find_bones(hand, time_s)
    tips_m = performance.person.fleshes[hand].tips_m
    index = performance.find_index(time_s)
    joints_m: dict[str, list[float]] = {"wrist": _round(bones[-2, :3, 3] * mirror, 6)}
    fingers: dict[str, Any] = {}
    for finger, name in enumerate(FINGERS):
        last = bones[3 * finger + 2]
        end_m = (last[:3, :3] @ tips_m[finger] + last[:3, 3]) * mirror
        places_m = [bones[bone, :3, 3] * mirror for bone in range(3 * finger, 3 * finger + 3)] + [end_m]
        if finger:
            # The root of the metacarpal, as far up the palm as the wrist's bones end.
            places_m.insert(0, (0.25 * bones[3 * finger, :3, 3] + 0.75 * bones[-2, :3, 3]) * mirror)
        names = _JOINT_NAMES if finger else _THUMB_JOINT_NAMES
        joints_m |= {f"{name}_{part}": _round(place_m, 6) for part, place_m in zip(names, places_m, strict=True)}
        pad_m = performance.pads_m[hand][index, finger]
        contact = _find_contact(performance, hand, finger, time_s)
        end_px = view.color.project(view.color_pose.apply(end_m[None]))[0]
        fingers[name] = {
            "pad_m": _round(pad_m, 6),
            "clearance_m": round(float(max(pad_m[2], 0)), 6),
            "contact": contact is not None,
            "key": contact.stroke.key or None if contact else None,
            "tip_px": _round(end_px, 2),
            "visible": _is_visible(depth_m, end_px, view.color_pose.apply(end_m[None])[0, 2]),
        }
    assert len(fingers) == FINGER_COUNT
    return {"hand": hand, "joints_m": joints_m, "fingers": fingers}


def _find_contact(performance: Performance, hand: Handedness, finger: int, time_s: float) -> Contact | None:
    for contact in performance.contacts:
        is_now = contact.press_s - GRID_S / 2 <= time_s < contact.release_s - GRID_S / 2
        if is_now and (contact.hand, contact.finger) == (hand, finger):
            return contact
    return None


def _is_visible(depth_m: np.ndarray, end_px: np.ndarray, end_depth_m: float) -> bool:
    column, row = np.round(end_px).astype(int)
    if not (0 <= row < depth_m.shape[0] and 0 <= column < depth_m.shape[1]):
        return False
    return bool(depth_m[row, column] > end_depth_m - _FLESH_M)


def _round(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
