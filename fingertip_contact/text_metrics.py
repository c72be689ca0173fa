"""Metrics of typed text: character error rate, words per minute."""

from __future__ import annotations

CHARACTERS_PER_WORD = 5  # the definition of a word in typing research (MacKenzie and Soukoreff)


def edit_distance(target: str, read: str) -> int:
    """Levenshtein distance: fewest insertions, deletions and substitutions that turn `read` into `target`."""
    previous = list(range(len(read) + 1))
    for i, wanted in enumerate(target, start=1):
        current = [i]
        for j, found in enumerate(read, start=1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (wanted != found)))
        previous = current
    return previous[-1]


def character_error_rate(target: str, read: str) -> float:
    """Edits over the length of the target; may exceed 1. For an empty target: 0 if `read` is empty too, else 1."""
    return edit_distance(target, read) / len(target) if target else float(bool(read))


def words_per_minute(text: str, seconds: float) -> float:
    """Five characters are a word. 0 for a duration of 0."""
    return len(text) / CHARACTERS_PER_WORD / (seconds / 60) if seconds > 0 else 0.0
