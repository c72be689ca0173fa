"""Looks through a dataset: what is missing, broken or unlikely, and which frames are good enough to train on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from fingertip_contact.contact.surface import PlaneFit, fit_plane
from fingertip_contact.frames import DepthImage
from fingertip_contact.recordings.dataset import (
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
    json_numbers,
    picture_numbers,
)
from fingertip_contact.recordings.dataset_annotations import read_annotation, read_label

_PLANE_FRAMES, _PLANE_STEP, _PLANE_TOLERANCE_M = 5, 3, 0.004
# The desk fills less than that only where something else is taken for it.
_LEAST_PLANE_SHARE = 0.4
_ANGLE_TOLERANCE_DEG = 8.0


@dataclass(frozen=True)
class Quality:
    """What a frame has to have: the filter of the dataset's authors.

    valid_share: of the depth in the middle of the picture. sharpness: variance of the Laplacian of the grey picture,
    8 bits. middle: the share of height and width that counts as the middle.
    """

    valid_share: float = 0.80
    sharpness: float = 100.0
    middle: float = 0.60


@dataclass(frozen=True)
class FrameCheck:
    """problem: why the frame cannot be used; the figures are None then. hands, contacts: None where nobody said."""

    number: int
    problem: str | None
    valid_share: float | None = None
    sharpness: float | None = None
    hands: int | None = None
    contacts: int | None = None

    def is_good(self, quality: Quality) -> bool:
        return (
            self.valid_share is not None
            and self.sharpness is not None
            and self.valid_share >= quality.valid_share
            and self.sharpness >= quality.sharpness
        )


@dataclass(frozen=True)
class SessionCheck:
    """problems: files that cannot be used. notes: what is odd, but does not hinder. surface: the desk that its depth
    shows, None where there is none."""

    session: Session
    frames: tuple[FrameCheck, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    surface: PlaneFit | None

    def rejected(self, quality: Quality) -> tuple[int, ...]:
        """The frames, of those looked at, that the quality filter leaves out."""
        return tuple(frame.number for frame in self.frames if not frame.is_good(quality))

    def summary(self, quality: Quality) -> dict[str, Any]:
        """For people and for JSON; None where nothing is known."""
        good = [frame for frame in self.frames if frame.problem is None]
        surface = self.surface
        return {
            "session": self.session.key,
            "frames": len(self.session.numbers),
            "checked": len(self.frames),
            "rejected": len(self.rejected(quality)),
            "valid_share": _median(frame.valid_share for frame in good),
            "sharpness": _median(frame.sharpness for frame in good),
            "without_hands": sum(frame.hands == 0 for frame in good),
            "without_annotation": sum(frame.hands is None for frame in good),
            "without_label": sum(frame.contacts is None for frame in good),
            "contact_frames": sum(bool(frame.contacts) for frame in good),
            "surface_residual_mm": None if surface is None else round(1000 * surface.residual_m, 3),
            "surface_inlier_share": None if surface is None else round(surface.inlier_ratio, 3),
            "camera_angle_deg": None if surface is None else round(surface.plane.elevation_deg, 1),
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def check_dataset(
    dataset: Dataset, quality: Quality = Quality(), *, every: int = 1, threads: int = 1
) -> Iterator[SessionCheck]:
    """Session by session. every: look at each such frame only; files are counted all the same."""
    with ThreadPoolExecutor(threads) as pool:
        for session in dataset.sessions:
            yield check_session(session, quality, every=every, pool=pool)


def rejected_frames(dataset: Dataset, quality: Quality, *, threads: int = 1) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Session by session: its key in a split's manifest, and the frames that are broken or below the filter."""
    for check in check_dataset(dataset, quality, threads=threads):
        yield check.session.key, check.rejected(quality)


def check_session(session: Session, quality: Quality, *, every: int, pool: ThreadPoolExecutor) -> SessionCheck:
    """Everything that can be said of one session."""
    frames = list(session.frames())[::every]
    checks = tuple(pool.map(lambda frame: check_frame(frame, quality), frames))
    usable = [frame for frame, check in zip(frames, checks, strict=True) if check.problem is None]
    surface = _surface(session, usable)
    problems = [*_unpaired(session), *(check.problem for check in checks if check.problem is not None)]
    return SessionCheck(session, checks, tuple(problems), tuple(_notes(session, surface)), surface)


def check_frame(frame: DatasetFrame, quality: Quality) -> FrameCheck:
    """Reads all files of a frame."""
    try:
        depth, color = frame.load_depth(), frame.load_color()
        hands, label = read_annotation(frame.annotation_path), read_label(frame.label_path)
        if hands is not None and label is not None and len(hands) != len(label.hands):
            raise BadFrameError(f"{frame.label_path} labels {len(label.hands)} hands, the annotation has {len(hands)}")
    except (ValueError, OSError) as error:
        return FrameCheck(frame.number, str(error))
    return FrameCheck(
        number=frame.number,
        problem=None,
        valid_share=valid_share(depth, quality.middle),
        sharpness=sharpness(color),
        hands=None if hands is None else len(hands),
        contacts=None
        if label is None
        else sum(tip.contact for hand in label.hands for tip in hand.fingertips.values()),
    )


def valid_share(depth: DepthImage, middle: float) -> float:
    """Share of pixels in the middle of a depth picture that have a depth."""
    height, width = depth.values.shape
    top, left = int(height * (1 - middle) / 2), int(width * (1 - middle) / 2)
    return float(np.isfinite(depth.metres((slice(top, height - top), slice(left, width - left)))).mean())


def sharpness(color_bgr: np.ndarray) -> float:
    """Variance of the Laplacian of the grey picture, 0..255."""
    return float(cv2.Laplacian(cv2.cvtColor(color_bgr, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var())


def _unpaired(session: Session) -> Iterator[str]:
    """Files without the other half of their frame."""
    rgb, depth = (picture_numbers(session.path / folder) for folder in (RGB, DEPTH))
    frames = set(session.numbers)
    for number in sorted(rgb - depth):
        yield f"{session.path / DEPTH / f'{number:06d}.png'} is missing"
    for number in sorted(depth - rgb):
        yield f"{session.path / RGB / f'{number:06d}.png'} is missing"
    exact = picture_numbers(session.path / EXACT_DEPTH)
    for number in sorted(frames - exact) if exact else ():
        yield f"{session.path / EXACT_DEPTH / f'{number:06d}.png'} is missing"
    for folder in (ANNOTATIONS, LABELS):
        for number in sorted(json_numbers(session.path / folder) - frames):
            yield f"{session.path / folder / f'{number:06d}.json'} belongs to no frame"


def _notes(session: Session, surface: PlaneFit | None) -> Iterator[str]:
    told = (session.metadata.get("session") or {}).get("total_frames")
    if told is not None and told != len(session.numbers):
        yield (
            f"{session.path / METADATA}: total_frames is {told}, there are {len(session.numbers)}; "
            "the recording was interrupted, or files were taken away"
        )
    if session.path.parent.name != session.participant and session.path.parent.name.startswith("P"):
        yield f"{session.path} lies in the folder of {session.path.parent.name}, and is of {session.participant}"
    yield from _stamp_notes(session)
    if surface is None:
        yield f"{session.path}: no surface can be seen in its depth"
        return
    if surface.inlier_ratio < _LEAST_PLANE_SHARE:
        yield f"{session.path}: only {surface.inlier_ratio:.0%} of the depth lies on one plane"
    seen_deg = surface.plane.elevation_deg
    if abs(seen_deg - session.angle_deg) > _ANGLE_TOLERANCE_DEG:
        yield f"{session.path}: the camera looks down at {seen_deg:.0f} degrees, not at {session.angle_deg:g}"


def _stamp_notes(session: Session) -> Iterator[str]:
    if not (session.path / STAMPS).exists():
        return
    try:
        stamps = session.stamps_ns
    except ValueError as error:
        yield str(error)
        return
    without = [number for number in session.numbers if number not in stamps]
    if without:
        yield f"{session.path / STAMPS} has no stamp for {len(without)} frames, the first is {without[0]}"
    ordered = [stamps[number] for number in session.numbers if number in stamps]
    if any(later <= earlier for earlier, later in pairwise(ordered)):
        yield f"{session.path / STAMPS}: stamps do not go up all the time"


def _surface(session: Session, frames: list[DatasetFrame]) -> PlaneFit | None:
    """The plane of the desk, from the median of a few frames' depth."""
    if not frames:
        return None
    some = [frames[index] for index in np.linspace(0, len(frames) - 1, min(_PLANE_FRAMES, len(frames))).astype(int)]
    step = slice(None, None, _PLANE_STEP)
    depths = np.stack([frame.load_depth().metres((step, step)) for frame in some])
    known = np.isfinite(depths).mean(axis=0) > 0.5
    if not known.any():
        return None
    depth_m = np.nanmedian(depths[:, known], axis=0)
    rows, columns = np.nonzero(known)
    rays = session.camera.rays(_PLANE_STEP * np.column_stack([columns, rows]))
    try:
        return fit_plane(rays, depth_m, _PLANE_TOLERANCE_M)
    except ValueError:
        return None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.median(known)), 4) if known else None
