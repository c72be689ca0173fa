"""Probabilities of the next character of a word, from a list of words.

An n-gram model with Witten and Bell's interpolation (IEEE Trans. Information Theory 37(4), 1991), where a context with
many different followers gives its own counts less weight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

# Characters that the next one depends on, the space before the word included.
CONTEXT_LENGTH = 5
WORD_BOUNDARY = " "
_CACHE_SIZE = 100_000


class CharacterModel:
    """An n-gram model of the characters of words in lower case, each followed by a space."""

    def __init__(self, words: Mapping[str, float]) -> None:
        """words: the frequency of each, in any unit; at least one."""
        # Witten and Bell's weights are of counts: the rarest word counts as seen once.
        rarest = min(words.values())
        followers: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for word, frequency in words.items():
            text = WORD_BOUNDARY + word.lower() + WORD_BOUNDARY
            for position in range(1, len(text)):
                for length in range(min(CONTEXT_LENGTH, position) + 1):
                    followers[text[position - length : position]][text[position]] += frequency / rarest
        self._followers = {context: dict(counts) for context, counts in followers.items()}
        self._totals = {context: sum(counts.values()) for context, counts in followers.items()}
        # Of the words and the space after them.
        self.alphabet = frozenset(followers[""])
        self.probability = lru_cache(_CACHE_SIZE)(self._compute_probability)

    def _compute_probability(self, character: str, context: str) -> float:
        """Of a character after at most CONTEXT_LENGTH others, from the space before the word on; 0 if no word has
        it."""
        if character not in self.alphabet:
            return 0.0
        probability = 1 / len(self.alphabet)
        for length in range(min(CONTEXT_LENGTH, len(context)) + 1):
            counts = self._followers.get(context[len(context) - length :])
            if counts is None:
                break
            total = self._totals[context[len(context) - length :]]
            probability = (counts.get(character, 0.0) + len(counts) * probability) / (total + len(counts))
        return probability
