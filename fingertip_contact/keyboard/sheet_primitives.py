"""The figures that are printed on a sheet: one list for the raster (`sheet`) and the PDF (`sheet_pdf`).

Positions are metres in the sheet frame; greys are 0 (black) to 255 (white).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fingertip_contact.keyboard.labels import (
    LETTER_HEIGHT_MM,
    WORD_HEIGHT_MM,
    label_offset_m,
    rectangle_m,
    resolve_label,
    resolve_shift_label,
    sort_for_drawing,
)
from fingertip_contact.keyboard.layout import Key, Layout, Marker
from fingertip_contact.keyboard.marker_cells import draw_marker

PAPER, OUTLINE, INK, BLACK = 255, 150, 60, 0
OUTLINE_MM = 0.4
# Two labels on one key are smaller than one.
_SHIFTED_HEIGHT_RATIO = 0.6
# Of a key with a third label: the part of its width for the other two.
_LEFT_RATIO = 0.55


@dataclass(frozen=True)
class Box:
    """A filled rectangle with an outline that lies inside it. corners_m: (2, 2) far left and near right."""

    corners_m: np.ndarray
    grey: int


@dataclass(frozen=True)
class Text:
    """One line of text about the middle of a box, scaled down if it does not fit into the box.

    corners_m: (2, 2) of the box. shift_m: from the box's middle to the text's, towards +y. height_mm: of capitals.
    room_ratio: fraction of the box's width and height that the text may fill.
    """

    text: str
    corners_m: np.ndarray
    height_mm: float
    grey: int
    shift_m: float = 0.0
    room_ratio: float = 1.0


@dataclass(frozen=True)
class MarkerCells:
    """A marker. corners_m: (4, 2) as in `layout.Marker`. cells: (N, N) uint8, 0 or 255, border included, upright."""

    corners_m: np.ndarray
    cells: np.ndarray


@dataclass(frozen=True)
class Polyline:
    """A thin line. points_m: (N, 2)."""

    points_m: np.ndarray


Primitive: TypeAlias = Box | Text | MarkerCells | Polyline


def make_primitives(layout: Layout, markers: Iterable[Marker], *, all_labels: bool) -> Iterator[Primitive]:
    """Keys and markers, the ones on top last. all_labels: whether keys also show the text that Shift and AltGr give."""
    for key in sort_for_drawing(layout):
        yield from _make_key(key, all_labels)
    for marker in markers:
        yield MarkerCells(marker.corners_m, draw_marker(layout.dictionary, marker.marker_id))


def _make_key(key: Key, all_labels: bool) -> Iterator[Box | Text]:
    corners_m, shift_m = rectangle_m(key), -label_offset_m(key)
    face, ink = (INK, PAPER) if key.raised else (PAPER, INK)
    yield Box(corners_m, face)
    if all_labels and key.altgr:
        yield from _make_three_labels(key, ink)
        return
    label, shifted = resolve_label(key), resolve_shift_label(key) if all_labels else ""
    height_mm = LETTER_HEIGHT_MM if len(label) == 1 else WORD_HEIGHT_MM
    if not shifted:
        yield Text(label, corners_m, height_mm, ink, shift_m)
        return
    height_mm *= _SHIFTED_HEIGHT_RATIO
    quarter_m = (key.size_m[1] - 4 * OUTLINE_MM / 1000) / 4
    yield Text(shifted, corners_m, height_mm, ink, shift_m + quarter_m, room_ratio=0.5)
    yield Text(label, corners_m, height_mm, ink, shift_m - quarter_m, room_ratio=0.5)


def _make_three_labels(key: Key, ink: int) -> Iterator[Text]:
    """As on real keys: what AltGr gives below on the right, the others on the left."""
    label, shifted = resolve_label(key), resolve_shift_label(key)
    (left, top), (right, bottom) = rectangle_m(key)
    column, row = left + _LEFT_RATIO * (right - left), (top + bottom) / 2
    height_mm = LETTER_HEIGHT_MM * _SHIFTED_HEIGHT_RATIO
    yield Text(key.altgr, np.array([[column, row], [right, bottom]]), height_mm, ink)
    if shifted:
        yield Text(shifted, np.array([[left, top], [column, row]]), height_mm, ink)
        yield Text(label, np.array([[left, row], [column, bottom]]), height_mm, ink)
    else:
        yield Text(label, np.array([[left, top], [column, bottom]]), LETTER_HEIGHT_MM, ink)
