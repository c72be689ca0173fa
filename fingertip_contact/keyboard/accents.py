"""Dead keys: an accent that waits for the letter below it."""

from __future__ import annotations

import unicodedata

# The accents that a key can leave waiting, each with the character that combines with a letter (Unicode's block
# "Combining Diacritical Marks").
COMBINING = {"´": "\u0301", "`": "\u0300", "^": "\u0302", "¨": "\u0308", "~": "\u0303"}


def compose(accent: str, text: str) -> str:
    """The text of a key after a dead key: é of ´ and e. A space gives the accent itself; what takes no such accent
    follows it. accent: a character of COMBINING, or empty, which changes nothing."""
    if not accent or not text:
        return text
    if text == " ":
        return accent
    composed = unicodedata.normalize("NFC", text + COMBINING[accent])
    return composed if len(composed) == len(text) else accent + text


def decompose(character: str) -> tuple[str, str]:
    """The accent and the letter of a character; the accent is empty where it has none of COMBINING."""
    parts = unicodedata.normalize("NFD", character)
    letter, marks = parts[:1], parts[1:]
    accents = [accent for accent, mark in COMBINING.items() if marks == mark]
    return (accents[0], letter) if accents else ("", character)
