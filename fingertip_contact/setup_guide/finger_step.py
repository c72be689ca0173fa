"""Each of the ten fingers is seen to press."""

from __future__ import annotations

from fingertip_contact.datatypes import FINGERS, HANDS, Frame, FrameResult
from fingertip_contact.setup_guide.seeing_steps import find_advice
from fingertip_contact.setup_guide.step import Held, Verdict

NAMES = tuple(f"{hand} {finger}" for hand in HANDS for finger in FINGERS)
HAND_CODES = ("no_hands", "hands_lost", "camera_behind_hands", "markers_covered", "no_sheet", "no_surface")
# So long after the last new finger people are told what may be the matter.
REMEDY_AFTER_S = 8.0
REMEDY = (
    "lift it higher before the tap, keep it from hiding behind another finger, and see the camera's placement; "
    "a finger that you do not use may be left out: --skip fingers"
)


class FingerStep:
    """Counts the presses of each finger anywhere on the surface. Nothing of it is kept: contact heights are learnt
    while somebody types, anew at each start."""

    name = "fingers"
    instruction = "tap the sheet with each of your ten fingers, one after the other"
    is_required = False

    def __init__(self) -> None:
        self._counts = dict.fromkeys(NAMES, 0)
        self._missing: list[str] = []
        self._waiting = Held()

    def begin(self) -> None:
        """See Step."""

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """See Step."""
        for event in result.contact_events:
            if event.type == "press":
                self._counts[f"{event.hand} {event.finger}"] += 1
        missing = self._find_missing()
        if not missing:
            total = sum(self._counts.values())
            return Verdict("done", f"each of ten fingers is read, in {total} taps; their heights adapt while you type")
        if missing != self._missing:
            self._missing = missing
            self._waiting = Held()
        waited_s = self._waiting.follow(frame.stamp_ns, True)
        advice = find_advice(result, HAND_CODES)
        remedy = (REMEDY if waited_s > REMEDY_AFTER_S else "") if advice is None else advice.message
        return Verdict("active", self._describe(missing), remedy)

    def finish(self) -> Verdict:
        """See Step."""
        return Verdict("failed", self._describe(self._find_missing()), REMEDY)

    def _find_missing(self) -> list[str]:
        return [name for name, count in self._counts.items() if not count]

    def _describe(self, missing: list[str]) -> str:
        return f"{len(NAMES) - len(missing)} of {len(NAMES)} fingers are read, not yet: {', '.join(missing)}"
