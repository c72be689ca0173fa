"""Fingers on keys to keys of a virtual keyboard that go down and up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fingertip_contact.datatypes import Modifier
from fingertip_contact.keyboard.modifiers import Modifiers
from fingertip_contact.protocols import KeySink


@dataclass(frozen=True)
class _Hold:
    """A finger on a key. stamp_ns: of the frame that decided the press. press: number of its own."""

    code: str
    stamp_ns: int
    press: int


class KeyInjector:
    """Keeps what is down: each key that goes down comes up once, and none goes down twice.

    Modifiers are applied by the time of touch-down, not by the order of decisions: those that the finger touched under
    are down while its key goes down, and no others.
    """

    def __init__(self, sink: KeySink, codes: Mapping[str, str], modifiers: Mapping[str, Modifier]) -> None:
        """codes: key code by the name of a key; others are ignored. modifiers: by key code, without Caps Lock."""
        self._sink = sink
        self._codes = codes
        self._modifier_of = modifiers
        self._holds: dict[str, _Hold] = {}
        self._down: dict[str, None] = {}
        self._modifiers = Modifiers()
        # The code that was last used for a modifier.
        self._last_codes: dict[Modifier, str] = {}
        self._presses = 0
        self._newest_ns = 0

    @property
    def down(self) -> tuple[str, ...]:
        """The codes that are down, the oldest first."""
        return tuple(self._down)

    def press(self, finger: str, key: str, stamp_ns: int, contact_ns: int) -> None:
        """A finger touched a key at contact_ns, which the frame of stamp_ns decided. A finger whose last press has not
        ended is lifted first; a key that another finger holds comes up and goes down again, unless it is a modifier."""
        self.end(finger, contact_ns)
        code = self._codes.get(key)
        if code is None:
            return
        if stamp_ns < self._newest_ns:  # A recording that begins again: times of released modifiers no longer apply.
            self._modifiers.drop_released()
        self._newest_ns = stamp_ns
        self._presses += 1
        self._holds[finger] = _Hold(code, stamp_ns, self._presses)
        modifier = self._modifier_of.get(code)
        if modifier is None:
            self._write(code, False)
            self._strike(code, contact_ns)
            return
        self._modifiers.press(self._presses, modifier, contact_ns)
        self._last_codes[modifier] = code
        self._write(code, True)

    def end(self, finger: str, contact_ns: int) -> None:
        """The finger lifted at contact_ns, or its press was cancelled; the key stays down while another finger holds
        it."""
        hold = self._holds.pop(finger, None)
        if hold is None:
            return
        self._modifiers.release(hold.press, contact_ns)
        if all(other.code != hold.code for other in self._holds.values()):
            self._write(hold.code, False)

    def keep_only(self, fingers: Iterable[str], stamp_ns: int) -> None:
        """End the presses of all other fingers that were decided at stamp_ns or before."""
        kept = set(fingers)
        for finger, hold in list(self._holds.items()):
            if finger not in kept and hold.stamp_ns <= stamp_ns:
                self.end(finger, stamp_ns)

    def release_all(self) -> None:
        """Everything comes up, the newest first. Fingers that still lie on keys have to press anew."""
        self._holds.clear()
        self._modifiers = Modifiers()
        for code in reversed(self.down):
            self._write(code, False)

    def _strike(self, code: str, contact_ns: int) -> None:
        """A key goes down with the modifiers of contact_ns; afterwards they are as the fingers hold them."""
        wanted = self._modifiers.active_at(contact_ns)
        held = {self._modifier_of[down]: down for down in self._down if down in self._modifier_of}
        late = [down for down in self.down if down in self._modifier_of and self._modifier_of[down] not in wanted]
        early = [self._last_codes[modifier] for modifier in wanted if modifier not in held]
        for modifier_code in late:
            self._write(modifier_code, False)
        for modifier_code in early:
            self._write(modifier_code, True)
        self._write(code, True)
        for modifier_code in reversed(early):
            self._write(modifier_code, False)
        for modifier_code in late:
            self._write(modifier_code, True)

    def _write(self, code: str, is_down: bool) -> None:
        if is_down != (code in self._down):
            self._sink.write(code, is_down)
            if is_down:
                self._down[code] = None
            else:
                del self._down[code]
