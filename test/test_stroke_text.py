"""Drawn text has the size that was asked for, and is the same with every OpenCV."""

from __future__ import annotations

import hashlib
import string

import numpy as np
import pytest

from fingertip_contact.stroke_text import draw_text, measure_text


def draw(text: str, cap_height_px: float = 60, thickness_px: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of the pixels that a text covers, from its left end and its baseline."""
    image = np.zeros((200, 3000), np.uint8)
    draw_text(image, text, (50, 100), cap_height_px, 255, thickness_px)
    rows, columns = np.nonzero(image > 127)
    return columns - 50, rows - 100


@pytest.mark.parametrize("character", string.ascii_uppercase + string.digits)
def test_capitals_and_digits_have_the_height_that_was_asked_for(character: str):
    """From the baseline up, to a pixel."""
    _, rows = draw(character)
    assert abs(rows.min() + 60) <= 1
    assert abs(rows.max()) <= 1


@pytest.mark.parametrize("text", ["HEIGHTS", "typed text, 42 mm!", string.punctuation])
def test_the_measured_width_is_the_drawn_one(text: str):
    """To a pixel, for one pixel of thickness; a thicker line covers the same middle: halo and letter do not drift."""
    columns, _ = draw(text)
    assert abs(np.ptp(columns) - measure_text(text, 60)) <= 1.5
    thick, _ = draw(text, thickness_px=7)
    assert abs(thick.min() + thick.max() - columns.min() - columns.max()) <= 2


def test_every_character_of_ascii_differs():
    """No two look the same, and none is the box of an unknown one."""
    drawings = {tuple(map(tuple, map(np.ndarray.tolist, draw(character)))) for character in string.printable[:94]}
    assert len(drawings) == 94
    assert tuple(map(tuple, map(np.ndarray.tolist, draw("漢")))) not in drawings


def test_accents_are_left_out_and_unknown_characters_are_boxes():
    """A text in another script keeps its length."""
    assert np.array_equal(draw("naive"), draw("naïve"))
    assert np.array_equal(draw("\u6f22"), draw("\u5b57"))
    assert measure_text("", 60) == 0


def test_the_picture_does_not_depend_on_the_version():
    """The sum was the same with OpenCV 4.6, 4.12, 4.14 and 5.0."""
    image = np.zeros((80, 900, 3), np.uint8)
    draw_text(image, string.ascii_letters, (10, 30), 12.5, (90, 220, 255), 1)
    draw_text(image, string.digits + string.punctuation, (10, 60), 17, (200, 20, 20), 3)
    assert hashlib.sha256(image.tobytes()).hexdigest()[:16] == "382e17670802e7d8"
