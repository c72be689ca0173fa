"""The sheet as a page to print: every key and marker exactly where the layout says, in lines, not in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

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
from fingertip_contact.keyboard.sheet import marker_cells

# Short and long side.
PAPERS_MM = {"a4": (210.0, 297.0), "letter": (215.9, 279.4), "a3": (297.0, 420.0)}
# What printers leave white along the edge.
PRINTER_MARGIN_MM = 4.0
# Two markers tell where the sheet lies.
_MIN_MARKERS = 2
_MM_PER_INCH = 25.4
_LINE_MM = 0.4
_RULER_MM = 50.0
_RULER_SPACE_MM = (_RULER_MM + 4, 9.0)
# Markers need white paper around them.
_QUIET_ZONE_MM = 6.0
_PAPER, _LINE, _INK = "1.0", "0.6", "0.2"


@dataclass(frozen=True)
class Page:
    """A sheet on paper, both centred. size_mm: width and height. markers: those that fit. omitted: numbers of those
    that would be cut by the paper's edge."""

    layout: Layout
    size_mm: tuple[float, float]
    markers: tuple[Marker, ...]
    omitted: tuple[int, ...]


def fit_page(layout: Layout, paper: str) -> Page:
    """Chooses upright or sideways: whichever takes all keys and more markers.

    Markers that do not fit are left out: the sheet is found by the others, and what is printed stays true to the
    layout. Raises ValueError where the keys do not fit, or of the markers only one would be left.
    """
    if paper not in PAPERS_MM:
        raise ValueError(f"there is no paper {paper!r}; choose one of {', '.join(PAPERS_MM)}")
    short, long = PAPERS_MM[paper]
    keys_mm = np.concatenate([rectangle_m(key) for key in layout.keys]) * 1000
    width_m, height_m = layout.sheet_size_m
    sides = [(long, short), (short, long)] if width_m >= height_m else [(short, long), (long, short)]
    fitting = [size for size in sides if _fits(keys_mm, size)]
    if not fitting:
        width, height = 2 * np.abs(keys_mm).max(axis=0)
        raise ValueError(
            f"the keys of layout {layout.name} need {width:g} x {height:g} mm about the sheet's centre, and {paper} "
            f"takes {long - 2 * PRINTER_MARGIN_MM:g} x {short - 2 * PRINTER_MARGIN_MM:g} mm; "
            "choose another paper or layout"
        )
    page = max((_make_page(layout, size) for size in fitting), key=lambda page: len(page.markers))
    if len(page.markers) < min(_MIN_MARKERS, len(layout.markers)):
        raise ValueError(
            f"only {len(page.markers)} of the {len(layout.markers)} markers of layout {layout.name} fit on {paper}, "
            f"and {_MIN_MARKERS} are needed to find the sheet; choose another paper, or move markers inwards"
        )
    return page


def write_pdf(page: Page, path: Path) -> None:
    """Writes the page at its true size. The same layout gives the same bytes."""
    width, height = page.size_mm
    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(-width / 2, width / 2), ylim=(-height / 2, height / 2))
        axes.set_axis_off()
        for patch in _draw_page(page):
            axes.add_patch(patch)
        title = f"{page.layout.name}, print at 100 %"
        figure.savefig(path, format="pdf", metadata={"CreationDate": None, "Title": title})


def _fits(points_mm: np.ndarray, size_mm: tuple[float, float]) -> bool:
    return bool(np.all(np.abs(points_mm) <= np.array(size_mm) / 2 - PRINTER_MARGIN_MM))


def _make_page(layout: Layout, size_mm: tuple[float, float]) -> Page:
    fits = {marker.marker_id: _fits(marker.corners_m * 1000, size_mm) for marker in layout.markers}
    kept = tuple(marker for marker in layout.markers if fits[marker.marker_id])
    return Page(layout, size_mm, kept, tuple(marker_id for marker_id, inside in fits.items() if not inside))


def _draw_page(page: Page) -> Iterator[PathPatch]:
    for key in sort_for_drawing(page.layout):
        yield from _draw_key(key)
    for marker in page.markers:
        yield from _draw_marker(marker, marker_cells(page.layout.dictionary, marker.marker_id))
    yield from _draw_sheet_corners(page)
    center_mm = _find_ruler_center_mm(page)
    if center_mm is not None:
        yield from _draw_ruler(page.layout.name, center_mm)


def _draw_key(key: Key) -> Iterator[PathPatch]:
    """The line lies inside the key, so that its outer edge is the key's."""
    (left, top), (right, bottom) = rectangle_m(key) * 1000
    face, ink = (_INK, _PAPER) if key.raised else (_PAPER, _INK)
    yield _fill(_make_rectangle(left, bottom, right, top), _LINE)
    yield _fill(_make_rectangle(left + _LINE_MM, bottom + _LINE_MM, right - _LINE_MM, top - _LINE_MM), face)
    center = np.array([(left + right) / 2, (top + bottom) / 2 - 1000 * label_offset_m(key)])
    space_mm = np.array([right - left, top - bottom]) - 4 * _LINE_MM
    label_shift_mm = np.array([0.0, space_mm[1] / 4])
    label, shifted = resolve_label(key), resolve_shift_label(key)
    height = LETTER_HEIGHT_MM if len(label) == 1 else WORD_HEIGHT_MM
    if shifted:
        yield _draw_text(shifted, center + label_shift_mm, space_mm / 2, height * 0.6, ink)
        yield _draw_text(label, center - label_shift_mm, space_mm / 2, height * 0.6, ink)
    elif label:
        yield _draw_text(label, center, space_mm, height, ink)


def _draw_marker(marker: Marker, cells: np.ndarray) -> Iterator[PathPatch]:
    """A black square, and its white cells as one outline: apart, hairlines would show between them."""
    count = len(cells)
    square = np.array([[0, 0], [count, 0], [count, count], [0, count]], dtype=np.float32)
    sheet_from_cell = cv2.getPerspectiveTransform(square, (marker.corners_m * 1000).astype(np.float32))
    white = [
        Outline(cv2.perspectiveTransform(np.array([_cell_corners(row, column)], dtype=np.float64), sheet_from_cell)[0])
        for row, column in np.argwhere(cells > 0)
    ]
    yield _fill(_close_outline(marker.corners_m * 1000), "0.0")
    yield _fill(Outline.make_compound_path(*(_close_outline(outline.vertices) for outline in white)), _PAPER)


def _cell_corners(row: int, column: int) -> list[tuple[int, int]]:
    return [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]


def _draw_sheet_corners(page: Page) -> Iterator[PathPatch]:
    """Where the layout's sheet ends on larger paper: small angles at its corners."""
    corners_mm = page.layout.sheet_corners_m * 1000
    if np.any(np.abs(corners_mm) > np.array(page.size_mm) / 2 - PRINTER_MARGIN_MM):
        return
    for x, y in corners_mm:
        inward_x, inward_y = x - np.sign(x) * 5, y - np.sign(y) * 5
        yield _stroke([[inward_x, y], [x, y], [x, inward_y]])


def _draw_ruler(name: str, center_mm: np.ndarray) -> Iterator[PathPatch]:
    """50 mm to measure after printing: printers like to fit pages."""
    x, y = center_mm
    left, right = x - _RULER_MM / 2, x + _RULER_MM / 2
    yield _stroke([[left, y - 1], [left, y - 3], [right, y - 3], [right, y - 1]])
    text = f"{name}: this line is {_RULER_MM:g} mm, print at 100 %"
    yield _draw_text(text, np.array([x, y + 1.5]), np.array([_RULER_MM, 3.0]), 2.0, _INK)


def _find_ruler_center_mm(page: Page) -> np.ndarray | None:
    """The middle of a free place, as near to the typist as there is one; None where the sheet is full."""
    boxes = [rectangle_m(key) * 1000 for key in page.layout.keys]
    boxes += [marker.corners_m * 1000 for marker in page.markers]
    low = np.array([box.min(axis=0) for box in boxes]) - _QUIET_ZONE_MM
    high = np.array([box.max(axis=0) for box in boxes]) + _QUIET_ZONE_MM
    half = np.array(_RULER_SPACE_MM) / 2
    reach = np.minimum(np.array(page.size_mm), 1000 * np.array(page.layout.sheet_size_m)) / 2 - PRINTER_MARGIN_MM - 4
    for y in np.arange(half[1] - reach[1], reach[1] - half[1], 1.0):
        for x in sorted(np.arange(half[0] - reach[0], reach[0] - half[0], 1.0), key=abs):
            center_mm = np.array([x, y])
            if np.all(np.any((center_mm + half <= low) | (center_mm - half >= high), axis=1)):
                return center_mm
    return None


def _draw_text(text: str, center: np.ndarray, space_mm: np.ndarray, height_mm: float, ink: str) -> PathPatch:
    """Capitals are height_mm high, less where the words would not fit. On the line of the capitals, so that comma and
    full stop hang low as they should."""
    outline = TextPath((0, 0), text, size=100)
    capital = TextPath((0, 0), "H", size=100).get_extents()
    box = outline.get_extents()
    scale = min(
        height_mm / capital.height, 0.9 * space_mm[0] / box.width, 0.9 * space_mm[1] / max(box.height, capital.height)
    )
    to_center = Affine2D().translate(-box.x0 - box.width / 2, -capital.height / 2).scale(scale).translate(*center)
    return _fill(outline.transformed(to_center), ink)


def _make_rectangle(left: float, bottom: float, right: float, top: float) -> Outline:
    return _close_outline([[left, top], [right, top], [right, bottom], [left, bottom]])


def _close_outline(points: Any) -> Outline:
    points = np.asarray(points, dtype=np.float64)
    return Outline(np.vstack([points, points[:1]]), closed=True)


def _fill(outline: Outline, color: str) -> PathPatch:
    return PathPatch(outline, facecolor=color, edgecolor="none", linewidth=0)


def _stroke(points: Any) -> PathPatch:
    return PathPatch(Outline(points), facecolor="none", edgecolor=_INK, linewidth=0.5)
