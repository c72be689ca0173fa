"""The keyboard on the sheet: positions of keys and markers. docs/layout-file.md describes the file.

Everything here is in the sheet frame: origin at the sheet's centre, x to the typist's right, y away from the typist,
z up. Files hold millimetres; from `load_layout` on everything is metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from fingertip_contact.datatypes import Finger, Handedness, Modifier
from fingertip_contact.keyboard.accents import COMBINING
from fingertip_contact.keyboard.layout_file import FileReader, read_mapping
from fingertip_contact.keyboard.markers import find_self_mirrored
from fingertip_contact.keyboard.shapes import RECTANGLE, Rectangle, make_key_shape
from fingertip_contact.protocols import KeyShape
from fingertip_contact.resources import find_share_directory
from fingertip_contact.text_buffer import BACKSPACE


@dataclass(frozen=True)
class Key:
    """A key: its name, the text that it writes (empty: nothing), and its outline, metres, sheet frame.

    size_m: width and height. shifted, altgr: the text with Shift and with AltGr. modifier: its effect on other keys
    while it is held. raised: it lies over other keys, as a piano's black ones do. label: printed on it instead of its
    text. shape: its outline, a name in `registry.KEY_SHAPES`. is_dead: its accents wait for a letter. code: its name on
    Linux, if the key's own name does not say it (desktop/key_codes.py).
    """

    name: str
    text: str
    center_m: tuple[float, float]
    size_m: tuple[float, float]
    shifted: str = ""
    modifier: Modifier | None = None
    raised: bool = False
    label: str = ""
    shape: str = RECTANGLE
    altgr: str = ""
    is_dead: bool = False
    code: str = ""

    @property
    def has_capital(self) -> bool:
        """Whether Shift makes it a capital: é of a French keyboard becomes 2."""
        return self.text.isalpha() and self.shifted == _capitalize(self.text)

    def text_with_modifiers(self, shift: bool, caps_lock: bool, altgr: bool = False) -> str:
        """The text of a press; empty for AltGr where the key has none. Caps Lock inverts Shift, for letters only."""
        if altgr:
            return self.altgr
        return self.shifted if shift != (caps_lock and self.has_capital) else self.text


@dataclass(frozen=True)
class Marker:
    """An ArUco marker. corners_m: (4, 2) top left, top right, bottom right, bottom left as the typist reads it."""

    marker_id: int
    corners_m: np.ndarray


@dataclass(frozen=True)
class Layout:
    """A sheet with keys and markers. sheet_size_m: width and height. dictionary: OpenCV's name of the ArUco
    dictionary. fingers: the finger that usually types a key, if the file names one."""

    name: str
    sheet_size_m: tuple[float, float]
    keys: tuple[Key, ...]
    markers: tuple[Marker, ...] = ()
    dictionary: str = "DICT_4X4_50"
    fingers: Mapping[str, tuple[Handedness, Finger]] = field(default_factory=dict)

    @cached_property
    def centers_m(self) -> np.ndarray:
        """(N, 2) metres, in the order of `keys`."""
        return np.array([key.center_m for key in self.keys], dtype=np.float64).reshape(-1, 2)

    @cached_property
    def sizes_m(self) -> np.ndarray:
        """(N, 2) widths and heights, metres, in the order of `keys`."""
        return np.array([key.size_m for key in self.keys], dtype=np.float64).reshape(-1, 2)

    @cached_property
    def raised(self) -> np.ndarray:
        """(N,) bool, in the order of `keys`."""
        return np.array([key.raised for key in self.keys], dtype=bool)

    @cached_property
    def _other_shapes(self) -> dict[int, KeyShape]:
        """The shapes of the keys that are not rectangles, by their index in `keys`."""
        return {index: make_key_shape(key.shape) for index, key in enumerate(self.keys) if key.shape != RECTANGLE}

    @cached_property
    def by_name(self) -> dict[str, Key]:
        return {key.name: key for key in self.keys}

    @cached_property
    def by_text(self) -> dict[str, Key]:
        """The key that writes a text; the first one if several do."""
        return {key.text: key for key in reversed(self.keys) if key.text}

    @cached_property
    def sheet_corners_m(self) -> np.ndarray:
        """(4, 2) top left, top right, bottom right, bottom left of the sheet as the typist reads it, metres."""
        width, height = self.sheet_size_m
        return np.array([[-width, height], [width, height], [width, -height], [-width, -height]]) / 2

    def edge_distances_m(self, points_m: np.ndarray) -> np.ndarray:
        """Points (P, 2) -> (P, N) distance to each key's edge, metres, 0 on the key."""
        offsets_m = np.asarray(points_m, dtype=np.float64).reshape(-1, 1, 2) - self.centers_m
        distances_m = Rectangle().edge_distance_m(offsets_m, self.sizes_m)
        for index, shape in self._other_shapes.items():
            distances_m[:, index] = shape.edge_distance_m(offsets_m[:, index], self.keys[index].size_m)
        return distances_m

    def find_nearest(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (P, 2) -> index of the nearest key (P,) and the distance to its edge (P,), metres, 0 on the key.

        Of keys that overlap it is the raised one, else the one with the nearer centre.
        """
        distances = self.edge_distances_m(points_m)
        offsets = np.asarray(points_m, dtype=np.float64).reshape(-1, 1, 2) - self.centers_m
        # These only break ties: printed edges are less exact than a hundredth of a millimetre.
        tie_breakers = 1e-6 * np.hypot(offsets[..., 0], offsets[..., 1]) + 1e-5 * ~self.raised
        index = np.argmin(distances + tie_breakers, axis=1)
        return index, distances[np.arange(len(index)), index]

    def key_at(self, x_m: float, y_m: float) -> Key | None:
        """The key that holds a point of the sheet, or None."""
        index, distance_m = self.find_nearest(np.array([[x_m, y_m]]))
        return self.keys[index[0]] if distance_m[0] == 0.0 else None


def load_layout(name_or_path: str | Path) -> Layout:
    """A built-in layout by name (`qwerty`), or one of your own from a YAML or JSON file.

    Raises ValueError that names file, field, value and remedy if the file is malformed, FileNotFoundError if it is
    missing.
    """
    path = _find_layout(name_or_path)
    return _parse_layout(FileReader(path), read_mapping(path), path.stem)


def built_in_layouts() -> tuple[str, ...]:
    """The names that `load_layout` knows."""
    return tuple(sorted(file.stem for file in _built_in_folder().glob("*.yaml")))


def _built_in_folder() -> Path:
    return find_share_directory() / "config" / "layouts"


def _find_layout(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    if str(name_or_path) in built_in_layouts():
        return _built_in_folder() / f"{name_or_path}.yaml"
    raise FileNotFoundError(
        f"layout {name_or_path} does not exist: give a YAML or JSON file or a built-in name "
        f"({', '.join(built_in_layouts())})"
    )


# What each mapping of a file may hold. Other names are warned about: other programs may add their own.
_LAYOUT_FIELDS = ("name", "units", "sheet", "keys", "markers", "fingers")
_SHEET_FIELDS = ("width", "height")
_KEY_FIELDS = (
    *("name", "char", "shift", "altgr", "dead", "modifier", "label"),
    *("center", "size", "raised", "shape", "code"),
)
_MARKER_FIELDS = ("dictionary", "side", "corner_order", "corners")
# A keyboard with every key has 110. The check that no key lies on another compares them all.
_MAX_KEYS = 1000
# The pose is found from two markers or more (sheet_pose.py); sheets without any get it from a file.
_MIN_MARKERS = 2


def _parse_layout(reader: FileReader, data: Mapping, stem: str) -> Layout:
    reader.warn_about_unknown(data, _LAYOUT_FIELDS)
    if data.get("units", "mm") != "mm":
        raise reader.error("units", data["units"], "lengths have to be in mm")
    sheet = reader.mapping(data, "sheet")
    reader.warn_about_unknown(sheet, _SHEET_FIELDS, "sheet")
    width_m, height_m = (reader.length_m(sheet, side, "sheet.") for side in ("width", "height"))
    keys = _parse_keys(reader, data)
    markers, dictionary = _parse_markers(reader, data)
    _require_within_sheet(reader, keys, markers, (width_m, height_m))
    return Layout(
        name=reader.text(data, "name", default=stem),
        sheet_size_m=(width_m, height_m),
        keys=keys,
        markers=markers,
        dictionary=dictionary,
        fingers=reader.fingers(data, {key.name for key in keys}),
    )


# The text of keys with these names if a file leaves `char` empty.
_IMPLIED_TEXT = {"space": " ", "enter": "\n", "return": "\n", "tab": "\t"}


def _parse_keys(reader: FileReader, data: Mapping) -> tuple[Key, ...]:
    keys: dict[str, Key] = {}
    entries = reader.sequence(data, "keys")
    if len(entries) > _MAX_KEYS:
        raise reader.error("the number of keys", len(entries), f"a layout has at most {_MAX_KEYS}")
    names = dict.fromkeys(name for entry in entries if isinstance(entry, Mapping) for name in entry)
    reader.warn_about_unknown(names, _KEY_FIELDS, "keys")
    for index, entry in enumerate(entries):
        where = f"keys[{index}]"
        if not isinstance(entry, Mapping):
            raise reader.error(where, entry, "a key needs the fields name, center and size")
        name = reader.text(entry, "name", where=f"{where}.")
        where = f"{where} ({name})"
        if name in keys:
            raise reader.error(f"{where}.name", name, "two keys have it; every key needs a name of its own")
        keys[name] = _parse_key(reader, entry, name, f"{where}.")
    if not keys:
        raise reader.error("keys", [], "a layout needs at least one key")
    _require_visible_keys(reader, tuple(keys.values()))
    return tuple(keys.values())


def _parse_key(reader: FileReader, entry: Mapping, name: str, where: str) -> Key:
    modifier = reader.modifier(entry, where)
    text = reader.characters(entry, "char", where)
    shifted = reader.characters(entry, "shift", where)
    if text and (modifier or name == BACKSPACE):
        raise reader.error(f"{where}char", text, "modifiers and backspace write nothing; leave it empty")
    if not (modifier or name == BACKSPACE):
        text = text or _IMPLIED_TEXT.get(name, "")
    altgr = reader.characters(entry, "altgr", where)
    for field_name, value in (("shift", shifted), ("altgr", altgr)):
        if value and not text:
            raise reader.error(f"{where}{field_name}", value, "a key without char cannot have one; give it a char")
    is_dead = reader.boolean(entry, "dead", where)
    if is_dead and COMBINING.keys().isdisjoint((text, shifted, altgr)):
        remedy = f"none of its characters is an accent ({' '.join(COMBINING)}); remove it"
        raise reader.error(f"{where}dead", is_dead, remedy)
    return Key(
        name=name,
        text=text,
        center_m=reader.point_m(entry.get("center"), f"{where}center"),
        size_m=reader.size_m(entry.get("size"), f"{where}size"),
        shifted=shifted or (_capitalize(text) if text.isalpha() else text),
        modifier=modifier,
        raised=reader.boolean(entry, "raised", where),
        label=reader.characters(entry, "label", where),
        shape=reader.shape(entry, where),
        altgr=altgr,
        is_dead=is_dead,
        code=reader.key_code(entry, where),
    )


def _capitalize(text: str) -> str:
    """Of a letter; the German ß has no capital of one character, and stays."""
    return text.upper() if len(text.upper()) == len(text) else text


def _require_visible_keys(reader: FileReader, keys: tuple[Key, ...]) -> None:
    """Edges may overlap a little; a key whose centre lies under another key is a mistake in the file."""
    layout = Layout("", (1.0, 1.0), keys)
    on_key = layout.edge_distances_m(layout.centers_m) == 0.0
    covers = layout.raised[None, :] >= layout.raised[:, None]
    for below, above in zip(*np.nonzero(on_key & covers & ~np.eye(len(keys), dtype=bool)), strict=True):
        raise reader.error(
            f"keys[{below}] ({keys[below].name}).center",
            _to_mm(keys[below].center_m),
            f"it lies on key {keys[above].name}; move one of them, or set raised: true on the upper one",
        )


def _require_within_sheet(
    reader: FileReader, keys: tuple[Key, ...], markers: tuple[Marker, ...], size_m: tuple[float, float]
) -> None:
    """The middle of each key and marker has to be on the sheet; the rest may not be, as sheets are measured roughly."""
    centers = {f"keys[{index}] ({key.name}).center": key.center_m for index, key in enumerate(keys)}
    centers |= {f"markers.corners.{marker.marker_id}": tuple(marker.corners_m.mean(axis=0)) for marker in markers}
    for where, (x_m, y_m) in centers.items():
        if abs(x_m) > size_m[0] / 2 or abs(y_m) > size_m[1] / 2:
            width_mm, height_mm = _to_mm(size_m)
            remedy = f"it is beyond the sheet of {width_mm} x {height_mm} mm; the origin is the sheet's centre"
            raise reader.error(where, _to_mm((x_m, y_m)), remedy)


def _to_mm(values_m: tuple[float, ...]) -> list[float]:
    return [round(1000 * float(value), 3) for value in values_m]


def _parse_markers(reader: FileReader, data: Mapping) -> tuple[tuple[Marker, ...], str]:
    if data.get("markers") is None:
        return (), Layout.dictionary
    entry = reader.mapping(data, "markers")
    reader.warn_about_unknown(entry, _MARKER_FIELDS, "markers")
    dictionary, capacity = reader.dictionary(entry)
    order = reader.corner_order(entry)
    side_m = None if entry.get("side") is None else reader.length_m(entry, "side", "markers.")
    markers: dict[int, Marker] = {}
    for label, corners in reader.mapping(entry, "corners", where="markers.").items():
        where = f"markers.corners.{label}"
        marker_id = reader.marker_id(label, where, dictionary, capacity)
        if marker_id in markers:
            raise reader.error(where, label, "this marker is listed twice; every marker needs a number of its own")
        markers[marker_id] = Marker(marker_id, reader.marker_corners_m(corners, where, side_m, order))
    if 0 < len(markers) < _MIN_MARKERS:
        remedy = f"the sheet is found by {_MIN_MARKERS} markers or more; add some, or leave `markers` out"
        raise reader.error("the number of markers", len(markers), remedy)
    if markers and markers.keys() <= find_self_mirrored(dictionary):
        remedy = "all of these read the same in a mirror, and give no pose; use another number for one of them"
        raise reader.error("the markers' numbers", sorted(markers), remedy)
    _require_separate_markers(reader, tuple(markers.values()))
    return tuple(markers.values()), dictionary


def _require_separate_markers(reader: FileReader, markers: tuple[Marker, ...]) -> None:
    """Printed over each other, neither of two markers can be read."""
    for index, marker in enumerate(markers):
        for other in markers[:index]:
            center_m = marker.corners_m.mean(axis=0)
            if np.linalg.norm(center_m - other.corners_m.mean(axis=0)) < np.ptp(other.corners_m, axis=0).max() / 2:
                remedy = f"it lies on marker {other.marker_id}; move one of them"
                raise reader.error(f"markers.corners.{marker.marker_id}", _to_mm(tuple(center_m)), remedy)
