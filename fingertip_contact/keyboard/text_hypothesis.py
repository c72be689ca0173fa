"""One reading of a series of touches, and what it costs to write one more character."""

from __future__ import annotations

import re
from typing import NamedTuple

from fingertip_contact.keyboard.language import LanguageModel, WordBeginning

# Weight of the language model against the touches.
LANGUAGE_WEIGHT = 0.8
# Each character of a word that is not judged, because it has digits: as likely as one of 27.
UNJUDGED_NLL = 3.3
# A sign where a space would do, or a digit where a letter would.
SIGN_NLL = 5.0
# A second space, or a space at the start of the text.
REPEATED_SPACE_NLL = 5.0
# Of `written`, these end a word; digits and other characters make it one that is not judged.
_SIGNS = frozenset(".,;:!?()[]{}<>\"'-_/\\&+=*@#%$^~`|")


class Hypothesis(NamedTuple):
    """text: after the text that is fixed. cost: of the touches and of the words that have ended, nats. word: the word
    in progress; None if it has digits. score: cost, and that of the word in progress. is_literal: the word in progress
    is as its presses wrote it."""

    text: str
    cost: float
    word: WordBeginning | None
    score: float
    is_literal: bool


class HypothesisWriter:
    """Extends hypotheses by characters, as a language model expects them."""

    def __init__(self, language: LanguageModel) -> None:
        self._language = language

    def start(self, fixed_text: str) -> Hypothesis:
        """The hypothesis with no text of its own after a fixed text, whose last word goes on."""
        found = self._make("", 0.0, self._language.start, True)
        for character in re.split(r"\s", fixed_text)[-1]:
            found = self.write(found, character, 0.0, True, fixed_text)
        return self._make("", 0.0, found.word, True)

    def drop(self, before: Hypothesis, nll: float, is_literal: bool) -> Hypothesis:
        """The same text, at a cost."""
        return before._replace(cost=before.cost + nll, score=before.score + nll, is_literal=is_literal)

    def write(self, before: Hypothesis, text: str, nll: float, is_literal: bool, fixed_text: str) -> Hypothesis:
        """One more key. nll: of its touch. fixed_text: what precedes the hypothesis."""
        written, cost = before.text + text, before.cost + nll
        if text.lower() in self._language.letters:
            if before.word is None:
                return self._make(written, cost + UNJUDGED_NLL, None, is_literal)
            return self._make(written, cost, self._language.extend(before.word, text.lower()), is_literal)
        if text.isspace():
            return self._make(written, cost + self._space_nll(before, fixed_text), self._language.start, True)
        if before.word is not None and text in _SIGNS:
            return self._make(written, cost + SIGN_NLL + self.end_nll(before), self._language.start, is_literal)
        if before.word is None:
            return self._make(written, cost + UNJUDGED_NLL, None, is_literal)
        return self._make(written, cost + SIGN_NLL + UNJUDGED_NLL * len(before.word.letters), None, is_literal)

    def end_nll(self, hypothesis: Hypothesis) -> float:
        """Cost of the word in progress if it ends here."""
        if hypothesis.word is None or not hypothesis.word.letters:
            return 0.0
        return LANGUAGE_WEIGHT * self._language.word_nll(hypothesis.word)

    def _space_nll(self, before: Hypothesis, fixed_text: str) -> float:
        previous = before.text[-1:] or fixed_text[-1:]
        if not previous or previous.isspace():
            return REPEATED_SPACE_NLL
        return self.end_nll(before)

    def _make(self, text: str, cost: float, word: WordBeginning | None, is_literal: bool) -> Hypothesis:
        in_progress = LANGUAGE_WEIGHT * self._language.beginning_nll(word) if word and word.letters else 0.0
        return Hypothesis(text, cost, word, cost + in_progress, is_literal)
