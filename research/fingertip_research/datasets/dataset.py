"""Reads datasets of colour and depth images lazily, in the file layout of "D405 Hand-Surface Depth".

    Pxx/Pxx_angle{30|45|60|90}_{surface}_{action}_{HHMMSS}/    one session: one person, one camera, one desk
        rgb/%06d.png          BGR, 8 bits
        depth/%06d.png        16 bits, millimetres, 0 invalid, aligned to colour
        annotations/%06d.json positions of the hands              (datasets.annotations)
        labels/%06d.json      which fingertips are in contact     (datasets.annotations)
        metadata.json         camera, session, surface
        stamps.csv            frame,stamp_ns; an addition that other readers ignore
        depth_exact/%06d.png  an addition for simulated sessions: depth without sensor errors, in units of 0.1 mm

A frame exists if both its images exist; `datasets.check` reports missing and damaged files.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.geometry import Camera
from fingertip_contact.json_file import field_errors, read_object

RGB, DEPTH, ANNOTATIONS, LABELS = "rgb", "depth", "annotations", "labels"
METADATA, STAMPS = "metadata.json", "stamps.csv"
EXACT_DEPTH, EXACT_DEPTH_UNIT_M = "depth_exact", 0.0001
STAMPS_HEADER = "frame,stamp_ns"

ACTIONS = ("typing", "hovering", "transition")

# Depth images are in millimetres for any `depth_scale_m` in the metadata: that is the sensor's unit, from which the
# recorder converts. Images in another unit state it in an additional field, `depth_png_unit_m`.
DEPTH_PNG_UNIT_M = 0.001
# The median depth of hands over a desk (70 to 500 mm) is inside; wrong by a factor of ten, it is outside.
PLAUSIBLE_DEPTH_M = (0.055, 0.65)
_UNIT_CHECK_STRIDE_PX = 8  # sampling stride; a unit shows in a sample

_SESSION_NAME = re.compile(
    r"(?P<participant>P\d+)_angle(?P<angle>\d+)_(?P<surface>.+)_(?P<action>[a-z]+)_(?P<time>\d{6})"
)
_IMAGE_NAME, _JSON_NAME = re.compile(r"\d{6}\.png"), re.compile(r"\d{6}\.json")
_PNG_END = b"IEND\xaeB`\x82"


class BadFrameError(ValueError):
    """A frame of a dataset that cannot be used; the message names the file and the cause. It is safe to skip."""


@dataclass(frozen=True)
class Session:
    """One recording of one person.

    angle_deg: elevation of the camera over the desk. camera: of colour and of the aligned depth. depth_unit_m: metres
    per step of the depth images. metadata: all of metadata.json.
    """

    path: Path
    participant: str
    angle_deg: float
    surface: str
    action: str
    camera: Camera
    depth_unit_m: float = DEPTH_PNG_UNIT_M
    metadata: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def key(self) -> str:
        """Its name in manifests, independent of the dataset's path: `P01/P01_...`."""
        return f"{self.participant}/{self.name}"

    @cached_property
    def frame_numbers(self) -> tuple[int, ...]:
        """Numbers of the frames that have both images, in order."""
        return tuple(sorted(list_image_numbers(self.path / RGB) & list_image_numbers(self.path / DEPTH)))

    def frames(self) -> Iterator[DatasetFrame]:
        """The frames in order; nothing is decoded."""
        return (DatasetFrame(self, number) for number in self.frame_numbers)

    @cached_property
    def stamps_ns(self) -> dict[int, int]:
        """Frame number -> exposure time. Without stamps.csv: number / fps."""
        stamps = read_stamps(self.path / STAMPS)
        if stamps:
            return stamps
        frames_per_second = float(self.metadata.get("fps") or 30)
        return {number: round(number * 1e9 / frames_per_second) for number in self.frame_numbers}


@dataclass(frozen=True)
class DatasetFrame:
    """One exposure of a session; images are read on request. It is small and can be pickled."""

    session: Session
    number: int

    @property
    def rgb_path(self) -> Path:
        return self.session.path / RGB / f"{self.number:06d}.png"

    @property
    def depth_path(self) -> Path:
        return self.session.path / DEPTH / f"{self.number:06d}.png"

    @property
    def annotation_path(self) -> Path:
        return self.session.path / ANNOTATIONS / f"{self.number:06d}.json"

    @property
    def label_path(self) -> Path:
        return self.session.path / LABELS / f"{self.number:06d}.json"

    @property
    def participant(self) -> str:
        return self.session.participant

    @property
    def angle_deg(self) -> float:
        return self.session.angle_deg

    @property
    def surface(self) -> str:
        return self.session.surface

    @property
    def action(self) -> str:
        return self.session.action

    @property
    def camera(self) -> Camera:
        """Intrinsics of both images."""
        return self.session.camera

    def load_color(self) -> np.ndarray:
        """(H, W, 3) uint8 BGR. Raises BadFrameError if it is missing, corrupt, or not of the camera's size."""
        return self._require_camera_size(read_color(self.rgb_path), self.rgb_path)

    def load_depth(self) -> DepthImage:
        """As stored, with its unit. Raises BadFrameError as `load_color` does, and if the unit is implausible."""
        depth = DepthImage(
            self._require_camera_size(read_depth(self.depth_path), self.depth_path), self.session.depth_unit_m
        )
        require_plausible_unit(depth, self.depth_path)
        return depth

    def load_depth_m(self) -> np.ndarray:
        """(H, W) float32, metres, NaN where invalid. Raises as `load_depth` does."""
        return self.load_depth().to_metres()

    def load(self) -> Frame:
        """Both images with their stamp, as a recording yields them. Raises as `load_color` and `load_depth` do."""
        stamp_ns = self.session.stamps_ns.get(self.number)
        if stamp_ns is None:
            raise BadFrameError(f"{self.session.path / STAMPS} has no stamp for frame {self.number}")
        frame_id = str(self.session.metadata.get("frame_id") or D405.optical_frame)
        return Frame(stamp_ns, frame_id, self.camera, self.load_color(), self.load_depth())

    def _require_camera_size(self, image: np.ndarray, path: Path) -> np.ndarray:
        height, width = image.shape[:2]
        if (width, height) != (self.camera.width, self.camera.height):
            raise BadFrameError(
                f"{path} is {width}x{height}; the session's camera has {self.camera.width}x{self.camera.height}"
            )
        return image


@dataclass(frozen=True)
class Dataset:
    """All readable sessions under a folder, ordered by name. problems: the errors of the unreadable ones."""

    path: Path
    sessions: tuple[Session, ...]
    problems: tuple[str, ...]

    @property
    def participants(self) -> tuple[str, ...]:
        return tuple(sorted({session.participant for session in self.sessions}))

    def frames(self, participants: Collection[str] | None = None) -> Iterator[DatasetFrame]:
        """The frames of the participants given, or of all, session by session; nothing is decoded."""
        for session in self.sessions:
            if participants is None or session.participant in participants:
                yield from session.frames()


def open_dataset(path: str | Path) -> Dataset:
    """Finds the sessions of a dataset; `path` may also be the folder of a participant or of a session.

    Raises FileNotFoundError if there is no such folder, ValueError if no session in it can be read.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"dataset {path} does not exist")
    sessions, problems = [], []
    for folder in find_session_folders(path):
        try:
            sessions.append(open_session(folder))
        except ValueError as error:
            problems.append(str(error))
    if not sessions:
        found = "; ".join(problems) or "no folder in it has rgb/ and depth/"
        raise ValueError(f"{path} has no readable session of a dataset: {found}")
    return Dataset(path, tuple(sessions), tuple(problems))


def find_session_folders(path: Path) -> list[Path]:
    """Folders with images at `path` or up to two levels below it, sorted; hidden ones are incomplete and omitted."""
    if (path / RGB).is_dir():
        return [path]
    found = []
    for pattern in ("*", "*/*"):
        for rgb in path.glob(f"{pattern}/{RGB}"):
            if rgb.is_dir() and not any(part.startswith(".") for part in rgb.relative_to(path).parts):
                found.append(rgb.parent)
    return sorted(found)


def open_session(path: str | Path) -> Session:
    """Reads metadata.json; fields that it lacks are parsed from the folder's name.

    Raises ValueError that names the file if it is missing, is not JSON, or has no usable intrinsics.
    """
    path = Path(path)
    file = path / METADATA
    try:
        metadata = read_object(file)
    except FileNotFoundError:
        raise ValueError(f"{file} is missing: without the camera's intrinsics the session cannot be used") from None
    with field_errors(file):
        return _parse_session(path, metadata)


def list_image_numbers(folder: Path) -> set[int]:
    """Numbers of the images in a folder; empty if there is no folder."""
    return _list_numbers(folder, _IMAGE_NAME)


def list_json_numbers(folder: Path) -> set[int]:
    """Numbers of the annotations or labels in a folder; empty if there is no folder."""
    return _list_numbers(folder, _JSON_NAME)


def _list_numbers(folder: Path, name: re.Pattern[str]) -> set[int]:
    try:
        with os.scandir(folder) as entries:
            return {int(entry.name[:6]) for entry in entries if name.fullmatch(entry.name)}
    except FileNotFoundError:
        return set()


def read_color(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 BGR. Raises BadFrameError if the file is missing or not an image."""
    # Depth and annotations know no orientation of EXIF: none turns.
    return _read_png(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


def read_depth(path: Path) -> np.ndarray:
    """(H, W) uint16 as stored. Raises BadFrameError if the file is missing or not a depth image."""
    values = _read_png(path, cv2.IMREAD_UNCHANGED)
    if values.dtype != np.uint16 or values.ndim != 2:
        raise BadFrameError(f"{path} is not a depth image: it must have one channel of 16 bits")
    return values


def require_plausible_unit(depth: DepthImage, path: Path) -> None:
    """Raises BadFrameError if the median depth cannot be that of hands over a desk: the unit is wrong."""
    sample = depth.values[::_UNIT_CHECK_STRIDE_PX, ::_UNIT_CHECK_STRIDE_PX]
    valid = sample[sample > 0]
    if not valid.size:
        return
    typical_m = float(np.median(valid)) * depth.unit_m
    if not PLAUSIBLE_DEPTH_M[0] <= typical_m <= PLAUSIBLE_DEPTH_M[1]:
        raise BadFrameError(
            f"{path}: the median depth is {typical_m:.3f} m, so its unit cannot be {depth.unit_m:g} m; "
            f"set depth_png_unit_m in {METADATA}"
        )


def read_stamps(path: Path) -> dict[int, int]:
    """Frame number -> nanoseconds; empty if there is no file. An incomplete last line is ignored.

    Raises ValueError that names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return {}
    stamps: dict[int, int] = {}
    # After the last line break is nothing, or a line whose writing was interrupted.
    for number, line in enumerate(lines[1:-1], start=2):
        try:
            frame, stamp = line.split(",")
            stamps[int(frame)] = int(stamp)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {line!r} is not `{STAMPS_HEADER}`") from error
    return stamps


def _read_png(path: Path, mode: int) -> np.ndarray:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadFrameError(f"{path} is missing") from None
    # Some versions of the decoder return a partial image for a truncated file.
    image = cv2.imdecode(np.frombuffer(data, np.uint8), mode) if data.endswith(_PNG_END) else None
    if image is None:
        raise BadFrameError(f"{path} is not a PNG, or is corrupt ({len(data)} bytes)")
    return image


def _parse_session(path: Path, metadata: dict[str, Any]) -> Session:
    name_match = _SESSION_NAME.fullmatch(path.name)
    known = {**(name_match.groupdict() if name_match else {}), **_read_session_fields(metadata)}
    missing = [name for name in ("participant", "angle", "surface", "action") if name not in known]
    if missing:
        raise ValueError(f"neither it nor the folder's name has {', '.join(missing)}")
    unit_m = float(metadata.get("depth_png_unit_m", DEPTH_PNG_UNIT_M))
    if not (math.isfinite(unit_m) and unit_m > 0):
        raise ValueError(f"depth_png_unit_m is {unit_m}; it must be positive")
    return Session(
        path=path,
        participant=str(known["participant"]),
        angle_deg=float(known["angle"]),
        surface=str(known["surface"]),
        action=str(known["action"]),
        camera=_parse_camera(metadata),
        depth_unit_m=unit_m,
        metadata=metadata,
    )


def _read_session_fields(metadata: dict[str, Any]) -> dict[str, Any]:
    """The session's fields in the metadata. Recorders with several cameras store the surface at the top level, and the
    angle with the depth camera."""
    session = metadata.get("session") or {}
    depth_cameras = [camera for camera in metadata.get("cameras") or [] if camera.get("type") == "depth"]
    known = {
        "participant": session.get("participant", metadata.get("participant")),
        "angle": session.get("angle_degrees", depth_cameras[0].get("angle") if depth_cameras else None),
        "surface": session.get("surface", metadata.get("surface")),
        "action": session.get("action", metadata.get("action")),
    }
    return {name: value for name, value in known.items() if value is not None}


def _parse_camera(metadata: dict[str, Any]) -> Camera:
    values = metadata["intrinsics"]
    width, height = metadata.get("resolution") or (640, 480)
    distortion = tuple(float(value) for value in values.get("distortion") or ())
    return Camera(
        fx=float(values["fx"]),
        fy=float(values["fy"]),
        cx=float(values["cx"]),
        cy=float(values["cy"]),
        width=int(values.get("width", width)),
        height=int(values.get("height", height)),
        distortion=distortion if any(distortion) else (),
    )
