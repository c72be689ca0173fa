"""What is likely to be written: words of a list, and other words that look like them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fingertip_contact.keyboard.character_model import CONTEXT_LENGTH, WORD_BOUNDARY, CharacterModel
from fingertip_contact.keyboard.lexicon import Lexicon, Span
from fingertip_contact.keyboard.word_list import MAX_WORD_LENGTH, load_words

# Fraction of the probability that is spread evenly over all characters, so that names and passwords can be typed.
UNIFORM_WEIGHT = 0.1
# Maximum preference of one character over another: about 4 mm between the keys of a keyboard, less than half a key, so
# that a touch near a key's middle is always that key.
MAX_NLL_NATS = 3.0
# Probability that a word is none of the list.
UNKNOWN_WORD_PROBABILITY = 0.1


class WordBeginning(NamedTuple):
    """The letters of a word so far, in lower case. span: the words of the list that begin so. unknown_nll: negative
    log-likelihood of the letters if the word is none of the list."""

    letters: str
    span: Span
    unknown_nll: float


class LanguageModel:
    """Words of a list by their frequency, and unknown words by their characters."""

    def __init__(self, words: Mapping[str, float]) -> None:
        """words: the frequency of each, in any unit. Raises ValueError if there are none."""
        if not words:
            raise ValueError("a language model needs at least one word")
        self._characters = CharacterModel(words)
        self.lexicon = Lexicon(words)
        # Of the letters that words have, the space after them not included.
        self.letters = self._characters.alphabet - {WORD_BOUNDARY}
        self.start = WordBeginning("", self.lexicon.everything, 0.0)

    def extend(self, beginning: WordBeginning, letter: str) -> WordBeginning:
        """The beginning with one more letter, which is one of `letters`."""
        letters = beginning.letters + letter
        unknown_nll = beginning.unknown_nll + self._unknown_nll(letter, beginning.letters)
        return WordBeginning(letters, self.lexicon.extend(beginning.span, letters), unknown_nll)

    def find_continuations(self, beginning: WordBeginning) -> list[str]:
        """The characters that come after this beginning in words of the list; a space after a whole word."""
        found = [WORD_BOUNDARY] if self.lexicon.word_probability(beginning.span, beginning.letters) else []
        return found + self.lexicon.find_next_letters(beginning.span, len(beginning.letters))

    def beginning_nll(self, beginning: WordBeginning) -> float:
        """Negative log-likelihood that a word begins so, nats."""
        return _mix(self.lexicon.probability(beginning.span), beginning.unknown_nll)

    def word_nll(self, beginning: WordBeginning) -> float:
        """Negative log-likelihood of the word that is complete with this beginning, nats."""
        known = self.lexicon.word_probability(beginning.span, beginning.letters)
        return _mix(known, beginning.unknown_nll + self._unknown_nll(WORD_BOUNDARY, beginning.letters))

    def negative_log_likelihood(self, text: str, candidates: Sequence[str]) -> list[float]:
        """Negative log-likelihood of each candidate after a text, relative to the likeliest: 0 to MAX_NLL_NATS.

        Candidates that are in no word, and keys that write nothing (""), have the uniform probability. After anything
        but a letter of the model, a space or a line end nothing is known: every candidate gets 0.
        """
        context = self._extract_context(text)
        if context is None or not candidates:
            return [0.0] * len(candidates)
        uniform_probability = UNIFORM_WEIGHT / len(candidates)
        probabilities = [
            uniform_probability + (1 - UNIFORM_WEIGHT) * self.probability(candidate, context)
            for candidate in candidates
        ]
        best = max(probabilities)
        return [min(math.log(best / value), MAX_NLL_NATS) for value in probabilities]

    def probability(self, character: str, context: str) -> float:
        """Of a character after its context, which begins with a space; 0 if the character is in no word."""
        return self._characters.probability(character.lower(), context[-CONTEXT_LENGTH:])

    def _unknown_nll(self, character: str, letters: str) -> float:
        probability = self._characters.probability(character, (WORD_BOUNDARY + letters)[-CONTEXT_LENGTH:])
        uniform_probability = UNIFORM_WEIGHT / len(self._characters.alphabet)
        return -math.log(uniform_probability + (1 - UNIFORM_WEIGHT) * probability)

    def _extract_context(self, text: str) -> str | None:
        tail = (WORD_BOUNDARY + text[-MAX_WORD_LENGTH:]).lower().replace("\n", WORD_BOUNDARY)
        context = tail[-CONTEXT_LENGTH:]
        if context[-1] not in self._characters.alphabet:
            return None
        start = max(context.rfind(WORD_BOUNDARY), 0)
        return context[start:]


def load_language(name_or_path: str | Path) -> LanguageModel:
    """A model of a word list; raises as `load_words` does."""
    return LanguageModel(load_words(name_or_path))


def _mix(known_probability: float, unknown_nll: float) -> float:
    unknown_nll -= math.log(UNKNOWN_WORD_PROBABILITY)
    if known_probability == 0.0:
        return unknown_nll
    return -math.log((1 - UNKNOWN_WORD_PROBABILITY) * known_probability + math.exp(-unknown_nll))
