"""Checks a dataset: missing, damaged or implausible files, and frames too poor for training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.datatypes import DepthImage
from fingertip_contact.surface.plane_search import PlaneRegion, compute_tolerance, find_planes
from fingertip_research.datasets.annotations import read_annotation, read_label
from fingertip_research.datasets.dataset import (
    ANNOTATIONS,
    DEPTH,
    EXACT_DEPTH,
    LABELS,
    METADATA,
    RGB,
    STAMPS,
    BadFrameError,
    Dataset,
    DatasetFrame,
    Session,
    list_image_numbers,
    list_json_numbers,
)

_PLANE_FRAME_COUNT, _PLANE_STRIDE_PX = 5, 3
# Depth this near to a plane lies on it: 2.5 SD of a D405's disparity, and at least two steps of its depth.
_PLANE_TOLERANCE_PX, _PLANE_TOLERANCE_M = 0.4, 0.002
# With fewer inliers the plane is probably not the desk.
_MIN_PLANE_INLIER_RATIO = 0.4
_ANGLE_TOLERANCE_DEG = 8.0


@dataclass(frozen=True)
class Quality:
    """Minimum quality of a frame: the filter of the dataset's authors.

    valid_ratio: fraction of valid depth in the central window. sharpness: variance of the Laplacian of the 8-bit grey
    image. center_fraction: height and width of the central window as a fraction of the image's.
    """

    valid_ratio: float = 0.80
    sharpness: float = 100.0
    center_fraction: float = 0.60


@dataclass(frozen=True)
class FrameCheck:
    """problem: why the frame cannot be used; the measurements are None then. hand_count: None without an annotation.
    contact_count: None without a label.
    """

    frame_number: int
    problem: str | None
    valid_ratio: float | None = None
    sharpness: float | None = None
    hand_count: int | None = None
    contact_count: int | None = None

    def is_good(self, quality: Quality) -> bool:
        return (
            self.valid_ratio is not None
            and self.sharpness is not None
            and self.valid_ratio >= quality.valid_ratio
            and self.sharpness >= quality.sharpness
        )


@dataclass(frozen=True)
class SessionCheck:
    """problems: files that cannot be used. notes: inconsistencies that do not prevent use. surface: the desk, fitted to
    the depth, None if there is no plane."""

    session: Session
    frames: tuple[FrameCheck, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    surface: PlaneRegion | None

    def list_rejected(self, quality: Quality) -> tuple[int, ...]:
        """The checked frames that the quality filter excludes."""
        return tuple(frame.frame_number for frame in self.frames if not frame.is_good(quality))

    def summary(self, quality: Quality) -> dict[str, Any]:
        """The figures for tables and JSON; None if unknown."""
        good = [frame for frame in self.frames if frame.problem is None]
        surface = self.surface
        return {
            "session": self.session.key,
            "frames": len(self.session.frame_numbers),
            "checked": len(self.frames),
            "rejected": len(self.list_rejected(quality)),
            "valid_ratio": _median_or_none(frame.valid_ratio for frame in good),
            "sharpness": _median_or_none(frame.sharpness for frame in good),
            "without_hands": sum(frame.hand_count == 0 for frame in good),
            "without_annotation": sum(frame.hand_count is None for frame in good),
            "without_label": sum(frame.contact_count is None for frame in good),
            "contact_frames": sum(bool(frame.contact_count) for frame in good),
            "surface_residual_mm": None if surface is None else round(1000 * surface.residual_m, 3),
            "surface_inlier_ratio": None if surface is None else round(surface.inlier_ratio, 3),
            "camera_angle_deg": None if surface is None else round(surface.plane.elevation_deg, 1),
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def check_dataset(
    dataset: Dataset, quality: Quality = Quality(), *, stride: int = 1, threads: int = 1
) -> Iterator[SessionCheck]:
    """Checks session by session. stride: every stride-th frame is read; missing files are found in all frames."""
    with ThreadPoolExecutor(threads) as pool:
        for session in dataset.sessions:
            yield check_session(session, quality, stride=stride, pool=pool)


def find_rejected_frames(
    dataset: Dataset, quality: Quality, *, threads: int = 1
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yields per session its key in a split's manifest, and the frames that are damaged or below the filter."""
    for check in check_dataset(dataset, quality, threads=threads):
        yield check.session.key, check.list_rejected(quality)


def check_session(session: Session, quality: Quality, *, stride: int, pool: ThreadPoolExecutor) -> SessionCheck:
    """Checks one session. stride: every stride-th frame is read."""
    frames = list(session.frames())[::stride]
    checks = tuple(pool.map(lambda frame: check_frame(frame, quality), frames))
    usable = [frame for frame, check in zip(frames, checks, strict=True) if check.problem is None]
    surface = _fit_surface(session, usable)
    problems = [*_find_unpaired(session), *(check.problem for check in checks if check.problem is not None)]
    return SessionCheck(session, checks, tuple(problems), tuple(_find_inconsistencies(session, surface)), surface)


def check_frame(frame: DatasetFrame, quality: Quality) -> FrameCheck:
    """Reads all files of a frame and measures its quality."""
    try:
        depth, color = frame.load_depth(), frame.load_color()
        hands, label = read_annotation(frame.annotation_path), read_label(frame.label_path)
        if hands is not None and label is not None and len(hands) != len(label.hands):
            raise BadFrameError(f"{frame.label_path} labels {len(label.hands)} hands, the annotation has {len(hands)}")
    except (ValueError, OSError) as error:
        return FrameCheck(frame.number, str(error))
    return FrameCheck(
        frame_number=frame.number,
        problem=None,
        valid_ratio=measure_valid_ratio(depth, quality.center_fraction),
        sharpness=measure_sharpness(color),
        hand_count=None if hands is None else len(hands),
        contact_count=None if label is None else label.contact_count,
    )


def measure_valid_ratio(depth: DepthImage, center_fraction: float) -> float:
    """Fraction of valid pixels in the central window of a depth image."""
    height, width = depth.values.shape
    top, left = int(height * (1 - center_fraction) / 2), int(width * (1 - center_fraction) / 2)
    return float(np.isfinite(depth.to_metres((slice(top, height - top), slice(left, width - left)))).mean())


def measure_sharpness(color_bgr: np.ndarray) -> float:
    """Variance of the Laplacian of the grey image, 0..255."""
    return float(cv2.Laplacian(cv2.cvtColor(color_bgr, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var())


def _find_unpaired(session: Session) -> Iterator[str]:
    """Yields files that lack their counterpart of the same frame."""
    rgb, depth = (list_image_numbers(session.path / folder) for folder in (RGB, DEPTH))
    frames = set(session.frame_numbers)
    for number in sorted(rgb - depth):
        yield f"{session.path / DEPTH / f'{number:06d}.png'} is missing"
    for number in sorted(depth - rgb):
        yield f"{session.path / RGB / f'{number:06d}.png'} is missing"
    exact = list_image_numbers(session.path / EXACT_DEPTH)
    for number in sorted(frames - exact) if exact else ():
        yield f"{session.path / EXACT_DEPTH / f'{number:06d}.png'} is missing"
    for folder in (ANNOTATIONS, LABELS):
        for number in sorted(list_json_numbers(session.path / folder) - frames):
            yield f"{session.path / folder / f'{number:06d}.json'} belongs to no frame"


def _find_inconsistencies(session: Session, surface: PlaneRegion | None) -> Iterator[str]:
    total_frames = (session.metadata.get("session") or {}).get("total_frames")
    if total_frames is not None and total_frames != len(session.frame_numbers):
        yield (
            f"{session.path / METADATA}: total_frames is {total_frames}, there are {len(session.frame_numbers)}; "
            "the recording was interrupted, or files were removed"
        )
    if session.path.parent.name != session.participant and session.path.parent.name.startswith("P"):
        yield f"{session.path}: the folder is of {session.path.parent.name}, the session of {session.participant}"
    yield from _check_stamps(session)
    if surface is None:
        yield f"{session.path}: its depth shows no surface"
        return
    if surface.inlier_ratio < _MIN_PLANE_INLIER_RATIO:
        yield f"{session.path}: only {surface.inlier_ratio:.0%} of the depth around the largest plane lies on it"
    measured_deg = surface.plane.elevation_deg
    if abs(measured_deg - session.angle_deg) > _ANGLE_TOLERANCE_DEG:
        yield f"{session.path}: the camera's elevation is {measured_deg:.0f} degrees, not {session.angle_deg:g}"


def _check_stamps(session: Session) -> Iterator[str]:
    if not (session.path / STAMPS).exists():
        return
    try:
        stamps = session.stamps_ns
    except ValueError as error:
        yield str(error)
        return
    unstamped = [number for number in session.frame_numbers if number not in stamps]
    if unstamped:
        yield f"{session.path / STAMPS} has no stamp for {len(unstamped)} frames, the first is {unstamped[0]}"
    ordered = [stamps[number] for number in session.frame_numbers if number in stamps]
    if any(later <= earlier for earlier, later in pairwise(ordered)):
        yield f"{session.path / STAMPS}: stamps do not increase monotonically"


def _fit_surface(session: Session, frames: list[DatasetFrame]) -> PlaneRegion | None:
    """The plane of the desk, from the median of a few frames' depth."""
    if not frames:
        return None
    sample = [
        frames[index] for index in np.linspace(0, len(frames) - 1, min(_PLANE_FRAME_COUNT, len(frames))).astype(int)
    ]
    step = slice(None, None, _PLANE_STRIDE_PX)
    depths = np.stack([frame.load_depth().to_metres((step, step)) for frame in sample])
    known = np.isfinite(depths).mean(axis=0) > 0.5
    if not known.any():
        return None
    inverse_depth = np.full(known.shape, np.nan)
    inverse_depth[known] = 1 / np.nanmedian(depths[:, known], axis=0)
    rows, columns = np.indices(known.shape)
    rays = session.camera.rays(_PLANE_STRIDE_PX * np.column_stack([columns.ravel(), rows.ravel()]))
    tolerance = compute_tolerance(
        inverse_depth, session.camera.focal_px, D405.baseline_m, _PLANE_TOLERANCE_PX, _PLANE_TOLERANCE_M
    )
    try:
        return find_planes(rays.reshape(*known.shape, 3), inverse_depth, tolerance)[0]
    except ValueError:
        return None


def _median_or_none(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.median(known)), 4) if known else None
