"""The keys that write a text without Shift and AltGr: a dead key, then the letter, where no key has the character."""

from __future__ import annotations

from fingertip_contact.keyboard.accents import decompose
from fingertip_contact.keyboard.layout import Key, Layout


def spell(layout: Layout, text: str) -> tuple[Key, ...]:
    """In the order in which they are pressed. Raises KeyError for a character that the layout has not."""
    parts: list[str] = []
    for character in text:
        accent, letter = ("", character) if character in layout.by_text else decompose(character)
        parts += [accent, letter] if accent else [letter]
    return tuple(layout.by_text[part] for part in parts)
