"""Draws the sheet on the desk as an image: keys, letters, markers."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet_primitives import (
    OUTLINE,
    OUTLINE_MM,
    PAPER,
    Box,
    MarkerCells,
    Text,
    make_primitives,
)
from fingertip_contact.stroke_text import draw_text, measure_text

# Drawn larger and averaged down, so that edges between two pixels keep their place.
_OVERSAMPLING = 4
# Thickness of letters' lines over their height.
_LINE_RATIO = 0.13


def draw_sheet(layout: Layout, pixels_per_mm: float = 4.0) -> np.ndarray:
    """The printed sheet: (H, W) uint8. Row 0 is the far edge (+y), column 0 the typist's left (-x).

    The centre of pixel (column, row) lies at x = (column + 0.5) / pixels_per_mm - width / 2 and
    y = height / 2 - (row + 0.5) / pixels_per_mm, in millimetres. Raises ValueError for a scale outside 0.5..20.
    """
    if not 0.5 <= pixels_per_mm <= 20:
        raise ValueError(f"pixels_per_mm is {pixels_per_mm}: choose a scale from 0.5 to 20")
    width, height = (max(1, round(1000 * side_m * pixels_per_mm)) for side_m in layout.sheet_size_m)
    oversampled = np.full((height * _OVERSAMPLING, width * _OVERSAMPLING), PAPER, dtype=np.uint8)
    scale = pixels_per_mm * _OVERSAMPLING * 1000
    for primitive in make_primitives(layout, layout.markers, all_labels=False):
        if isinstance(primitive, Box):
            _draw_box(oversampled, primitive, _to_pixels(layout, scale, primitive.corners_m), scale)
        elif isinstance(primitive, Text):
            _draw_text(oversampled, primitive, _to_pixels(layout, scale, primitive.corners_m), scale)
        elif isinstance(primitive, MarkerCells):
            _draw_marker(oversampled, primitive.cells, _to_pixels(layout, scale, primitive.corners_m))
    return cv2.resize(oversampled, (width, height), interpolation=cv2.INTER_AREA)


def _to_pixels(layout: Layout, scale: float, points_m: np.ndarray) -> np.ndarray:
    """Sheet points (N, 2), metres -> image positions (N, 2), (0, 0) at the image's outer corner."""
    width_m, height_m = layout.sheet_size_m
    return (points_m * (1.0, -1.0) + (width_m / 2, height_m / 2)) * scale


def _outline_px(scale: float) -> int:
    return max(1, round(OUTLINE_MM * scale / 1000))


def _draw_box(image: np.ndarray, box: Box, corners: np.ndarray, scale: float) -> None:
    line = _outline_px(scale)
    (left, top), (right, bottom) = np.rint(corners).astype(int)
    cv2.rectangle(image, (left, top), (right, bottom), OUTLINE, cv2.FILLED)
    cv2.rectangle(image, (left + line, top + line), (right - line, bottom - line), box.grey, cv2.FILLED)


def _draw_text(image: np.ndarray, text: Text, corners: np.ndarray, scale: float) -> None:
    # The strokes are of ASCII only, and a box on a key would be no help.
    if not text.text or not text.text.isascii():
        return
    center = corners.mean(axis=0) + np.array([0.0, -text.shift_m * scale])
    room_px = (corners[1] - corners[0] - 4 * _outline_px(scale)) * text.room_ratio
    height = text.height_mm * scale / 1000
    width_ratio = measure_text(text.text, 1.0)
    # The line is drawn about the middle of each stroke, whose thickness belongs to the letter's height and width.
    height = min(height, 0.9 * room_px[1], 0.9 * room_px[0] / (width_ratio + _LINE_RATIO))
    thickness = max(1, round(_LINE_RATIO * height))
    cap_height = height - thickness
    if cap_height <= 0:
        return
    # Capitals are centred on the key; comma and full stop hang below the line, as they should.
    origin = center + np.array([-width_ratio * cap_height / 2, cap_height / 2])
    draw_text(image, text.text, (origin[0], origin[1]), cap_height, text.grey, thickness)


def _draw_marker(image: np.ndarray, cells: np.ndarray, corners: np.ndarray) -> None:
    """Gives each pixel whose centre falls on the marker the colour of its cell."""
    count = len(cells)
    square = np.array([[0, 0], [count, 0], [count, count], [0, count]], dtype=np.float32)
    cell_from_pixel = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
    first = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    last = np.minimum(np.ceil(corners.max(axis=0)).astype(int), image.shape[::-1])
    columns, rows = np.meshgrid(np.arange(first[0], last[0]), np.arange(first[1], last[1]))
    if columns.size == 0:
        return
    centers = np.stack([columns, rows], axis=-1).reshape(1, -1, 2) + 0.5
    cell = np.floor(cv2.perspectiveTransform(centers, cell_from_pixel)[0]).astype(int)
    inside = np.all((cell >= 0) & (cell < count), axis=1)
    image[rows.ravel()[inside], columns.ravel()[inside]] = cells[cell[inside, 1], cell[inside, 0]]
