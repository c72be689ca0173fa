"""The drawn sheet: letters have their size and place, and the picture does not depend on the version of OpenCV."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fingertip_contact.keyboard.labels import LETTER_HEIGHT_MM
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet import draw_sheet

PIXELS_PER_MM = 8.0


@pytest.mark.parametrize("name", ["e", "h", "t", "3"])
def test_letters_are_six_millimetres_high_in_the_middle_of_their_key(name: str):
    """To a fifth of a millimetre: OpenCV 5 alone had drawn them 4.5 mm high, and low."""
    layout = load_layout("qwerty")
    image = draw_sheet(layout, PIXELS_PER_MM)
    (key,) = [key for key in layout.keys if key.name == name]
    center_px = (1000 * np.array(key.center_m) * (1, -1) + 500 * np.array(layout.sheet_size_m)) * PIXELS_PER_MM
    half_px = round(7 * PIXELS_PER_MM)
    column, row = np.rint(center_px).astype(int)
    rows, columns = np.nonzero(image[row - half_px : row + half_px, column - half_px : column + half_px] < 128)
    assert (np.ptp(rows) + 1) / PIXELS_PER_MM == pytest.approx(LETTER_HEIGHT_MM, abs=0.2)
    for middle in (rows.min() + rows.max(), columns.min() + columns.max()):
        assert (middle + 1) / 2 - half_px == pytest.approx(0, abs=0.2 * PIXELS_PER_MM)


def test_the_picture_does_not_depend_on_the_version():
    """The sum was the same with OpenCV 4.6, 4.12, 4.14 and 5.0."""
    assert hashlib.sha256(draw_sheet(load_layout("qwerty"), 2.0).tobytes()).hexdigest()[:12] == "f535dd45f2a0"
