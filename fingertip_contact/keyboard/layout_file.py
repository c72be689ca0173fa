"""Reads and checks the fields of a layout file. Every error names file, field, value and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Finger, Handedness, Modifier
from fingertip_contact.keyboard.shapes import RECTANGLE, make_key_shape
from fingertip_contact.registry import KEY_SHAPES
from fingertip_contact.safe_text import describe, to_printable
from fingertip_contact.settings import warn_about_unknown
from fingertip_contact.yaml_file import read_yaml

_MM = 0.001
_MAX_MM = 5000.0
_REQUIRED = object()
_CORNERS = ("top left", "top right", "bottom right", "bottom left")
# Tolerance of a marker's edges relative to its `side`, for sheets measured with a ruler.
_SIDE_TOLERANCE = 0.1
_KEY_CODE = re.compile("KEY_[A-Z0-9_]{1,40}")


def read_mapping(path: Path) -> Mapping[str, Any]:
    """The file's top level. JSON is read as YAML, of which it is a subset. Raises ValueError as `read_yaml` does."""
    data = read_yaml(path)
    if not isinstance(data, Mapping):
        raise ValueError(
            f"{path}: holds {type(data).__name__} instead of a mapping; see docs/layout-file.md for the fields it needs"
        )
    return data


class FileReader:
    """Reads and checks the fields of one file's mappings, and converts millimetres to metres."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def error(self, where: str, value: object, remedy: str) -> ValueError:
        return ValueError(f"{self._path}: {to_printable(where)} is {describe(value)}: {remedy}")

    def warn_about_unknown(self, names: Iterable[object], known: tuple[str, ...], where: str = "") -> None:
        """A misspelt name would be a field that is missing."""
        warn_about_unknown(names, known, f"{self._path}{where and f', {where}'}")

    def mapping(self, entry: Mapping, name: str, where: str = "") -> Mapping:
        value = entry.get(name)
        if not isinstance(value, Mapping):
            raise self.error(where + name, value, "it has to be a mapping; see docs/layout-file.md")
        return value

    def sequence(self, entry: Mapping, name: str, where: str = "") -> Sequence:
        value = entry.get(name)
        if not isinstance(value, list):
            raise self.error(where + name, value, "it has to be a list; see docs/layout-file.md")
        return value

    def text(self, entry: Mapping, name: str, *, where: str = "", default: Any = _REQUIRED) -> str:
        """A text; a number is accepted, because YAML reads an unquoted `char: 1` as one."""
        value = entry.get(name)
        if value is None and default is not _REQUIRED:
            return default
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or (default is _REQUIRED and not value):
            raise self.error(where + name, value, "it has to be a text; put it in quotes, y and n too")
        return value

    def length_m(self, entry: Mapping, name: str, where: str = "") -> float:
        value = self._coordinate_mm(entry.get(name), where + name)
        if value <= 0:
            raise self.error(where + name, value, "a length has to be greater than 0 mm")
        return value * _MM

    def point_m(self, value: object, where: str) -> tuple[float, float]:
        if not isinstance(value, list) or len(value) != 2:
            raise self.error(where, value, "it has to be two numbers in mm, [x, y]")
        x, y = (self._coordinate_mm(coordinate, where) * _MM for coordinate in value)
        return x, y

    def size_m(self, value: object, where: str) -> tuple[float, float]:
        size = self.point_m(value, where)
        if min(size) <= 0:
            raise self.error(where, value, "width and height have to be greater than 0 mm")
        return size

    def boolean(self, entry: Mapping, name: str, where: str) -> bool:
        value = entry.get(name, False)
        if not isinstance(value, bool):
            raise self.error(where + name, value, "it has to be true or false")
        return value

    def characters(self, entry: Mapping, name: str, where: str) -> str:
        """A text to write or to print, empty if the field is missing. Raises ValueError for control characters."""
        value = self.text(entry, name, where=where, default="")
        if not all(character.isprintable() or character in "\n\t" for character in value):
            raise self.error(where + name, value, "only printable characters, line ends and tabs can be written")
        return value

    def key_code(self, entry: Mapping, where: str) -> str:
        """The name of a key in linux/input-event-codes.h, empty if the field is missing."""
        value = self.text(entry, "code", where=where, default="")
        if value and not _KEY_CODE.fullmatch(value):
            raise self.error(f"{where}code", value, "it has to be a key of Linux, for instance KEY_SEMICOLON")
        return value

    def modifier(self, entry: Mapping, where: str) -> Modifier | None:
        value = entry.get("modifier")
        if value is not None and value not in get_args(Modifier):
            raise self.error(f"{where}modifier", value, f"it has to be one of {', '.join(get_args(Modifier))}")
        return value

    def shape(self, entry: Mapping, where: str) -> str:
        """The name of a registered key shape. A file must not name a module: reading one would run its code."""
        name = self.text(entry, "shape", where=where, default=RECTANGLE)
        if ":" in name or name not in KEY_SHAPES:
            raise self.error(f"{where}shape", name, f"choose one of {', '.join(KEY_SHAPES.names())}")
        try:
            make_key_shape(name)
        except (ValueError, TypeError) as error:
            raise self.error(f"{where}shape", name, str(error)) from error
        return name

    def marker_corners_m(self, value: object, where: str, side_m: float | None, order: list[int]) -> np.ndarray:
        """(4, 2) metres: top left, top right, bottom right, bottom left. order: theirs in the file.

        Raises ValueError if they do not span a square of this side, or go round it anticlockwise: then the file means
        a mirror image, which no camera recognises.
        """
        corners = self.corners_m(value, where)[order]
        (x, y), (next_x, next_y) = corners[1] - corners[0], corners[2] - corners[1]
        if x * next_y - y * next_x > 0:
            raise self.error(where, value, "the marker is mirrored; correct the order of its corners, or corner_order")
        edges_m = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        if side_m is not None and np.abs(edges_m - side_m).max() > _SIDE_TOLERANCE * side_m:
            measured = ", ".join(f"{1000 * edge:g}" for edge in edges_m)
            raise self.error(where, value, f"its edges are {measured} mm and side is {1000 * side_m:g}; correct one")
        return corners

    def corners_m(self, value: object, where: str) -> np.ndarray:
        """(4, 2) metres. Raises ValueError if they do not span a convex quadrangle."""
        if not isinstance(value, list) or len(value) != 4:
            count = len(value) if isinstance(value, list) else 0
            raise self.error(where, value, f"a marker has four corners, [[x, y], ...] in mm, not {count}")
        corners = np.array([self.point_m(corner, f"{where}[{index}]") for index, corner in enumerate(value)])
        edges = np.roll(corners, -1, axis=0) - corners
        turns = edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1)
        if not (np.all(turns > 1e-9) or np.all(turns < -1e-9)):
            raise self.error(where, value, "the corners have to go round a square; correct their order")
        return corners

    def corner_order(self, entry: Mapping) -> list[int]:
        """Indices of top left, top right, bottom right and bottom left among a marker's corners in this file."""
        value = entry.get("corner_order")
        if value is None:
            return [0, 1, 2, 3]
        words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        named = list(
            dict.fromkeys(" ".join(pair) for pair in re.findall(r"(top|bottom)[\s_-]*(left|right)", words.lower()))
        )
        if sorted(named) != sorted(_CORNERS):
            raise self.error(
                "markers.corner_order", value, f'it has to name the four corners, e.g. "{", ".join(_CORNERS)}"'
            )
        return [named.index(corner) for corner in _CORNERS]

    def dictionary(self, entry: Mapping) -> tuple[str, int]:
        """Name and number of markers of the ArUco dictionary."""
        name = self.text(entry, "dictionary", where="markers.")
        identifier = getattr(cv2.aruco, name, None) if name.startswith("DICT_") else None
        if not isinstance(identifier, int):
            raise self.error("markers.dictionary", name, "OpenCV has no such dictionary; use for instance DICT_4X4_50")
        return name, len(cv2.aruco.getPredefinedDictionary(identifier).bytesList)

    def marker_id(self, label: object, where: str, dictionary: str, capacity: int) -> int:
        try:
            marker_id = int(str(label))
        except ValueError:
            marker_id = -1
        if not 0 <= marker_id < capacity:
            raise self.error(where, label, f"markers of {dictionary} have numbers from 0 to {capacity - 1}")
        return marker_id

    def fingers(self, data: Mapping, keys: set[str]) -> dict[str, tuple[Handedness, Finger]]:
        if data.get("fingers") is None:
            return {}
        fingers: dict[str, tuple[Handedness, Finger]] = {}
        for key, value in self.mapping(data, "fingers").items():
            where = f"fingers.{key}"
            if str(key) not in keys:
                raise self.error(where, value, "keys has no key of this name")
            if not isinstance(value, list) or len(value) != 2 or value[0] not in HANDS or value[1] not in FINGERS:
                choices = f"[{'|'.join(get_args(Handedness))}, {'|'.join(get_args(Finger))}]"
                raise self.error(where, value, f"it has to be {choices}")
            fingers[str(key)] = (value[0], value[1])
        return fingers

    def _coordinate_mm(self, value: object, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _MAX_MM:
            raise self.error(where, value, f"it has to be a finite number of mm, at most {_MAX_MM:.0f}")
        return float(value)
