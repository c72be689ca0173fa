"""The text of a keyboard: as its presses wrote it, and as a language model reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import Finger, Handedness, KeyEvent
from fingertip_contact.keyboard.accents import compose
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import Key, Layout
from fingertip_contact.keyboard.modifiers import COMMAND_MODIFIERS
from fingertip_contact.keyboard.text_decoder import MAX_DOUBTED_PROBABILITY, TextDecoder, Touch
from fingertip_contact.keyboard.touch_model import TouchModel
from fingertip_contact.text_buffer import BACKSPACE, TextBuffer

# The key of a certain press, and a digit or sign, changes only to one that fits its place at most this much worse:
# touches within about 2 mm of a key's middle never do, so that names, passwords and numbers can be typed.
MAX_KEY_CHANGE_NATS = 4.5
MAX_DOUBTED_CHANGE_NATS = 6.0
# A touch that was no press is of a key that fits at least so well.
MAX_NLL_NATS = 6.0


@dataclass(frozen=True)
class TouchPlace:
    """Where a finger touched, and what changes letters then. point_m: (2,) in the sheet's frame. accent: of a dead key
    that waits, empty: none."""

    point_m: np.ndarray
    hand: Handedness
    finger: Finger
    shift: bool
    caps_lock: bool
    altgr: bool = False
    accent: str = ""


class TypedText:
    """Keeps both texts in step. Without a language model there is one: that of the presses."""

    def __init__(self, layout: Layout, touch_model: TouchModel, language: LanguageModel | None) -> None:
        self._layout = layout
        self._touch_model = touch_model
        self._language = language
        self._decoder = TextDecoder(language) if language else None
        self._key_indices = {key.name: index for index, key in enumerate(layout.keys)}
        self.buffer = TextBuffer()

    @property
    def text(self) -> str:
        """The best text so far."""
        return self._decoder.text if self._decoder else self.buffer.text

    def press(self, event: KeyEvent, place: TouchPlace) -> None:
        """A press and what it wrote."""
        press = event.contact.press
        self.buffer.press(press, event.key, event.text)
        if self._decoder is None:
            return
        if event.key == BACKSPACE:
            self._decoder.press_backspace(press)
        elif event.text:
            self._decoder.press(press, self._make_press_touch(event, place))
        elif self._is_no_command(event):
            self._decoder.press(press, None)
        else:
            self._decoder.press_command(press)

    def add_tentative(self, place: TouchPlace, tap_probability: float) -> None:
        """A touch that was no press but may have been a tap: of a letter or a space, everything else takes a press."""
        if self._decoder is None:
            return
        key = self._touch_model.choose(place.point_m, place.hand, place.finger)
        if key is not None and self._is_of_words(key.text):
            self._decoder.add_tentative(Touch(self._find_word_keys(place, MAX_NLL_NATS), tap_probability, None))

    def repeat(self, key: str, text: str) -> None:
        """A held key writes once more."""
        self.buffer.repeat(key, text)
        if self._decoder is None:
            return
        if key == BACKSPACE:
            self._decoder.repeat_backspace()
        else:
            self._decoder.repeat(text)

    def cancel(self, press: int) -> str | None:
        """Takes the last press back; returns what it had written, None if the press is not the last one."""
        if self._decoder:
            self._decoder.cancel(press)
        return self.buffer.cancel(press)

    def clear(self) -> None:
        """Empty the text; the presses before can no longer be cancelled."""
        self.buffer.clear()
        if self._decoder:
            self._decoder.clear()

    def continue_text(self, text: str) -> None:
        """Start after this text, which is fixed."""
        self.buffer.continue_text(text)
        if self._decoder:
            self._decoder.continue_text(text)

    def complete_word(self) -> None:
        """The typist pauses."""
        if self._decoder:
            self._decoder.complete_word()

    @property
    def word_in_progress(self) -> str:
        """The letters at the end of the text; empty without a language model."""
        return self._decoder.word_in_progress if self._decoder else ""

    def suggest(self) -> tuple[str, ...]:
        """See `TextDecoder.suggest`; none without a language model."""
        return self._decoder.suggest() if self._decoder else ()

    def _make_press_touch(self, event: KeyEvent, place: TouchPlace) -> Touch:
        """The key of the press, and the letters and the space that it may have been instead."""
        own_nll = float(self._compute_nll(place)[self._key_indices[event.key]])
        is_certain = event.contact.confidence > MAX_DOUBTED_PROBABILITY or not self._is_of_words(event.text)
        max_nll = own_nll + (MAX_KEY_CHANGE_NATS if is_certain else MAX_DOUBTED_CHANGE_NATS)
        others = self._find_word_keys(place, max_nll)
        keys = {**dict(others), event.text: own_nll}
        return Touch(tuple(keys.items()), event.contact.confidence, event.text)

    def _find_word_keys(self, place: TouchPlace, max_nll: float) -> tuple[tuple[str, float], ...]:
        """Text and negative log-likelihood of the keys that write letters or a space."""
        nll = self._compute_nll(place)
        keys = (
            (self._read_key(self._layout.keys[index], place), float(nll[index]))
            for index in np.nonzero(nll <= max_nll)[0]
        )
        return tuple((text, value) for text, value in keys if self._is_of_words(text))

    def _is_no_command(self, event: KeyEvent) -> bool:
        """Modifiers and dead keys change what comes next; AltGr with a key that has no such character does nothing."""
        key = self._layout.by_name[event.key]
        has_nothing = event.reason == "modifier" and COMMAND_MODIFIERS.isdisjoint(event.modifiers)
        return bool(key.modifier) or has_nothing or (key.is_dead and event.reason is None)

    @staticmethod
    def _read_key(key: Key, place: TouchPlace) -> str:
        """What a key would have written at this touch."""
        return compose(place.accent, key.text_with_modifiers(place.shift, place.caps_lock, place.altgr))

    def _compute_nll(self, place: TouchPlace) -> np.ndarray:
        return self._touch_model.compute_nll(place.point_m, place.hand, place.finger)

    def _is_of_words(self, text: str) -> bool:
        return text == " " or (self._language is not None and text.lower() in self._language.letters)
