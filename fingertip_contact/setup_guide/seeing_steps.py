"""The first steps: camera, sheet and surface are there."""

from __future__ import annotations

import numpy as np

from fingertip_contact.advice import Advice
from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.geometry import Camera
from fingertip_contact.setup_guide.step import Held, Verdict

# Images that come steadily, and advice on them that is not news of a single one.
CAMERA_HOLD_S = 0.5
# A second of the empty desk is averaged for its depth, which advice on it follows.
SURFACE_HOLD_S, SURFACE_PATIENCE_S = 0.3, 8.0
# Codes of advice (advice.py) that each step waits for.
PICTURE_CODES = ("slow_frames", "dark_images", "blurred_images")
SHEET_CODES = ("mirrored", "one_marker", "other_layout", "no_sheet", "no_surface", *PICTURE_CODES)
SURFACE_CODES = ("wrong_scale", "sheet_tilted", "surface_moved", "no_desk_in_depth", "depth_invalid")
# That of a surface that is unknown for another reason.
UNKNOWN_SURFACE_CODES = ("surface", "no_surface")


def find_advice(result: FrameResult, codes: tuple[str, ...]) -> Advice | None:
    """The most important advice of these codes; None where there is none."""
    return next((advice for advice in result.advice if advice.code in codes), None)


def tell_waiting(advice: Advice | None) -> Verdict:
    """Of a step that waits, and why."""
    return Verdict("active") if advice is None else Verdict("active", advice.text, advice.remedy)


class CameraStep:
    """The camera gives images that can be read. description: of camera and mode."""

    name, instruction = "camera", "point the camera at the desk"
    is_required = True

    def __init__(self, description: str) -> None:
        self._description = description
        self._steady = Held()
        self._first_ns: int | None = None
        self._count = 0

    def begin(self) -> None:
        """See Step."""

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """See Step."""
        self._first_ns = frame.stamp_ns if self._first_ns is None else self._first_ns
        advice = find_advice(result, PICTURE_CODES)
        self._count += 1
        if advice is not None:
            self._steady.follow(frame.stamp_ns, False)
            return Verdict("active", f"{self._description}: {advice.text}", advice.remedy)
        if self._steady.follow(frame.stamp_ns, True) < CAMERA_HOLD_S:
            return Verdict("active", self._description)
        rate_hz = (self._count - 1) / max((frame.stamp_ns - self._first_ns) / 1e9, 1e-9)
        return Verdict(
            "done", f"{self._description}, {rate_hz:.0f} images a second are read, with {_name_streams(frame)}"
        )

    def finish(self) -> Verdict:
        """See Step."""
        return Verdict("failed", self._description)


def _name_streams(frame: Frame) -> str:
    names = ["colour"]
    if frame.depth is not None:
        names.append("depth")
    if frame.stereo is not None:
        names.append("both imagers")
    return " and ".join(names)


class SheetStep:
    """The sheet is found. layout: its name. hold_s: for so long, with a camera that stays the same."""

    name = "sheet"
    is_required = True

    def __init__(self, layout: str, hold_s: float) -> None:
        self.instruction = f"lay the printed sheet of layout {layout} flat in view, its markers uncovered"
        self._layout, self._hold_s = layout, hold_s
        self._found = Held()
        self._camera: Camera | None = None

    def begin(self) -> None:
        """See Step."""

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """See Step."""
        pose = result.camera_from_sheet
        is_same, self._camera = frame.camera == self._camera, frame.camera
        held_s = self._found.follow(frame.stamp_ns, pose is not None and is_same)
        if pose is None:
            return tell_waiting(find_advice(result, SHEET_CODES))
        distance_m = float(np.linalg.norm(pose.translation_m))
        text = f"layout {self._layout}, its middle is {distance_m * 100:.0f} cm from the camera"
        return Verdict("done" if held_s >= self._hold_s else "active", text)

    def finish(self) -> Verdict:
        """See Step."""
        return Verdict("failed")


class SurfaceStep:
    """The surface that is typed on is known, by the sheet or by depth."""

    name, instruction = "surface", "keep hands and things off the sheet for a moment"
    is_required = True

    def __init__(self) -> None:
        self._known, self._agrees = Held(), Held()

    def begin(self) -> None:
        """See Step."""

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """See Step. Where sheet and depth go on to disagree it is done, with advice: colour alone can be read."""
        surface, advice = result.surface, find_advice(result, SURFACE_CODES)
        known_s = self._known.follow(frame.stamp_ns, surface is not None)
        has_depth = surface is not None and surface.depth_plane is not None
        agrees_s = self._agrees.follow(frame.stamp_ns, advice is None and (has_depth or frame.depth is None))
        if surface is None:
            return tell_waiting(advice or find_advice(result, UNKNOWN_SURFACE_CODES))
        if agrees_s >= SURFACE_HOLD_S:
            return Verdict("done", _describe_surface(surface.residual_m if has_depth else None))
        is_kept = known_s >= SURFACE_PATIENCE_S
        if advice is not None:
            return Verdict("done" if is_kept else "active", advice.text, advice.remedy)
        if is_kept:
            return Verdict("done", "from the sheet; depth does not show it", "clear the desk around the sheet")
        return Verdict("active", "found; its depth is measured")

    def finish(self) -> Verdict:
        """See Step."""
        return Verdict("failed")


def _describe_surface(residual_m: float | None) -> str:
    """residual_m: of depth; None without depth."""
    return (
        "from the sheet, in colour" if residual_m is None else f"measured, depth scatters by {residual_m * 1e3:.1f} mm"
    )
