"""The sheet on the desk: its keys and its print. Sheet frame: origin at the centre, y to the far edge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

LAYOUT = Path(__file__).parent / "layout.yaml"
# Of the texture.
PIXELS_PER_MM = 5

_PAPER, _KEY, _EDGE, _LETTER, _INK = 235, 205, 90, 40, 22


@dataclass(frozen=True)
class Key:
    """A key of layout.yaml. char: the character that it types. center_mm, size_mm: (x, y) each."""

    char: str
    center_mm: tuple[float, float]
    size_mm: tuple[float, float]


@dataclass(frozen=True)
class Sheet:
    """size_mm: width and height. keys: by name. markers: number -> (4, 2) corners, the far left one first, mm."""

    size_mm: tuple[float, float]
    keys: dict[str, Key]
    marker_dictionary: str
    marker_side_mm: float
    markers: dict[int, np.ndarray]

    @property
    def centers_m(self) -> dict[str, np.ndarray]:
        """(2,) for each key."""
        return {name: np.array(key.center_mm) / 1000 for name, key in self.keys.items()}


def read_sheet() -> Sheet:
    """Reads the sheet of layout.yaml, independently of the package's code."""
    layout = yaml.safe_load(LAYOUT.read_text(encoding="utf-8"))
    markers = layout["markers"]
    return Sheet(
        size_mm=(layout["sheet"]["width"], layout["sheet"]["height"]),
        keys={key["name"]: Key(key["char"], tuple(key["center"]), tuple(key["size"])) for key in layout["keys"]},
        marker_dictionary=markers["dictionary"],
        marker_side_mm=markers["side"],
        markers={int(number): np.array(corners) for number, corners in markers["corners"].items()},
    )


def render_sheet(sheet: Sheet) -> np.ndarray:
    """(H, W) float32 reflectance of the printed paper, 0 to 1, row 0 at the far edge, PIXELS_PER_MM."""
    width, height = sheet.size_mm
    image = np.full((int(height * PIXELS_PER_MM), int(width * PIXELS_PER_MM)), _PAPER, np.uint8)
    for key in sheet.keys.values():
        _draw_key(image, sheet, key)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, sheet.marker_dictionary))
    side_px = int(sheet.marker_side_mm * PIXELS_PER_MM)
    for number, corners_mm in sheet.markers.items():
        marker = cv2.aruco.generateImageMarker(dictionary, number, side_px)
        column, row = _pixel(sheet, *corners_mm[0])
        image[row : row + side_px, column : column + side_px] = np.maximum(marker, _INK)
    return image.astype(np.float32) / 255


def _draw_key(image: np.ndarray, sheet: Sheet, key: Key) -> None:
    (x, y), (width, height) = key.center_mm, key.size_mm
    far_left, near_right = _pixel(sheet, x - width / 2, y + height / 2), _pixel(sheet, x + width / 2, y - height / 2)
    cv2.rectangle(image, far_left, near_right, _KEY, -1)
    cv2.rectangle(image, far_left, near_right, _EDGE, 2)
    if not key.char.strip():
        return
    font, scale = cv2.FONT_HERSHEY_DUPLEX, 0.32 * PIXELS_PER_MM
    (text_width, text_height), _ = cv2.getTextSize(key.char.upper(), font, scale, 2)
    column, row = _pixel(sheet, x - width * 0.22, y + height * 0.2)
    corner = (column - text_width // 2, row + text_height // 2)
    cv2.putText(image, key.char.upper(), corner, font, scale, _LETTER, 3, cv2.LINE_AA)


def _pixel(sheet: Sheet, x_mm: float, y_mm: float) -> tuple[int, int]:
    """(column, row) in the texture."""
    width, height = sheet.size_mm
    return round((x_mm + width / 2) * PIXELS_PER_MM), round((height / 2 - y_mm) * PIXELS_PER_MM)
