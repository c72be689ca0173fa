"""Text drawn in strokes, the same with every OpenCV: text of OpenCV 5 is of another font and size than that of 4.

The strokes are our own: straight lines on a small grid, for ASCII. A letter with an accent is drawn without it, any
other character as a box.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import cv2
import numpy as np

# Rows 0 (top of capitals) to 6 (baseline) and 8 (descenders); columns are narrower than rows.
_CAP_ROWS = 6
_COLUMN_PER_ROW = 0.7
_GAP_COLUMNS = 2.2
_SPACE_COLUMNS = 3.0
# A dot is a line so long, in rows.
_DOT_ROWS = 0.35
# Positions are drawn in 1/16 pixel.
_FRACTION_BITS = 4
_BOX = "00 60 66 06 00"
# Points "column row" of each stroke; strokes are separated by "|".
_STROKES = {
    " ": "",
    "!": "00 04|06",
    '"': "00 02|20 22",
    "#": "20 16|50 46|02 62|04 64",
    "$": "61 40 20 01 02 23 43 64 65 46 26 05|30 36",
    "%": "60 06|10 01 12 21 10|54 45 56 65 54",
    "&": "66 12 11 20 30 41 42 04 05 26 36 63",
    "'": "00 02",
    "(": "20 02 05 27",
    ")": "00 22 25 07",
    "*": "21 25|02 44|42 04",
    "+": "32 36|04 64",
    ",": "16 07",
    "-": "04 44",
    ".": "06",
    "/": "40 06",
    "0": "20 02 04 26 36 54 52 30 20",
    "1": "11 30 36",
    "2": "01 20 30 51 52 06 56",
    "3": "01 20 30 51 52 33 54 55 36 26 05|23 33",
    "4": "46 40 04 54",
    "5": "50 00 02 32 53 55 36 26 05",
    "6": "40 20 02 05 26 36 55 54 33 23 04",
    "7": "00 50 26",
    "8": "23 02 01 20 30 51 52 33 54 55 36 26 05 04 23 33",
    "9": "16 36 54 51 30 20 01 02 23 33 52",
    ":": "03|06",
    ";": "13|16 07",
    "<": "52 04 56",
    "=": "03 53|05 55",
    ">": "02 54 06",
    "?": "01 20 30 51 52 33 34|36",
    "@": "44 34 23 32 42 44 54 63 62 40 20 02 04 26 56",
    "A": "06 30 66|14 54",
    "B": "03 43 62 61 40 00 06 46 65 64 43",
    "C": "61 40 20 02 04 26 46 65",
    "D": "00 06 36 64 62 30 00",
    "E": "60 00 06 66|03 43",
    "F": "60 00 06|03 43",
    "G": "61 40 20 02 04 26 46 65 63 33",
    "H": "00 06|60 66|03 63",
    "I": "00 06",
    "J": "40 45 36 16 05",
    "K": "00 06|60 03 66",
    "L": "00 06 56",
    "M": "06 00 34 60 66",
    "N": "06 00 66 60",
    "O": "20 02 04 26 46 64 62 40 20",
    "P": "06 00 40 61 62 43 03",
    "Q": "20 02 04 26 46 64 62 40 20|44 66",
    "R": "06 00 40 61 62 43 03|33 66",
    "S": "61 40 20 01 02 23 43 64 65 46 26 05",
    "T": "00 60|30 36",
    "U": "00 05 26 46 65 60",
    "V": "00 36 60",
    "W": "00 16 32 56 60",
    "X": "00 66|60 06",
    "Y": "00 33 60|33 36",
    "Z": "00 60 06 66",
    "[": "20 00 07 27",
    "\\": "00 46",
    "]": "00 20 27 07",
    "^": "02 20 42",
    "_": "07 57",
    "`": "00 11",
    "a": "52 56|53 32 22 03 05 26 36 55",
    "b": "00 06|03 22 32 53 55 36 26 05",
    "c": "53 32 22 03 05 26 36 55",
    "d": "50 56|53 32 22 03 05 26 36 55",
    "e": "04 54 53 32 22 03 05 26 36 55",
    "f": "40 30 21 26|02 42",
    "g": "52 57 38 28 07|53 32 22 03 05 26 36 55",
    "h": "00 06|03 22 32 53 56",
    "i": "02 06|00",
    "j": "22 27 18 08|20",
    "k": "00 06|52 04 56",
    "l": "00 05 16",
    "m": "02 06|03 12 22 33 36|33 42 52 63 66",
    "n": "02 06|03 22 32 53 56",
    "o": "22 03 05 26 36 55 53 32 22",
    "p": "02 08|03 22 32 53 55 36 26 05",
    "q": "52 58|53 32 22 03 05 26 36 55",
    "r": "02 06|03 22 32",
    "s": "53 32 22 03 55 36 26 05",
    "t": "20 25 36 46|02 42",
    "u": "02 05 26 36 55|52 56",
    "v": "02 26 42",
    "w": "02 16 33 56 62",
    "x": "02 56|52 06",
    "y": "02 26|42 18 08",
    "z": "02 52 06 56",
    "{": "20 11 12 03 14 16 27",
    "|": "00 07",
    "}": "00 11 12 23 14 16 07",
    "~": "04 13 23 34 44 53",
}


def measure_text(text: str, cap_height_px: float) -> float:
    """The width of one line in pixels, between the middles of its outermost strokes."""
    columns = sum(_get_columns(character) + _GAP_COLUMNS for character in _simplify(text))
    return max(0.0, columns - _GAP_COLUMNS) * _COLUMN_PER_ROW * cap_height_px / _CAP_ROWS


def draw_text(
    image: np.ndarray,
    text: str,
    position_px: tuple[float, float],
    cap_height_px: float,
    color: int | tuple[int, int, int],
    thickness_px: int,
) -> None:
    """Draws one line into an image, (H, W) or (H, W, 3) uint8. position_px: x of its left end, y of its baseline."""
    row_px = cap_height_px / _CAP_ROWS
    origin_px = np.array(position_px, dtype=np.float64)
    lines = []
    for character in _simplify(text):
        for stroke in _get_strokes(character):
            points_px = origin_px + (stroke - (0, _CAP_ROWS)) * (_COLUMN_PER_ROW * row_px, row_px)
            lines.append(np.rint(points_px * (1 << _FRACTION_BITS)).astype(np.int32))
        origin_px[0] += (_get_columns(character) + _GAP_COLUMNS) * _COLUMN_PER_ROW * row_px
    cv2.polylines(image, lines, False, color, thickness_px, cv2.LINE_AA, _FRACTION_BITS)


def _simplify(text: str) -> str:
    """Without accents; a box's place for what has no strokes."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


@cache
def _get_strokes(character: str) -> tuple[np.ndarray, ...]:
    """Of each stroke (N, 2) column and row."""
    strokes = []
    for stroke in filter(None, _STROKES.get(character, _BOX).split("|")):
        points = [(float(point[0]), float(point[1])) for point in stroke.split()]
        if len(points) == 1:
            column, row = points[0]
            points.append((column, row - _DOT_ROWS))
        strokes.append(np.array(points, dtype=np.float64))
    return tuple(strokes)


@cache
def _get_columns(character: str) -> float:
    strokes = _get_strokes(character)
    return max((float(stroke[:, 0].max()) for stroke in strokes), default=_SPACE_COLUMNS)
