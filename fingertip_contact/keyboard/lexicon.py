"""The words of a list, sorted, so that the words that begin in some way lie side by side."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

# Sorts after every character that a word can have.
_LAST = chr(0x10FFFF)


class Span(NamedTuple):
    """The words from `first` up to, without, `last` in alphabetical order."""

    first: int
    last: int


class Lexicon:
    """Words with probabilities that add up to one."""

    def __init__(self, words: Mapping[str, float]) -> None:
        """words: the frequency of each, in any unit; at least one."""
        self._words = sorted(words)
        self._frequencies = [words[word] for word in self._words]
        self._sums = list(accumulate(self._frequencies, initial=0.0))
        self.everything = Span(0, len(self._words))

    def extend(self, span: Span, prefix: str) -> Span:
        """Those words of a span that begin with a prefix; the span holds all words that begin with a part of it."""
        if span.first == span.last:
            return span
        first = bisect_left(self._words, prefix, span.first, span.last)
        return Span(first, bisect_left(self._words, prefix + _LAST, first, span.last))

    def probability(self, span: Span) -> float:
        """Of a word of the span."""
        return (self._sums[span.last] - self._sums[span.first]) / self._sums[-1]

    def word_probability(self, span: Span, word: str) -> float:
        """Of one word, whose span is given."""
        if span.first == span.last or self._words[span.first] != word:
            return 0.0
        return self._frequencies[span.first] / self._sums[-1]

    def find_next_letters(self, span: Span, length: int) -> list[str]:
        """The letters that follow the first `length` ones, which all words of the span share."""
        letters, first = [], span.first
        while first < span.last:
            word = self._words[first]
            if len(word) == length:
                first += 1
                continue
            letters.append(word[length])
            first = bisect_left(self._words, word[: length + 1] + _LAST, first, span.last)
        return letters

    def find_commonest(self, span: Span, count: int) -> list[tuple[str, float]]:
        """The commonest words of a span with their probabilities, the commonest first."""
        found = heapq.nlargest(count, range(*span), key=self._frequencies.__getitem__)
        return [(self._words[index], self._frequencies[index] / self._sums[-1]) for index in found]
