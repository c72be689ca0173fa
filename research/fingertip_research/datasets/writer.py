"""Writes sessions of a dataset, frame by frame, so that an interrupted one holds whole frames only."""

from __future__ import annotations

import json
import os
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
from fingertip_contact.files import require_not_exists
from fingertip_contact.geometry import Camera, Plane
from fingertip_research.datasets.annotations import (
    AnnotatedHand,
    FrameLabel,
    annotation_to_json,
    label_to_json,
)
from fingertip_research.datasets.dataset import (
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

# Pictures with sensor noise hardly shrink: run lengths at the lowest level are as small as anything and three times
# as fast as OpenCV's own choice.
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
_MAX_DEPTH_STEPS = 65535
_PLANE_STRIDE_PX = 16  # pixels between the points that stand for a plane


@dataclass(frozen=True)
class SessionInfo:
    """Metadata of a session. angle_deg: elevation of the camera over the desk. hand: left, right or both. time_of_day:
    HHMMSS, empty until known. timestamp: date and time in plain text.
    """

    participant: str
    angle_deg: float
    surface: str
    action: str
    hand: str = "both"
    time_of_day: str = ""
    timestamp: str = ""

    def with_start(self, stamp_ns: int) -> SessionInfo:
        """The same session with the timestamp of its first frame, and its time of day unless that is set."""
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

    Each file is written aside and renamed; the colour picture comes last and makes the frame one. metadata.json is
    there from the start, and says at the end how many frames there are. Raises FileExistsError where `path` exists.
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
        """surface: `surface_calibration` of the metadata. extra_metadata: further fields of it."""
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
        # A disk that is full is told once, by what met it first.
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
        """One frame. hands: None where nobody looked for them. exact: depth without the sensor's errors, if known."""
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
    """A plane for the metadata: exactly, as `plane_optical_frame`, and as the layout has it.

    The layout's `plane_coefficients` a, b, c, d hold a u + b v + c z + d = 0 with u, v in pixels and z in metres along
    the optical axis. No plane in space is such a plane; written is the closest one over the picture.
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
    """Depth in whole steps of `unit_m`: (H, W) uint16, 0 invalid; rounded only where it is in another unit."""
    if depth.values.dtype == np.uint16 and depth.unit_m == unit_m:
        return depth.values
    steps = np.rint(depth.to_metres().astype(np.float64) / unit_m)
    return np.where(np.isfinite(steps) & (steps <= _MAX_DEPTH_STEPS), steps, 0).astype(np.uint16)


def encode_png(pixels: np.ndarray) -> bytes:
    """Pixels as a PNG."""
    is_encoded, data = cv2.imencode(".png", np.ascontiguousarray(pixels), _PNG)
    if not is_encoded:
        raise ValueError(f"a picture of {pixels.shape} {pixels.dtype} cannot be a PNG")
    return data.tobytes()


def write_json(path: Path, value: Mapping[str, Any], indent: int | None = None) -> None:
    """A JSON file that is there as a whole or not at all."""
    atomic_write_bytes(path, (json.dumps(value, allow_nan=False, indent=indent) + "\n").encode())


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Writes under a hidden name, then renames: the file is there as a whole or not at all.

    Raises OSError naming the file where that is impossible, a full disk included.
    """
    temporary_path = path.with_name(f".{path.name}.partial")
    try:
        temporary_path.write_bytes(data)
        os.replace(temporary_path, path)
    except OSError as error:
        temporary_path.unlink(missing_ok=True)
        raise OSError(f"cannot write {path}: {error.strerror or error}; what is there already is whole") from error
    except BaseException:
        temporary_path.unlink(missing_ok=True)
        raise


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
