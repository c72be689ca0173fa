"""Hands that type on a layout, key by key, without a camera."""

from __future__ import annotations

import numpy as np

from fingertip_contact.datatypes import ContactEvent, EventType
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.layout import load_layout

FULL = load_layout("qwerty_full")
POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.5]))
MS = 1_000_000


def make_contact_event(
    point_m, event_type: EventType, press: int, ms: float, decided_ms: float | None = None, hand=None, finger=None
):
    """An event at a point of the sheet, at a time; decided at once by default."""
    decided_ns = round((ms if decided_ms is None else decided_ms) * MS)
    surface_point_m = POSE.apply(np.array([*point_m, 0.0]))
    return ContactEvent(
        decided_ns,
        round(ms * MS),
        event_type,
        press,
        1,
        hand or "right",
        finger or "index",
        surface_point_m,
        confidence=1.0,
    )


class TypingHands:
    """Types on a layout, key by key, and keeps every event."""

    def __init__(self, layout=FULL, settings=None, language=None):
        self.layout, self.events = layout, []
        self.decoder = KeyDecoder(layout, settings, language)
        self._presses = 0
        self._pressed_ids = {}

    @property
    def text(self):
        return self.decoder.text

    def press(self, key, ms, decided_ms=None):
        self._presses += 1
        self._pressed_ids[key] = self._presses
        return self._event("press", key, ms, decided_ms)

    def release(self, key, ms, decided_ms=None, event_type: EventType = "release"):
        return self._event(event_type, key, ms, decided_ms)

    def tap(self, key, ms):
        self.press(key, ms)
        return self.release(key, ms + 50)

    def wait(self, from_ms, to_ms):
        """Frames at 30 Hz without an event."""
        for ms in np.arange(from_ms, to_ms, 1000 / 30):
            self.events += self.decoder.process([], POSE, round(ms * MS))

    def _event(self, event_type, key, ms, decided_ms):
        hand, finger = self.layout.fingers.get(key, ("right", "index"))
        event = make_contact_event(
            self.layout.by_name[key].center_m, event_type, self._pressed_ids[key], ms, decided_ms, hand, finger
        )
        key_events = self.decoder.process([event], POSE)
        self.events += key_events
        return key_events[0] if key_events else None
