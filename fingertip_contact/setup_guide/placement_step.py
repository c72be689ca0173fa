"""Where the camera stands: the verdict follows while it is moved, and counts once it stands still."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.setup_guide.seeing_steps import find_advice
from fingertip_contact.setup_guide.step import Held, Verdict
from fingertip_contact.surface.camera_placement import BEST_ELEVATION, MIN_USABLE_ELEVATION_DEG

# Of the own side 60 degrees are read best: 45 shows the backs of the hands (README, what was measured).
PLACES = {"facing": "on the far side of the sheet, facing you, 45 to 65", "own": "on your own side, 60 to 70"}

# A place that is well has to be kept for this long, one with advice for the other: nothing is refused that can be used.
GOOD_HOLD_S, PATIENCE_S = 0.5, 6.0
# The sheet's pose jumps by less while nothing moves (sheet_pose.MOVE_THRESHOLD_M).
MOVED_M = 0.004
# Seen from within this of straight above, the camera is on no side of the sheet.
MIN_SIDE_DEG = 10.0
ELEVATION_CODES = ("camera_too_steep", "camera_too_flat")
# How near to the image's edge a key may be, px.
EDGE_PX = 2.0


@dataclass(frozen=True)
class _Problem:
    """is_usable: whether keys can be read in spite of it."""

    text: str
    remedy: str
    is_usable: bool = True


# By the side on which the camera is, where it is to be on the other one.
WRONG_SIDES = {
    "own": _Problem(
        "that is your own side, where fingers hide their tips",
        "put it on the far side of the sheet, facing you, or say --user-side own",
    ),
    "facing": _Problem("that is the far side", "put it on your own side, or say --user-side facing"),
}


class PlacementStep:
    """user_side: one of PLACES, where the camera is to be: `facing` the typist from the far side, or on the typist's
    `own` side."""

    name = "placement"
    is_required = False

    def __init__(self, layout: Layout, user_side: str = "facing") -> None:
        self.instruction = f"place the camera {PLACES[user_side]} degrees above the desk, and let it stand still"
        self._layout = layout
        self._user_side = user_side
        self._pose: RigidTransform | None = None
        self._good, self._still = Held(), Held()

    def begin(self) -> None:
        """See Step."""

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """See Step."""
        pose = result.camera_from_sheet
        if pose is None:
            self._pose = None
            self._good.follow(frame.stamp_ns, False)
            self._still.follow(frame.stamp_ns, False)
            return Verdict("active", "the sheet is not seen", "bring the whole sheet into view")
        still_s = self._still.follow(frame.stamp_ns, not self._has_moved(pose))
        text = describe_place(pose)
        problem = self._find_problem(frame.camera, result, pose)
        good_s = self._good.follow(frame.stamp_ns, problem is None)
        if problem is None:
            return Verdict("done" if min(good_s, still_s) >= GOOD_HOLD_S else "active", text)
        is_kept = problem.is_usable and still_s >= PATIENCE_S
        return Verdict("done" if is_kept else "active", f"{text}: {problem.text}", problem.remedy)

    def finish(self) -> Verdict:
        """See Step."""
        return Verdict("failed")

    def _has_moved(self, pose: RigidTransform) -> bool:
        """Since the pose that was last taken for that of a camera at rest."""
        if self._pose is not None:
            half_m = np.array([*self._layout.sheet_size_m, 0.0]) / 2
            corners_m = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * half_m
            shift_m = float(np.abs(pose.apply(corners_m) - self._pose.apply(corners_m)).max())
            if shift_m <= MOVED_M:
                return False
        self._pose = pose
        return True

    def _find_problem(self, camera: Camera, result: FrameResult, pose: RigidTransform) -> _Problem | None:
        """The most important one."""
        if hidden := find_hidden_keys(self._layout, camera, pose):
            named = ", ".join(hidden[:3]) + (f" and {len(hidden) - 3} more" if len(hidden) > 3 else "")
            is_usable = len(hidden) < len(self._layout.keys) / 2
            return _Problem(f"out of view: {named}", "move the camera until the whole sheet is in view", is_usable)
        if compute_elevation_deg(pose) < MIN_USABLE_ELEVATION_DEG:
            return _Problem("it looks along the desk", BEST_ELEVATION, is_usable=False)
        if advice := find_advice(result, ELEVATION_CODES):
            return _Problem(advice.text, advice.remedy)
        if advice := find_advice(result, ("camera_turned",)):
            return _Problem(advice.text, "mount it upright, or run setup again with --rotate")
        side = find_side(pose)
        return WRONG_SIDES[side] if side in WRONG_SIDES and side != self._user_side else None


def compute_elevation_deg(camera_from_sheet: RigidTransform) -> float:
    """Of the camera above the sheet, seen from the sheet's middle, degrees: 90 from straight above."""
    x_m, y_m, z_m = camera_from_sheet.inverse.translation_m
    return math.degrees(math.atan2(z_m, math.hypot(x_m, y_m)))


def find_side(camera_from_sheet: RigidTransform) -> Literal["facing", "own", "left", "right", "above"]:
    """Of the sheet, where the camera is, as the typist sees it."""
    x_m, y_m, z_m = camera_from_sheet.inverse.translation_m
    if math.degrees(math.atan2(math.hypot(x_m, y_m), z_m)) < MIN_SIDE_DEG:
        return "above"
    if abs(y_m) >= abs(x_m):
        return "facing" if y_m > 0 else "own"
    return "right" if x_m > 0 else "left"


def describe_place(camera_from_sheet: RigidTransform) -> str:
    """Where the camera is, in words."""
    places = {
        "facing": "facing the typist",
        "own": "on the typist's own side",
        "left": "left of the typist",
        "right": "right of the typist",
        "above": "straight above",
    }
    distance_cm = 100 * float(np.linalg.norm(camera_from_sheet.translation_m))
    elevation_deg = compute_elevation_deg(camera_from_sheet)
    place = places[find_side(camera_from_sheet)]
    return f"{distance_cm:.0f} cm away, {elevation_deg:.0f} degrees above the sheet, {place}"


def find_hidden_keys(layout: Layout, camera: Camera, camera_from_sheet: RigidTransform) -> list[str]:
    """Names of the keys whose middle is not in the image."""
    centers_m = camera_from_sheet.apply(np.array([[*key.center_m, 0.0] for key in layout.keys]))
    is_before = centers_m[:, 2] > 0
    pixels = camera.project(np.where(is_before[:, None], centers_m, [0.0, 0.0, 1.0]))
    limits_px = np.array([camera.width, camera.height]) - 1 - EDGE_PX
    is_seen = is_before & (pixels >= EDGE_PX).all(axis=1) & (pixels <= limits_px).all(axis=1)
    return [key.name for key, seen in zip(layout.keys, is_seen, strict=True) if not seen]
