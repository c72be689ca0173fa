"""Writes a page as a PDF of lines: every key and marker exactly where the layout places it.

Needs fpdf2 (extra `print`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
from fpdf import FPDF
from fpdf.drawing import PaintedPath
from fpdf.drawing_primitives import DeviceGray
from fpdf.enums import PathPaintRule
from fpdf.fonts import TTFFont

from fingertip_contact.keyboard.sheet_page import Page, make_page_primitives
from fingertip_contact.keyboard.sheet_primitives import (
    BLACK,
    INK,
    OUTLINE,
    OUTLINE_MM,
    PAPER,
    Box,
    MarkerCells,
    Polyline,
    Text,
)

_PT_PER_MM = 72 / 25.4
_LINE_WIDTH_PT = 0.5
# Height of capitals per font size: Adobe's metrics of Helvetica, which every PDF viewer has; other fonts differ little.
_CAP_HEIGHT_RATIO = 0.718
# Of the built-in font, as fpdf2 writes it if told so: Latin-1, the euro sign and a few letters more.
_BUILT_IN_ENCODING = "windows-1252"


def write_pdf(page: Page, path: Path, font: Path | None = None) -> None:
    """Writes the page at its true size. The same layout gives the same bytes.

    font: a TrueType font, for labels outside Windows-1252. Raises ValueError for a label that the font cannot print, or
    for a font that cannot be read; FileNotFoundError for a missing font.
    """
    writer = _PageWriter(page, font)
    for primitive in make_page_primitives(page):
        if isinstance(primitive, Box):
            writer.fill_box(primitive)
        elif isinstance(primitive, Text):
            writer.write_text(primitive)
        elif isinstance(primitive, MarkerCells):
            writer.fill_marker(primitive)
        else:
            writer.stroke(primitive)
    writer.save(path)


class _PageWriter:
    """A page in points, the unit in which fpdf2 keeps four digits; in millimetres it would round the scale."""

    def __init__(self, page: Page, font: Path | None) -> None:
        self._center_pt = np.array(page.size_mm) / 2 * _PT_PER_MM
        self._pdf = FPDF(unit="pt", format=(2 * self._center_pt[0], 2 * self._center_pt[1]))
        self._pdf.set_title(f"{page.layout.name}, print at 100 %")
        # A fixed date, so that the file depends on the layout alone.
        self._pdf.set_creation_date(datetime(2000, 1, 1, tzinfo=timezone.utc))
        self._pdf.add_page()
        self._font = font
        self._set_font()

    def save(self, path: Path) -> None:
        self._pdf.output(str(path))

    def fill_box(self, box: Box) -> None:
        """The outline lies inside the key, so that its outer edge is the key's."""
        inset_m = np.array([[1, -1], [-1, 1]]) * OUTLINE_MM / 1000
        self._fill([_make_rectangle(box.corners_m)], OUTLINE)
        self._fill([_make_rectangle(box.corners_m + inset_m)], box.grey)

    def fill_marker(self, marker: MarkerCells) -> None:
        """A black square, and its white cells as one path: separate paths would show hairlines between them."""
        count = len(marker.cells)
        square = np.array([[0, 0], [count, 0], [count, count], [0, count]], dtype=np.float32)
        mm_from_cell = cv2.getPerspectiveTransform(square, (marker.corners_m * 1000).astype(np.float32))
        white = [
            cv2.perspectiveTransform(np.array([_cell_corners(row, column)], dtype=np.float64), mm_from_cell)[0] / 1000
            for row, column in np.argwhere(marker.cells > 0)
        ]
        self._fill([marker.corners_m], BLACK)
        self._fill(white, PAPER)

    def stroke(self, line: Polyline) -> None:
        path = PaintedPath()
        path.style.paint_rule = PathPaintRule.STROKE
        path.style.stroke_color = DeviceGray(INK / 255)
        path.style.stroke_width = _LINE_WIDTH_PT
        self._draw(path, [line.points_m], closed=False)

    def write_text(self, text: Text) -> None:
        """Capitals are centred on the line; comma and full stop hang below it, as they should."""
        if not text.text:
            return
        self._require_printable(text.text)
        corners_pt = self._to_points(text.corners_m)
        room_pt = (corners_pt[1] - corners_pt[0] - 4 * OUTLINE_MM * _PT_PER_MM) * text.room_ratio
        cap_height_pt = min(text.height_mm * _PT_PER_MM, 0.9 * room_pt[1])
        size_pt = min(cap_height_pt / _CAP_HEIGHT_RATIO, 0.9 * room_pt[0] / self._measure_width(text.text))
        if size_pt <= 0:
            return
        self._pdf.set_font(size=size_pt)
        self._pdf.set_text_color(text.grey)
        x, y = corners_pt.mean(axis=0) - (0, text.shift_m * 1000 * _PT_PER_MM)
        left, baseline = x - self._pdf.get_string_width(text.text) / 2, y + size_pt * _CAP_HEIGHT_RATIO / 2
        self._pdf.text(left, baseline, text.text)

    def _measure_width(self, text: str) -> float:
        """Width per font size."""
        self._pdf.set_font(size=100)
        return self._pdf.get_string_width(text) / 100

    def _set_font(self) -> None:
        if self._font is None:
            self._pdf.core_fonts_encoding = _BUILT_IN_ENCODING
            self._pdf.set_font("helvetica")
            return
        from fontTools.ttLib import TTLibError

        try:
            self._pdf.add_font("labels", fname=self._font)
        except (ValueError, TTLibError) as error:
            raise ValueError(f"{self._font} cannot be read as a TrueType font: {error}") from error
        self._pdf.set_font("labels")

    def _require_printable(self, text: str) -> None:
        font = self._pdf.current_font
        missing = [
            character
            for character in text
            if not (ord(character) in font.cmap if isinstance(font, TTFFont) else _is_built_in(character))
        ]
        if missing:
            font_name = self._font or "the built-in font"
            raise ValueError(
                f"{text!r} cannot be printed: {font_name} has no {''.join(missing)!r}; "
                "choose a TrueType font that has it (--font), or another label in the layout file"
            )

    def _to_points(self, points_m: np.ndarray) -> np.ndarray:
        """Sheet points (N, 2), metres -> (N, 2) points from the page's upper left corner."""
        return self._center_pt + points_m * (1000 * _PT_PER_MM, -1000 * _PT_PER_MM)

    def _fill(self, outlines_m: Sequence[np.ndarray], grey: int) -> None:
        path = PaintedPath()
        path.style.paint_rule = PathPaintRule.FILL_NONZERO
        path.style.fill_color = DeviceGray(grey / 255)
        self._draw(path, outlines_m, closed=True)

    def _draw(self, path: PaintedPath, outlines_m: Sequence[np.ndarray], *, closed: bool) -> None:
        path.style.auto_close = closed
        for outline_m in outlines_m:
            first, *others = self._to_points(outline_m).tolist()
            path.move_to(*first)
            for point in others:
                path.line_to(*point)
            if closed:
                path.close()
        with self._pdf.drawing_context() as context:
            context.add_item(path)


def _is_built_in(character: str) -> bool:
    return bool(character.encode(_BUILT_IN_ENCODING, errors="ignore"))


def _make_rectangle(corners_m: np.ndarray) -> np.ndarray:
    (left, top), (right, bottom) = corners_m
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _cell_corners(row: int, column: int) -> list[tuple[int, int]]:
    return [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
