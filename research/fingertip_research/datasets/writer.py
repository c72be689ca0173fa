"""Writes sessions of a dataset frame by frame; an interrupted session contains complete frames only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.datatypes import DepthImage
from fingertip_contact.files import atomic_write, require_not_exists
from fingertip_contact.geometry import Camera, Plane
from fingertip_contact.safe_text import describe
from fingertip_research.datasets.annotations import (
    AnnotatedHand,
    FrameLabel,
    annotation_to_json,
    label_to_json,
)
from fingertip_research.datasets.dataset import (
    ACTIONS,
    ANNOTATIONS,
    DEPTH,
    DEPTH_PNG_UNIT_M,
    EXACT_DEPTH,
    EXACT_DEPTH_UNIT_M,
    LABELS,
    METADATA,
    RGB,
    STAMPS,
    STAMPS_HEADER,
)

# Images with sensor noise hardly compress: run-length encoding at the lowest level gives the same size as OpenCV's
# default and is three times as fast.
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
_MAX_DEPTH_STEPS = 65535
_PLANE_STRIDE_PX = 16  # sampling stride

_NAME_PARTS = {
    "participant": (r"P\d{1,6}", "P and a number, e.g. P01"),
    "surface": (r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", "letters, digits, _ and -, e.g. white_desk"),
    "action": ("|".join(ACTIONS), f"one of {', '.join(ACTIONS)}"),
    "time_of_day": (r"(\d{6})?", "six digits, HHMMSS"),
}


@dataclass(frozen=True)
class SessionInfo:
    """Description of a session. angle_deg: elevation of the camera over the desk. hand: left, right or both.
    time_of_day: HHMMSS, empty until known. timestamp: date and time in plain text.

    Raises ValueError for a value that cannot be part of the folder's name: values come from options and from files, and
    none may lead out of the dataset's folder.
    """

    participant: str
    angle_deg: float
    surface: str
    action: str
    hand: str = "both"
    time_of_day: str = ""
    timestamp: str = ""

    def __post_init__(self) -> None:
        for name, (pattern, description) in _NAME_PARTS.items():
            value = getattr(self, name)
            if not re.fullmatch(pattern, value, re.ASCII):
                raise ValueError(f"{name} is {describe(value)}; it has to be {description}")
        if not 0 <= self.angle_deg <= 90:
            raise ValueError(f"angle_deg is {self.angle_deg}; it has to be a number from 0 to 90")

    def with_start(self, stamp_ns: int) -> SessionInfo:
        """A copy with the timestamp of the first frame, and its time of day if not set (UTC)."""
        start = datetime.fromtimestamp(stamp_ns // 1_000_000_000, tz=timezone.utc)
        time_of_day = self.time_of_day or f"{start:%H%M%S}"
        return replace(self, time_of_day=time_of_day, timestamp=f"{start:%Y-%m-%d %H:%M:%S}")

    @property
    def name(self) -> str:
        """Name of the session's folder. Raises ValueError where the time of day is unknown."""
        if not self.time_of_day:
            raise ValueError(f"the session of {self.participant} has no time of day; its folder cannot be named")
        parts = (self.participant, f"angle{self.angle_deg:.0f}", self.surface, self.action, self.time_of_day)
        return "_".join(parts)

    def folder(self, root: Path) -> Path:
        return root / self.participant / self.name


class SessionWriter:
    """Writes one session, as a context manager.

    Each file is written under a temporary name and renamed; the colour image is written last and completes the frame.
    metadata.json exists from the start; its number of frames is updated at the end. Raises FileExistsError if `path`
    exists.
    """

    def __init__(
        self,
        path: Path,
        info: SessionInfo,
        camera: Camera,
        *,
        frames_per_second: float = 30.0,
        camera_profile: CameraProfile = D405,
        frame_id: str | None = None,
        depth_png_unit_m: float = DEPTH_PNG_UNIT_M,
        surface: Mapping[str, Any] | None = None,
        extra_metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """frame_id: by default the optical frame of the camera profile. surface: `surface_calibration` of the metadata.
        extra_metadata: its further fields."""
        self.path = path
        self.frame_count = 0
        self._unit_m = depth_png_unit_m
        self._metadata = _make_metadata(
            info, camera, camera_profile, frame_id or camera_profile.optical_frame, frames_per_second, depth_png_unit_m
        )
        self._metadata["surface_calibration"] = surface
        self._metadata.update(extra_metadata or {})
        self._stamps: TextIO

    def __enter__(self) -> SessionWriter:
        require_not_exists(self.path)
        for folder in (RGB, DEPTH):
            (self.path / folder).mkdir(parents=True)
        self._write_metadata()
        self._stamps = (self.path / STAMPS).open("w", encoding="utf-8")
        self._stamps.write(STAMPS_HEADER + "\n")
        return self

    def __exit__(
        self, exception_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A full disk has then been reported by the first write that failed.
        with suppress(OSError) if error is not None else nullcontext():
            self._stamps.close()
            self._write_metadata()

    def write(
        self,
        stamp_ns: int,
        color_bgr: np.ndarray,
        depth: DepthImage,
        hands: tuple[AnnotatedHand, ...] | None = None,
        label: FrameLabel | None = None,
        exact: DepthImage | None = None,
    ) -> None:
        """Writes one frame. hands: None if not annotated. exact: depth without sensor errors, if known."""
        number = self.frame_count
        if hands is not None:
            self._write_json(ANNOTATIONS, number, annotation_to_json(number, hands))
        if label is not None:
            self._write_json(LABELS, number, label_to_json(number, label))
        if exact is not None:
            (self.path / EXACT_DEPTH).mkdir(exist_ok=True)
            steps = quantise_depth(exact, EXACT_DEPTH_UNIT_M)
            atomic_write_bytes(self.path / EXACT_DEPTH / f"{number:06d}.png", encode_png(steps))
        atomic_write_bytes(self.path / DEPTH / f"{number:06d}.png", encode_png(quantise_depth(depth, self._unit_m)))
        self._stamps.write(f"{number},{stamp_ns}\n")
        self._stamps.flush()
        atomic_write_bytes(self.path / RGB / f"{number:06d}.png", encode_png(color_bgr))
        self.frame_count += 1

    def _write_json(self, folder: str, number: int, value: dict[str, Any]) -> None:
        (self.path / folder).mkdir(exist_ok=True)
        write_json(self.path / folder / f"{number:06d}.json", value)

    def _write_metadata(self) -> None:
        self._metadata["session"]["total_frames"] = self.frame_count
        write_json(self.path / METADATA, self._metadata, indent=2)


def make_surface_calibration(
    plane: Plane, camera: Camera, inlier_ratio: float, frames_used: int, camera_profile: CameraProfile = D405
) -> dict[str, Any]:
    """A plane for the metadata: exactly, as `plane_optical_frame`, and in the form of the layout.

    The layout's `plane_coefficients` a, b, c, d satisfy a u + b v + c z + d = 0 with u, v in pixels and z in metres
    along the optical axis. A plane in space has no exact form of this kind; these are a least-squares fit in the image.
    Raises ValueError if the plane is out of view.
    """
    columns, rows = np.meshgrid(
        np.arange(0, camera.width, _PLANE_STRIDE_PX, dtype=float),
        np.arange(0, camera.height, _PLANE_STRIDE_PX, dtype=float),
    )
    pixels = np.column_stack([columns.ravel(), rows.ravel()])
    depth_m = plane.depth_at_m(camera.rays(pixels))
    in_view = np.isfinite(depth_m) & (depth_m < 2 * camera_profile.depth_range_m[1])
    if not in_view.any():
        raise ValueError("the surface's plane is not in view of the camera")
    equations = np.column_stack([pixels[in_view], np.ones(int(in_view.sum()))])
    (a, b, d), *_ = np.linalg.lstsq(equations, depth_m[in_view], rcond=None)
    coefficients = np.array([-a, -b, 1.0, -d]) / np.linalg.norm([a, b, 1.0])
    return {
        "plane_coefficients": coefficients.tolist(),
        "inlier_ratio": float(inlier_ratio),
        "avg_surface_depth_m": float(np.median(depth_m[in_view])),
        "num_frames_used": frames_used,
        "plane_optical_frame": {"normal": np.asarray(plane.normal).tolist(), "offset_m": float(plane.offset_m)},
    }


def quantise_depth(depth: DepthImage, unit_m: float) -> np.ndarray:
    """Depth in whole steps of `unit_m`: (H, W) uint16, 0 invalid; rounded only if it is in another unit."""
    if depth.values.dtype == np.uint16 and depth.unit_m == unit_m:
        return depth.values
    steps = np.rint(depth.to_metres().astype(np.float64) / unit_m)
    return np.where(np.isfinite(steps) & (steps <= _MAX_DEPTH_STEPS), steps, 0).astype(np.uint16)


def encode_png(pixels: np.ndarray) -> bytes:
    """Encodes pixels as a PNG."""
    is_encoded, data = cv2.imencode(".png", np.ascontiguousarray(pixels), _PNG)
    if not is_encoded:
        raise ValueError(f"an image of {pixels.shape} {pixels.dtype} cannot be encoded as a PNG")
    return data.tobytes()


def write_json(path: Path, value: Mapping[str, Any], indent: int | None = None) -> None:
    """Writes a JSON file atomically."""
    atomic_write_bytes(path, (json.dumps(value, allow_nan=False, indent=indent) + "\n").encode())


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Writes a file that appears complete or not at all. Raises OSError that names it if writing fails."""
    try:
        with atomic_write(path, overwrite=True, is_one_of_many=True) as temporary_path:
            temporary_path.write_bytes(data)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}; files written before are complete") from error


def _make_metadata(
    info: SessionInfo,
    camera: Camera,
    camera_profile: CameraProfile,
    frame_id: str,
    frames_per_second: float,
    depth_png_unit_m: float,
) -> dict[str, Any]:
    return {
        "camera": camera_profile.name,
        "resolution": [camera.width, camera.height],
        "fps": frames_per_second,
        "depth_scale_m": depth_png_unit_m,
        "depth_png_unit_m": depth_png_unit_m,
        "depth_range_m": list(camera_profile.depth_range_m),
        "frame_id": frame_id,
        "intrinsics": {
            "fx": camera.fx,
            "fy": camera.fy,
            "cx": camera.cx,
            "cy": camera.cy,
            "width": camera.width,
            "height": camera.height,
            "distortion": list(camera.distortion),
        },
        "filters": {},
        "session": {
            "participant": info.participant,
            "angle_degrees": int(info.angle_deg) if info.angle_deg == int(info.angle_deg) else info.angle_deg,
            "surface": info.surface,
            "action": info.action,
            "hand": info.hand,
            "total_frames": 0,
            "timestamp": info.timestamp,
        },
    }
