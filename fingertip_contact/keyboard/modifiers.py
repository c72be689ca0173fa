"""Shift and its like: which of them were down at a moment."""

from __future__ import annotations

from fingertip_contact.datatypes import Modifier

# With one of these a key is a command, not a character.
COMMAND_MODIFIERS: frozenset[Modifier] = frozenset(("ctrl", "alt", "meta"))


class Modifiers:
    """Asked by the time of touch, not by the order of decisions: who types fast lets go of Shift before the letter
    that it was meant for has been decided."""

    def __init__(self) -> None:
        self.caps_lock = False
        self._held: dict[int, tuple[Modifier, int]] = {}
        self._released: dict[Modifier, tuple[int, int]] = {}

    def press(self, press: int, modifier: Modifier, at_ns: int) -> None:
        """A finger went down on a modifier; Caps Lock changes then and there."""
        self._held[press] = (modifier, at_ns)
        if modifier == "caps_lock":
            self.caps_lock = not self.caps_lock

    def release(self, press: int, at_ns: int) -> None:
        """The finger left; nothing happens where this press was on no modifier."""
        if press in self._held:
            modifier, since_ns = self._held.pop(press)
            self._released[modifier] = (since_ns, at_ns)

    def cancel(self, press: int) -> None:
        """The press was none: as if it had never been."""
        modifier, _ = self._held.pop(press, (None, 0))
        if modifier == "caps_lock":
            self.caps_lock = not self.caps_lock

    def drop_released(self) -> None:
        """Stamps run backwards: what ended lies in another time."""
        self._released.clear()

    def active_at(self, at_ns: int) -> tuple[Modifier, ...]:
        """Those held down at a moment, in alphabetical order. Caps Lock is one only while a finger is on it."""
        held = {modifier for modifier, since_ns in self._held.values() if since_ns <= at_ns}
        released = {
            modifier for modifier, (since_ns, until_ns) in self._released.items() if since_ns <= at_ns <= until_ns
        }
        return tuple(sorted(held | released))
