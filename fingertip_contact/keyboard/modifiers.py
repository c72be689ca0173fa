"""Shift and the other modifiers: which of them were held at a given time."""

from __future__ import annotations

from fingertip_contact.datatypes import Modifier

# With one of these a key is a command, not a character.
COMMAND_MODIFIERS: frozenset[Modifier] = frozenset(("ctrl", "alt", "meta"))


class Modifiers:
    """The history of held modifiers, queried by the time of touch-down rather than the order of decisions: fast typists
    release Shift before the press of its letter is decided."""

    def __init__(self) -> None:
        self.caps_lock = False
        self._held: dict[int, tuple[Modifier, int]] = {}
        self._released: dict[Modifier, tuple[int, int]] = {}

    def press(self, press: int, modifier: Modifier, at_ns: int) -> None:
        """A finger pressed a modifier; Caps Lock toggles at once."""
        self._held[press] = (modifier, at_ns)
        if modifier == "caps_lock":
            self.caps_lock = not self.caps_lock

    def release(self, press: int, at_ns: int) -> None:
        """The finger lifted; ignored if this press was not on a modifier."""
        if press in self._held:
            modifier, since_ns = self._held.pop(press)
            self._released[modifier] = (since_ns, at_ns)

    def cancel(self, press: int) -> None:
        """Undo the press."""
        modifier, _ = self._held.pop(press, (None, 0))
        if modifier == "caps_lock":
            self.caps_lock = not self.caps_lock

    def drop_released(self) -> None:
        """Forget released modifiers: stamps ran backwards, so their times no longer apply."""
        self._released.clear()

    def active_at(self, at_ns: int) -> tuple[Modifier, ...]:
        """The modifiers held at a time, in alphabetical order. Caps Lock counts only while a finger is on it."""
        held = {modifier for modifier, since_ns in self._held.values() if since_ns <= at_ns}
        released = {
            modifier for modifier, (since_ns, until_ns) in self._released.items() if since_ns <= at_ns <= until_ns
        }
        return tuple(sorted(held | released))
