"""Probabilities of the next character, from a list of words.

Characters of a word depend on those before them: an n-gram model with Witten and Bell's interpolation (IEEE Trans.
Information Theory 37(4), 1991), where a context with many different followers gives its own counts less weight.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from fingertip_contact.resources import find_share_directory

# Characters that the next one depends on, the space before the word included.
CONTEXT_LENGTH = 5
# Fraction of the probability that is spread evenly over all characters, so that names and passwords can be typed.
UNIFORM_WEIGHT = 0.1
# Maximum preference of one character over another: about 4 mm between the keys of a keyboard, less than half a key, so
# that a touch near a key's middle is always that key.
MAX_NLL_NATS = 3.0
_WORD_BOUNDARY = " "
_MAX_WORD_LENGTH = 40


class LanguageModel:
    """An n-gram model of the characters of words in lower case, each followed by a space."""

    def __init__(self, words: Mapping[str, float]) -> None:
        """words: the frequency of each, in any unit. Raises ValueError if there are none."""
        if not words:
            raise ValueError("a language model needs at least one word")
        followers: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for word, count in words.items():
            text = _WORD_BOUNDARY + word.lower() + _WORD_BOUNDARY
            for position in range(1, len(text)):
                for length in range(min(CONTEXT_LENGTH, position) + 1):
                    followers[text[position - length : position]][text[position]] += count
        self._followers = {context: dict(counts) for context, counts in followers.items()}
        self._totals = {context: sum(counts.values()) for context, counts in followers.items()}
        self._alphabet = frozenset(followers[""])

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
        character = character.lower()
        if character not in self._alphabet:
            return 0.0
        probability = 1 / len(self._alphabet)
        for length in range(min(CONTEXT_LENGTH, len(context)) + 1):
            counts = self._followers.get(context[len(context) - length :])
            if counts is None:
                break
            total = self._totals[context[len(context) - length :]]
            probability = (counts.get(character, 0.0) + len(counts) * probability) / (total + len(counts))
        return probability

    def _extract_context(self, text: str) -> str | None:
        tail = (_WORD_BOUNDARY + text[-_MAX_WORD_LENGTH:]).lower().replace("\n", _WORD_BOUNDARY)
        context = tail[-CONTEXT_LENGTH:]
        if context[-1] not in self._alphabet:
            return None
        start = max(context.rfind(_WORD_BOUNDARY), 0)
        return context[start:]


def load_language(name_or_path: str | Path) -> LanguageModel:
    """A model of a word list; raises as `load_words` does."""
    return LanguageModel(load_words(name_or_path))


def load_words(name_or_path: str | Path) -> dict[str, float]:
    """The built-in list `english`, or a file: one word per line, optionally followed by its frequency.

    Debian's dictionary packages install such a list, /usr/share/dict/words. The words are returned in lower case.

    Raises ValueError or FileNotFoundError that names file, line and remedy.
    """
    path = _find_word_list(name_or_path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file in UTF-8 ({error}); a word list has one word per line") from error
    words: defaultdict[str, float] = defaultdict(float)
    for line_number, line in enumerate(lines, 1):
        word, *count = line.split()[:2] or ["#"]
        if not word.startswith("#") and len(word) <= _MAX_WORD_LENGTH:
            words[word.lower()] += _parse_count(count[0], f"{path}:{line_number}") if count else 1.0
    if not words:
        raise ValueError(f"{path}: the file has no words; a word list has one word per line")
    return dict(words)


def _parse_count(text: str, location: str) -> float:
    try:
        count = float(text)
    except ValueError:
        count = math.nan
    if not 0 < count < math.inf:
        raise ValueError(f"{location}: {text!r} follows the word; it has to be its frequency, or nothing")
    return count


def _find_word_list(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    folder = find_share_directory() / "config" / "words"
    names = sorted(file.stem for file in folder.glob("*.txt"))
    if str(name_or_path) in names:
        return folder / f"{name_or_path}.txt"
    raise FileNotFoundError(
        f"word list {name_or_path} does not exist: give a text file or a built-in name ({', '.join(names)})"
    )
