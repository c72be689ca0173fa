"""Contact events to key events and text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.frames import ContactEvent, KeyEvent, Rejection
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import BACKSPACE, Key, Layout
from fingertip_contact.keyboard.modifiers import COMMANDS, Modifiers
from fingertip_contact.keyboard.touch_model import TouchModel

_S_TO_NS = 1_000_000_000


@dataclass(frozen=True)
class TypingSettings:
    """repeat_delay_s: a key held for longer repeats, 0: never. repeat_interval_s: from one repetition to the next.
    misses: whether presses on no key give events too, with an empty key and the reason.

    Raises ValueError for a time that is out of range.
    """

    repeat_delay_s: float = 0.0
    repeat_interval_s: float = 0.05
    misses: bool = False

    def __post_init__(self) -> None:
        if not (self.repeat_delay_s == 0.0 or 0.1 <= self.repeat_delay_s <= 10.0):
            raise ValueError(f"repeat_delay_s is {self.repeat_delay_s}: choose 0 (never) or 0.1 to 10 seconds")
        if not 0.01 <= self.repeat_interval_s <= 10.0:
            raise ValueError(f"repeat_interval_s is {self.repeat_interval_s}: choose 0.01 to 10 seconds")


@dataclass
class _Repetition:
    """The key that repeats while it is held: the last one that was pressed."""

    press: KeyEvent
    due_ns: int
    count: int = 0


class Typist:
    """Gives each press its key, keeps that key until the press ends, and writes the text."""

    def __init__(
        self, layout: Layout, settings: TypingSettings | None = None, language: LanguageModel | None = None
    ) -> None:
        """language: which characters to expect; without one only the place of a touch counts."""
        self._layout = layout
        self._settings = settings or TypingSettings()
        self._language = language
        self._touch = TouchModel(layout)
        self._modifiers = Modifiers()
        self._held: dict[int, Key | None] = {}
        self._repetition: _Repetition | None = None
        self._before_last_press: tuple[int, str] | None = None
        self._last_stamp_ns = 0
        self.text = ""

    def process(
        self,
        events: Iterable[ContactEvent],
        camera_from_sheet: RigidTransform | None,
        stamp_ns: int | None = None,
    ) -> tuple[KeyEvent, ...]:
        """The events that are on a key. While the sheet is not found, presses are on none; those held still end.

        stamp_ns: of the frame, by which held keys repeat. A press whose number is held already is left aside: each
        press has one end.
        """
        found = [self._key_event(event, camera_from_sheet) for event in events]
        if stamp_ns is not None:
            found.append(self._repeat(stamp_ns))
        return tuple(event for event in found if event is not None)

    def clear(self) -> None:
        """Empties the text; held keys stay held."""
        self.text = ""
        self._before_last_press = None

    def _key_event(self, event: ContactEvent, camera_from_sheet: RigidTransform | None) -> KeyEvent | None:
        if event.stamp_ns < self._last_stamp_ns:
            self._modifiers.forget_ended()
        self._last_stamp_ns = event.stamp_ns
        if event.type == "press":
            return None if event.press in self._held else self._press(event, camera_from_sheet)
        if event.press not in self._held:
            return None
        key = self._held[event.press]
        name = key.name if key else ""
        if event.type == "move":
            return KeyEvent(event, self._layout.name, name, "")
        return self._end(event, name)

    def _press(self, event: ContactEvent, camera_from_sheet: RigidTransform | None) -> KeyEvent | None:
        if camera_from_sheet is None or not np.all(np.isfinite(event.point_m)):
            return self._miss(event, "", "no_sheet")
        point_m = camera_from_sheet.inverse.apply(event.point_m)[:2]
        touched = self._touch.choose(point_m, event.hand, event.finger)
        if touched is None:
            nearest, _ = self._layout.nearest(point_m)
            return self._miss(event, self._layout.keys[nearest[0]].text, "off_key")
        key = self._expected(point_m, event) if self._language else touched
        self._touch.learn(point_m, event.hand, event.finger, key)
        self._held[event.press] = key
        self._before_last_press = (event.press, self.text)
        found = self._written(event, key)
        if key is not touched and found.reason is None:
            found = replace(found, rejected=touched.text or touched.name, reason="language")
        self._write(key, found.text)
        if key.modifier is None:
            self._start_repetition(found)
        else:
            self._modifiers.press(event.press, key.modifier, event.contact_ns)
        return found

    def _expected(self, point_m: np.ndarray, event: ContactEvent) -> Key:
        """The key that the touch means, given what was written before. Only keys in reach are candidates, so there
        is one where there was one without a language."""
        assert self._language is not None
        nats = self._language.nats(self.text, [key.text for key in self._layout.keys])
        key = self._touch.choose(point_m, event.hand, event.finger, nats)
        assert key is not None
        return key

    def _written(self, event: ContactEvent, key: Key) -> KeyEvent:
        """The event of a press, with what it writes under the modifiers of its moment."""
        modifiers = self._modifiers.at(event.contact_ns)
        text = key.written("shift" in modifiers, self._modifiers.caps_lock)
        if text and not COMMANDS.isdisjoint(modifiers):
            return KeyEvent(event, self._layout.name, key.name, "", modifiers, rejected=text, reason="modifier")
        return KeyEvent(event, self._layout.name, key.name, text, modifiers)

    def _miss(self, event: ContactEvent, rejected: str, reason: Rejection) -> KeyEvent | None:
        if not self._settings.misses:
            return None
        self._held[event.press] = None
        return KeyEvent(event, self._layout.name, "", "", rejected=rejected, reason=reason)

    def _end(self, event: ContactEvent, name: str) -> KeyEvent:
        """A release or cancel. A cancelled press wrote nothing, unless others have typed on since."""
        del self._held[event.press]
        if self._repetition and self._repetition.press.contact.press == event.press:
            self._repetition = None
        if event.type == "release":
            self._modifiers.release(event.press, event.contact_ns)
            return KeyEvent(event, self._layout.name, name, "")
        self._modifiers.cancel(event.press)
        if self._before_last_press is None or self._before_last_press[0] != event.press:
            return KeyEvent(event, self._layout.name, name, "")
        written, self.text = self.text, self._before_last_press[1]
        self._before_last_press = None
        return KeyEvent(event, self._layout.name, name, "", rejected=written[len(self.text) :], reason="cancelled")

    def _write(self, key: Key, text: str) -> None:
        self.text = self.text[:-1] if key.name == BACKSPACE else self.text + text

    def _start_repetition(self, press: KeyEvent) -> None:
        """Another key ends the repetition of the one before, as it does on every keyboard."""
        self._repetition = None
        if self._settings.repeat_delay_s and (press.text or press.key == BACKSPACE):
            due_ns = press.contact.contact_ns + round(self._settings.repeat_delay_s * _S_TO_NS)
            self._repetition = _Repetition(press, due_ns)

    def _repeat(self, stamp_ns: int) -> KeyEvent | None:
        """At most one repetition a frame: after a gap in the stream there is no burst."""
        repetition = self._repetition
        if repetition is None or stamp_ns < repetition.due_ns:
            return None
        repetition.count += 1
        interval_ns = round(self._settings.repeat_interval_s * _S_TO_NS)
        late_ns = stamp_ns - repetition.due_ns
        repetition.due_ns = (stamp_ns if late_ns > interval_ns else repetition.due_ns) + interval_ns
        press = repetition.press
        self._write(self._layout.by_name[press.key], press.text)
        contact = replace(press.contact, type="move", stamp_ns=stamp_ns, contact_ns=stamp_ns)
        return replace(press, contact=contact, rejected="", reason=None, repeat=repetition.count)
