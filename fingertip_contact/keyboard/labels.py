"""The labels of keys and their positions, the same for images and paper."""

from __future__ import annotations

import numpy as np

from fingertip_contact.keyboard.layout import Key, Layout

LETTER_HEIGHT_MM = 6.0
WORD_HEIGHT_MM = 2.6
# Distance of a tall key's label, such as a piano's, from its near end, where fingers do not cover it.
_FROM_NEAR_END_M = 0.012


def sort_for_drawing(layout: Layout) -> list[Key]:
    """Raised keys last: they lie over the others."""
    return sorted(layout.keys, key=lambda key: key.raised)


def rectangle_m(key: Key) -> np.ndarray:
    """(2, 2) the key's far left and near right corner, metres, sheet frame."""
    (x, y), (width, height) = key.center_m, key.size_m
    return np.array([[x - width / 2, y + height / 2], [x + width / 2, y - height / 2]])


def resolve_label(key: Key) -> str:
    """The file's label, else the character that the key writes, else the first word of its name."""
    if key.label:
        return key.label
    if len(key.text) == 1 and key.text.isprintable() and key.text != " ":
        return key.shifted if key.has_capital else key.text
    return key.name.split("_")[0]


def resolve_shift_label(key: Key) -> str:
    """The second label: the text with Shift, unless it is the capital or the same text."""
    return "" if key.has_capital or key.shifted == key.text else key.shifted


def label_offset_m(key: Key) -> float:
    """Distance of the label from the key's middle, towards the typist."""
    width, height = key.size_m
    return height / 2 - _FROM_NEAR_END_M if height > 2 * width else 0.0
