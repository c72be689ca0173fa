"""Draws the sheet that lies on the desk: keys, letters, markers."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.keyboard.labels import (
    LETTER_HEIGHT_MM,
    WORD_HEIGHT_MM,
    label_offset_m,
    rectangle_m,
    resolve_label,
    sort_for_drawing,
)
from fingertip_contact.keyboard.layout import Key, Layout

_PAPER = 255
_OUTLINE = 150
_INK = 60
_OUTLINE_MM = 0.4
# Drawn larger and averaged down, so that edges between two pixels keep their place.
_OVERSAMPLING = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_sheet(layout: Layout, pixels_per_mm: float = 4.0) -> np.ndarray:
    """The sheet as it is printed: (H, W) uint8. Row 0 is the far edge (+y), column 0 the typist's left (-x).

    The centre of pixel (column, row) lies at x = (column + 0.5) / pixels_per_mm - width / 2 and
    y = height / 2 - (row + 0.5) / pixels_per_mm, in millimetres. Raises ValueError for a scale outside 0.5..20.
    """
    if not 0.5 <= pixels_per_mm <= 20:
        raise ValueError(f"pixels_per_mm is {pixels_per_mm}: choose a scale from 0.5 to 20")
    width, height = (max(1, round(1000 * side_m * pixels_per_mm)) for side_m in layout.sheet_size_m)
    oversampled = np.full((height * _OVERSAMPLING, width * _OVERSAMPLING), _PAPER, dtype=np.uint8)
    scale = pixels_per_mm * _OVERSAMPLING * 1000
    for key in sort_for_drawing(layout):
        _draw_key(oversampled, key, _pixels(layout, scale, rectangle_m(key)), scale)
    for marker in layout.markers:
        _draw_marker(
            oversampled, marker_cells(layout.dictionary, marker.marker_id), _pixels(layout, scale, marker.corners_m)
        )
    return cv2.resize(oversampled, (width, height), interpolation=cv2.INTER_AREA)


def marker_cells(dictionary: str, marker_id: int) -> np.ndarray:
    """The marker's cells with its black border, (n + 2, n + 2) uint8, 0 or 255, upright."""
    table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    # OpenCV before 4.7 (Ubuntu 24.04 has 4.6) has the older name.
    draw = getattr(cv2.aruco, "generateImageMarker", None) or getattr(cv2.aruco, "drawMarker")  # noqa: B009
    return draw(table, marker_id, table.markerSize + 2)


def _pixels(layout: Layout, scale: float, points_m: np.ndarray) -> np.ndarray:
    """Sheet points (N, 2), metres -> picture positions (N, 2), (0, 0) at the picture's outer corner."""
    width_m, height_m = layout.sheet_size_m
    return (points_m * (1.0, -1.0) + (width_m / 2, height_m / 2)) * scale


def _draw_key(image: np.ndarray, key: Key, corners: np.ndarray, scale: float) -> None:
    line = max(1, round(_OUTLINE_MM * scale / 1000))
    (left, top), (right, bottom) = np.rint(corners).astype(int)
    face, ink = (_INK, _PAPER) if key.raised else (_PAPER, _INK)
    cv2.rectangle(image, (left, top), (right, bottom), _OUTLINE, cv2.FILLED)
    cv2.rectangle(image, (left + line, top + line), (right - line, bottom - line), face, cv2.FILLED)
    # OpenCV's font knows ASCII only.
    label = resolve_label(key)
    if label and label.isascii():
        height_mm = LETTER_HEIGHT_MM if len(label) == 1 else WORD_HEIGHT_MM
        center_px = corners.mean(axis=0) + np.array([0.0, label_offset_m(key) * scale])
        _draw_label(image, label, center_px, corners[1] - corners[0] - 4 * line, height_mm * scale / 1000, ink)


def _draw_label(
    image: np.ndarray, label: str, center: np.ndarray, space_px: np.ndarray, height: float, ink: int
) -> None:
    (width, cap_height), _ = cv2.getTextSize(label, _FONT, 10.0, 1)
    font_scale = 10.0 * min(height / cap_height, 0.9 * space_px[0] / width, 0.9 * space_px[1] / cap_height)
    if font_scale <= 0:
        return
    thickness = max(1, round(0.13 * height))
    (width, cap_height), _ = cv2.getTextSize(label, _FONT, font_scale, thickness)
    # A capital's middle is on the key's middle; comma and full stop hang low in their box as they should.
    origin = np.rint(center + np.array([-width / 2, cap_height / 2])).astype(int)
    cv2.putText(image, label, (int(origin[0]), int(origin[1])), _FONT, font_scale, ink, thickness, cv2.LINE_AA)


def _draw_marker(image: np.ndarray, cells: np.ndarray, corners: np.ndarray) -> None:
    """Colours every pixel whose centre falls on the marker by the cell that it falls on."""
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
