"""Contact events to key events and text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fingertip_contact.frames import ContactEvent, KeyEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import BACKSPACE, Key, Layout
from fingertip_contact.keyboard.touch_model import TouchModel


class Typist:
    """Gives each press its key, keeps that key until the press ends, and writes the text."""

    def __init__(self, layout: Layout) -> None:
        self._name = layout.name
        self._touch = TouchModel(layout)
        self._held: dict[int, Key] = {}
        self._before_last_press: tuple[int, str] | None = None
        self.text = ""

    def process(self, events: Iterable[ContactEvent], camera_from_sheet: RigidTransform | None) -> tuple[KeyEvent, ...]:
        """The events that are on a key. While the sheet is not found, presses are on none; those held still end."""
        found = (self._key_event(event, camera_from_sheet) for event in events)
        return tuple(event for event in found if event is not None)

    def clear(self) -> None:
        """Empties the text; held keys stay held."""
        self.text = ""
        self._before_last_press = None

    def _key_event(self, event: ContactEvent, camera_from_sheet: RigidTransform | None) -> KeyEvent | None:
        if event.type == "press":
            return self._press(event, camera_from_sheet)
        key = self._held.get(event.press)
        if key is None:
            return None
        if event.type in ("release", "cancel"):
            del self._held[event.press]
        if event.type == "cancel":
            self._take_back(event.press)
        return KeyEvent(event, self._name, key.name, "")

    def _press(self, event: ContactEvent, camera_from_sheet: RigidTransform | None) -> KeyEvent | None:
        if camera_from_sheet is None or not np.all(np.isfinite(event.point_m)):
            return None
        point_m = camera_from_sheet.inverse.apply(event.point_m)[:2]
        key = self._touch.choose(point_m, event.hand, event.finger)
        if key is None:
            return None
        self._touch.learn(point_m, event.hand, event.finger, key)
        self._held[event.press] = key
        self._before_last_press = (event.press, self.text)
        self.text = self.text[:-1] if key.name == BACKSPACE else self.text + key.text
        return KeyEvent(event, self._name, key.name, key.text)

    def _take_back(self, press: int) -> None:
        """A cancelled press wrote nothing, unless others have typed on since."""
        if self._before_last_press is not None and self._before_last_press[0] == press:
            self.text = self._before_last_press[1]
            self._before_last_press = None
