"""How many keystrokes the suggestions save a typist who takes the right one as soon as it is offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import ContactEvent
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import Key, Layout
from fingertip_research.evaluation.dead_keys import spell
from fingertip_research.evaluation.uncertain_taps import POSE, TAP_INTERVAL_NS


@dataclass(frozen=True)
class SuggestionSavings:
    """keys: of the text without suggestions, spaces and dead keys included. taken_keys: with them; a suggestion is one
    key, and writes the space after the word. words, taken_words: of the text, and those that were suggested in time."""

    keys: int
    taken_keys: int
    words: int
    taken_words: int

    @property
    def saved_ratio(self) -> float:
        """Of the keys."""
        return 1.0 - self.taken_keys / self.keys


def measure_savings(layout: Layout, phrases: Sequence[str], language: LanguageModel) -> SuggestionSavings:
    """Each phrase is typed by a decoder of its own, every touch in the middle of its key. Raises KeyError for a
    character that the layout has not."""
    counts = np.zeros(4, dtype=int)
    for phrase in phrases:
        typist = _Typist(layout, language)
        for word in phrase.split():
            keys = len(spell(layout, word)) + 1
            taken = typist.type_until_suggested(word)
            counts += (keys, min(taken + 1, keys), 1, taken + 1 < keys)
    return SuggestionSavings(*counts.tolist())


class _Typist:
    def __init__(self, layout: Layout, language: LanguageModel) -> None:
        self._layout = layout
        self._decoder = KeyDecoder(layout, language=language)
        self._press = 0

    def type_until_suggested(self, word: str) -> int:
        """Types the whole word and a space; returns the number of keys after which the word was suggested first."""
        needed = spelled = len(keys := spell(self._layout, word))
        for count, key in enumerate(keys, 1):
            self._tap(key)
            if needed == spelled and word in self._decoder.suggestions():
                needed = count
        self._tap(self._layout.by_text[" "])
        return needed

    def _tap(self, key: Key) -> None:
        self._press += 1
        hand, finger = self._layout.fingers.get(key.name, ("right", "index"))
        now_ns, point_m = self._press * TAP_INTERVAL_NS, POSE.apply(np.array([*key.center_m, 0.0]))
        for event_type in ("press", "release"):
            event = ContactEvent(now_ns, now_ns, event_type, self._press, 0, hand, finger, point_m, 0.99)
            self._decoder.process([event], POSE)
