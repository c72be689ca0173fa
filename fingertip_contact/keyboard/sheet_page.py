"""Fits a sheet onto paper to print, and adds the marks that only paper has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fingertip_contact.keyboard.labels import rectangle_m
from fingertip_contact.keyboard.layout import Layout, Marker
from fingertip_contact.keyboard.sheet_primitives import INK, OUTLINE_MM, Polyline, Primitive, Text, make_primitives

# Short and long side.
PAPERS_MM = {"a4": (210.0, 297.0), "letter": (215.9, 279.4), "a3": (297.0, 420.0)}
# The white border that printers leave.
PRINTER_MARGIN_MM = 4.0
# Two markers are needed to find the sheet.
_MIN_MARKERS = 2
_RULER_MM = 50.0
_RULER_SPACE_MM = (_RULER_MM + 4, 9.0)
_RULER_TEXT_MM = np.array([_RULER_MM, 3.0])
# Markers need white paper around them.
_QUIET_ZONE_MM = 6.0


@dataclass(frozen=True)
class Page:
    """A sheet on paper, both centred. size_mm: width and height of the paper. markers: those that fit. omitted: numbers
    of those that the paper's edge would cut."""

    layout: Layout
    size_mm: tuple[float, float]
    markers: tuple[Marker, ...]
    omitted: tuple[int, ...]


def fit_page(layout: Layout, paper: str) -> Page:
    """Chooses the orientation of the paper that holds all keys and more markers.

    Markers that do not fit are left out: the others are enough to find the sheet, and every printed position stays that
    of the layout. Raises ValueError if the keys do not fit, or if fewer than two markers would be left.
    """
    if paper not in PAPERS_MM:
        raise ValueError(f"paper {paper!r} is unknown; choose one of {', '.join(PAPERS_MM)}")
    short, long = PAPERS_MM[paper]
    keys_mm = np.concatenate([rectangle_m(key) for key in layout.keys]) * 1000
    width_m, height_m = layout.sheet_size_m
    sides = [(long, short), (short, long)] if width_m >= height_m else [(short, long), (long, short)]
    fitting = [size for size in sides if _fits(keys_mm, size)]
    if not fitting:
        width, height = 2 * np.abs(keys_mm).max(axis=0)
        raise ValueError(
            f"the keys of layout {layout.name} need {width:g} x {height:g} mm about the sheet's centre, and {paper} "
            f"holds {long - 2 * PRINTER_MARGIN_MM:g} x {short - 2 * PRINTER_MARGIN_MM:g} mm; "
            "choose another paper or layout"
        )
    page = max((_make_page(layout, size) for size in fitting), key=lambda page: len(page.markers))
    if len(page.markers) < min(_MIN_MARKERS, len(layout.markers)):
        raise ValueError(
            f"only {len(page.markers)} of the {len(layout.markers)} markers of layout {layout.name} fit on {paper}, "
            f"and {_MIN_MARKERS} are needed to find the sheet; choose another paper, or move markers inwards"
        )
    return page


def _fits(points_mm: np.ndarray, size_mm: tuple[float, float]) -> bool:
    return bool(np.all(np.abs(points_mm) <= np.array(size_mm) / 2 - PRINTER_MARGIN_MM))


def _make_page(layout: Layout, size_mm: tuple[float, float]) -> Page:
    fits = {marker.marker_id: _fits(marker.corners_m * 1000, size_mm) for marker in layout.markers}
    kept = tuple(marker for marker in layout.markers if fits[marker.marker_id])
    return Page(layout, size_mm, kept, tuple(marker_id for marker_id, inside in fits.items() if not inside))


def make_page_primitives(page: Page) -> Iterator[Primitive]:
    """Keys and markers, the corners of the layout's sheet on larger paper, and a ruler where there is room for it."""
    yield from make_primitives(page.layout, page.markers, all_labels=True)
    yield from _mark_sheet_corners(page)
    center_mm = _find_ruler_center_mm(page)
    if center_mm is not None:
        yield from _make_ruler(page.layout.name, center_mm)


def _mark_sheet_corners(page: Page) -> Iterator[Polyline]:
    """Small angles at the corners of the layout's sheet, if they are on the paper."""
    corners_mm = page.layout.sheet_corners_m * 1000
    if not _fits(corners_mm, page.size_mm):
        return
    for x, y in corners_mm:
        inward_x, inward_y = x - np.sign(x) * 5, y - np.sign(y) * 5
        yield Polyline(np.array([[inward_x, y], [x, y], [x, inward_y]]) / 1000)


def _make_ruler(name: str, center_mm: np.ndarray) -> Iterator[Polyline | Text]:
    """50 mm to measure after printing: many printers scale pages to fit."""
    x, y = center_mm
    left, right = x - _RULER_MM / 2, x + _RULER_MM / 2
    yield Polyline(np.array([[left, y - 1], [left, y - 3], [right, y - 3], [right, y - 1]]) / 1000)
    text = f"{name}: this line is {_RULER_MM:g} mm, print at 100 %"
    half_mm = (_RULER_TEXT_MM / 2 + 2 * OUTLINE_MM) * (1, -1)
    middle_mm = np.array([x, y + 1.5])
    yield Text(text, np.array([middle_mm - half_mm, middle_mm + half_mm]) / 1000, 2.0, INK)


def _find_ruler_center_mm(page: Page) -> np.ndarray | None:
    """The middle of the free place nearest to the typist; None if the sheet is full."""
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
