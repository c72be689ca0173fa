"""Contact events to key events and text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.datatypes import ContactEvent, Finger, Handedness, KeyEvent, Rejection, TapCandidate
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.accents import COMBINING, compose
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import Key, Layout
from fingertip_contact.keyboard.modifiers import COMMAND_MODIFIERS, Modifiers
from fingertip_contact.keyboard.touch_model import TouchModel
from fingertip_contact.keyboard.typed_text import TouchPlace, TypedText
from fingertip_contact.text_buffer import BACKSPACE, TextBuffer

_S_TO_NS = 1_000_000_000
# After a second without a touch the word in progress counts as complete.
PAUSE_NS = _S_TO_NS
# A finger taps at most every 100 ms: a touch sooner after its press is part of that press.
_MIN_TAP_INTERVAL_NS = 100_000_000


@dataclass(frozen=True)
class KeyDecoderSettings:
    """repeat_delay_s: a key held for longer repeats, 0: never. repeat_interval_s: time between repetitions.
    report_off_key: whether presses off every key give events too, with an empty key and the reason.

    Raises ValueError for a time that is out of range.
    """

    repeat_delay_s: float = 0.0
    repeat_interval_s: float = 0.05
    report_off_key: bool = False

    def __post_init__(self) -> None:
        if not (self.repeat_delay_s == 0.0 or 0.1 <= self.repeat_delay_s <= 10.0):
            raise ValueError(f"repeat_delay_s is {self.repeat_delay_s}: choose 0 (never) or 0.1 to 10 seconds")
        if not 0.01 <= self.repeat_interval_s <= 10.0:
            raise ValueError(f"repeat_interval_s is {self.repeat_interval_s}: choose 0.01 to 10 seconds")


@dataclass
class _KeyRepeat:
    """The key that repeats while it is held: the last one that was pressed."""

    press: KeyEvent
    due_ns: int
    count: int = 0


class KeyDecoder:
    """Gives each press its key, at once and for good, until the press ends; and writes the text.

    With a language model the text may say otherwise than the key events: see `TextDecoder`.
    """

    def __init__(
        self, layout: Layout, settings: KeyDecoderSettings | None = None, language: LanguageModel | None = None
    ) -> None:
        """language: which characters to expect; without a model only the position of a touch counts."""
        self._layout = layout
        self._settings = settings or KeyDecoderSettings()
        self._language = language
        self._touch_model = TouchModel(layout)
        self._modifiers = Modifiers()
        self._held_keys: dict[int, Key | None] = {}
        self._key_repeat: _KeyRepeat | None = None
        # The accent of a dead key that waits for its letter, and the number of the press.
        self._accent, self._accent_press = "", -1
        self._last_stamp_ns = 0
        self._typed_text = TypedText(layout, self._touch_model, language)
        self._last_press_ns: dict[tuple[Handedness, Finger], int] = {}
        self._last_touch_ns = 0

    @property
    def text(self) -> str:
        """The text written since the start, or since `clear`. With a language model the last word and the one before
        may still change."""
        return self._typed_text.text

    @property
    def text_buffer(self) -> TextBuffer:
        """The text as the key events wrote it."""
        return self._typed_text.buffer

    @property
    def word_in_progress(self) -> str:
        """What the suggestions would replace at the end of the text; empty without a language model."""
        return self._typed_text.word_in_progress

    def suggestions(self) -> tuple[str, ...]:
        """At most three other readings or completions of the word in progress; none without a language model."""
        return self._typed_text.suggest()

    def complete_word(self) -> None:
        """No more touches come for now: the word in progress is complete."""
        self._typed_text.complete_word()

    def process(
        self,
        events: Iterable[ContactEvent],
        camera_from_sheet: RigidTransform | None,
        stamp_ns: int | None = None,
        tentative: Sequence[TapCandidate] = (),
    ) -> tuple[KeyEvent, ...]:
        """The key events of one frame. Until the sheet is found, presses are not on a key; keys held still end.

        stamp_ns: stamp of the frame, which times the repetition of held keys. tentative: touches that were no presses
        but may have been taps; they give no events, and only a language model can make letters of them. A press whose
        number is held already is ignored: each press has one end.
        """
        found: list[KeyEvent | None] = []
        waiting = sorted(tentative, key=lambda candidate: candidate.contact_ns)
        for event in events:
            while event.type == "press" and waiting and waiting[0].contact_ns <= event.contact_ns:
                self._read_tentative(waiting.pop(0), camera_from_sheet)
            found.append(self._decode_event(event, camera_from_sheet))
        for candidate in waiting:
            self._read_tentative(candidate, camera_from_sheet)
        if stamp_ns is not None:
            found.append(self._emit_repeat(stamp_ns))
            if stamp_ns - self._last_touch_ns > PAUSE_NS:
                self.complete_word()
        return tuple(event for event in found if event is not None)

    def continue_text(self, text: str) -> None:
        """Write after this text, as another decoder left it; nothing of it changes any more, but by backspace."""
        self._typed_text.continue_text(text)

    def clear(self) -> None:
        """Empties the text; held keys stay held."""
        self._accent = ""
        self._typed_text.clear()

    def _decode_event(self, event: ContactEvent, camera_from_sheet: RigidTransform | None) -> KeyEvent | None:
        if event.stamp_ns < self._last_stamp_ns:
            self._modifiers.drop_released()
        self._last_stamp_ns = event.stamp_ns
        if event.type == "press":
            return None if event.press in self._held_keys else self._decode_press(event, camera_from_sheet)
        if event.press not in self._held_keys:
            return None
        key = self._held_keys[event.press]
        name = key.name if key else ""
        if event.type == "move":
            return KeyEvent(event, self._layout.name, name, "")
        return self._finish_press(event, name)

    def _decode_press(self, event: ContactEvent, camera_from_sheet: RigidTransform | None) -> KeyEvent | None:
        if camera_from_sheet is None or not np.all(np.isfinite(event.point_m)):
            return self._make_off_key_event(event, "", "no_sheet")
        point_m = camera_from_sheet.inverse.apply(event.point_m)[:2]
        spatial_key = self._touch_model.choose(point_m, event.hand, event.finger)
        if spatial_key is None:
            nearest, _ = self._layout.find_nearest(point_m)
            return self._make_off_key_event(event, self._layout.keys[nearest[0]].text, "off_key")
        prior_nll = self._compute_prior_nll()
        # Only keys in reach are candidates: a key is found whenever the place alone finds one.
        key = self._touch_model.choose(point_m, event.hand, event.finger, prior_nll) or spatial_key
        self._held_keys[event.press] = key
        place = self._make_place(event, point_m)
        found = self._make_press_event(event, key)
        if key is not spatial_key and found.reason is None:
            found = replace(found, rejected=spatial_key.text or spatial_key.name, reason="language")
        self._typed_text.press(found, place)
        self._touch_model.update(point_m, event.hand, event.finger, key, prior_nll)
        self._last_press_ns[event.hand, event.finger] = self._last_touch_ns = event.contact_ns
        if key.modifier is None:
            self._start_repeat(found)
        else:
            self._modifiers.press(event.press, key.modifier, event.contact_ns)
        return found

    def _read_tentative(self, candidate: TapCandidate, camera_from_sheet: RigidTransform | None) -> None:
        """Nothing is learnt from a touch that may not have been one."""
        since_press_ns = candidate.contact_ns - self._last_press_ns.get((candidate.hand, candidate.finger), -(10**18))
        modifiers = self._modifiers.active_at(candidate.contact_ns)
        if camera_from_sheet is None or not np.all(np.isfinite(candidate.point_m)):
            return
        if 0 <= since_press_ns < _MIN_TAP_INTERVAL_NS or not COMMAND_MODIFIERS.isdisjoint(modifiers):
            return
        point_m = camera_from_sheet.inverse.apply(candidate.point_m)[:2]
        self._typed_text.add_tentative(self._make_place(candidate, point_m), candidate.confidence)
        self._last_touch_ns = candidate.contact_ns

    def _make_place(self, touch: ContactEvent | TapCandidate, point_m: np.ndarray) -> TouchPlace:
        held = self._modifiers.active_at(touch.contact_ns)
        level = "shift" in held, self._modifiers.caps_lock, "altgr" in held
        return TouchPlace(point_m, touch.hand, touch.finger, *level, self._accent)

    def _compute_prior_nll(self) -> list[float] | None:
        """(N,) of each key, given the text before the touch; None without a language model."""
        if self._language is None:
            return None
        return self._language.negative_log_likelihood(self.text, [key.text for key in self._layout.keys])

    def _make_press_event(self, event: ContactEvent, key: Key) -> KeyEvent:
        """The event of a press, with the text that it writes under the modifiers held at touch-down."""
        modifiers = self._modifiers.active_at(event.contact_ns)
        text = key.text_with_modifiers("shift" in modifiers, self._modifiers.caps_lock, "altgr" in modifiers)
        is_command = not COMMAND_MODIFIERS.isdisjoint(modifiers)
        if key.text and (is_command or not text):
            rejected = text or key.text
            return KeyEvent(event, self._layout.name, key.name, "", modifiers, rejected=rejected, reason="modifier")
        return KeyEvent(event, self._layout.name, key.name, self._apply_accent(event.press, key, text), modifiers)

    def _apply_accent(self, press: int, key: Key, text: str) -> str:
        """What a key writes after a dead key. A dead key writes nothing yet, but the accent that waits already."""
        accent = self._accent
        if key.is_dead and text in COMBINING:
            self._accent, self._accent_press = text, press
            return accent
        if key.modifier is None:
            self._accent = ""
        return compose(accent, text)

    def _make_off_key_event(self, event: ContactEvent, rejected: str, reason: Rejection) -> KeyEvent | None:
        if not self._settings.report_off_key:
            return None
        self._held_keys[event.press] = None
        return KeyEvent(event, self._layout.name, "", "", rejected=rejected, reason=reason)

    def _finish_press(self, event: ContactEvent, name: str) -> KeyEvent:
        """A release or cancel. A cancelled press loses its text, unless another key was pressed since."""
        del self._held_keys[event.press]
        if self._key_repeat and self._key_repeat.press.contact.press == event.press:
            self._key_repeat = None
        if event.type == "release":
            self._modifiers.release(event.press, event.contact_ns)
            return KeyEvent(event, self._layout.name, name, "")
        self._modifiers.cancel(event.press)
        if event.press == self._accent_press:
            self._accent = ""
        removed = self._typed_text.cancel(event.press)
        if removed is None:
            return KeyEvent(event, self._layout.name, name, "")
        return KeyEvent(event, self._layout.name, name, "", rejected=removed, reason="cancelled")

    def _start_repeat(self, press: KeyEvent) -> None:
        """Another key ends the repetition of the key before it, as on every keyboard."""
        self._key_repeat = None
        if self._settings.repeat_delay_s and (press.text or press.key == BACKSPACE):
            due_ns = press.contact.contact_ns + round(self._settings.repeat_delay_s * _S_TO_NS)
            self._key_repeat = _KeyRepeat(press, due_ns)

    def _emit_repeat(self, stamp_ns: int) -> KeyEvent | None:
        """At most one repetition per frame, so that a gap in the stream does not cause a burst."""
        key_repeat = self._key_repeat
        if key_repeat is None or stamp_ns < key_repeat.due_ns:
            return None
        key_repeat.count += 1
        interval_ns = round(self._settings.repeat_interval_s * _S_TO_NS)
        late_ns = stamp_ns - key_repeat.due_ns
        key_repeat.due_ns = (stamp_ns if late_ns > interval_ns else key_repeat.due_ns) + interval_ns
        press = key_repeat.press
        self._typed_text.repeat(press.key, press.text)
        contact = replace(press.contact, type="move", stamp_ns=stamp_ns, contact_ns=stamp_ns)
        return replace(press, contact=contact, rejected="", reason=None, repeat=key_repeat.count)
