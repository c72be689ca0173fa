"""Converts bags to sessions of a dataset and back; images, stamps and intrinsics stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.files import atomic_write
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_research.datasets.dataset import DEPTH_PNG_UNIT_M, METADATA, BadFrameError, DatasetFrame, Session
from fingertip_research.datasets.from_ground_truth import annotate, label, sheet_plane
from fingertip_research.datasets.writer import SessionInfo, SessionWriter, make_surface_calibration
from fingertip_research.ground_truth.recording import (
    GroundTruthFrame,
    GroundTruthHeader,
    read_ground_truth,
    read_ground_truth_frames,
)

# The simulation's desks by their names in the layout.
_SURFACES = {"white": "white_desk", "wood": "wood_grain"}


class ProgressFactory(Protocol):
    def __call__(self, items: Iterable[Any], total: int) -> AbstractContextManager[Iterator[Any]]: ...


def no_progress(items: Iterable[Any], total: int) -> AbstractContextManager[Iterator[Any]]:
    """A progress factory that shows nothing."""
    return nullcontext(iter(items))


@dataclass(frozen=True)
class ConversionResult:
    """path: of the session. skipped: frames without depth."""

    path: Path
    frames: int
    skipped: int


@dataclass(frozen=True)
class SessionGroundTruth:
    """Contents of a ground-truth file: the pose of the sheet, and the hands at each stamp."""

    header: GroundTruthHeader
    camera_from_sheet: RigidTransform
    frames: dict[int, GroundTruthFrame]

    @property
    def surface(self) -> str | None:
        """Name of the desk, as in the layout if it has one."""
        desk = self.header.participant.get("desk")
        return None if desk is None else _SURFACES.get(str(desk), str(desk))

    @classmethod
    def read(cls, path: Path) -> SessionGroundTruth:
        """Reads a file. Raises FileNotFoundError, or ValueError that names the file if it lacks the camera's pose."""
        header = read_ground_truth(path).header
        if header.camera_from_sheet is None:
            raise ValueError(f"{path} has no camera_from_sheet; heights over the surface cannot be computed")
        return cls(
            header, header.camera_from_sheet, {frame.stamp_ns: frame for frame in read_ground_truth_frames(path)}
        )


def frames_to_session(
    frames: Iterable[Frame],
    root: Path,
    info: SessionInfo,
    *,
    frames_per_second: float,
    camera_profile: CameraProfile = D405,
    ground_truth: SessionGroundTruth | None = None,
    depth_png_unit_m: float = DEPTH_PNG_UNIT_M,
    overwrite: bool = False,
) -> ConversionResult:
    """Writes frames as a session, which appears when complete; frames without depth are skipped and counted.

    ground_truth: source of annotations and labels, for the stamps that it contains. Raises ValueError if there is no
    frame, FileExistsError if the session exists and `overwrite` is not given.
    """
    first, frames = _peek(frames)
    info = info.with_start(first.stamp_ns)
    folder = info.folder(root)
    with atomic_write(folder, overwrite=overwrite, replaceable=_is_session) as temporary_path:
        surface = None
        if ground_truth is not None:
            plane = sheet_plane(ground_truth.camera_from_sheet)
            surface = make_surface_calibration(plane, first.camera, 1.0, 0, camera_profile)
        session = SessionWriter(
            temporary_path,
            info,
            first.camera,
            frames_per_second=frames_per_second,
            camera_profile=camera_profile,
            frame_id=first.frame_id,
            depth_png_unit_m=depth_png_unit_m,
            surface=surface,
        )
        skipped = _write_frames(session, frames, ground_truth)
    return ConversionResult(folder, session.frame_count, skipped)


def record_session(
    frames: Iterable[Frame],
    root: Path,
    info: SessionInfo,
    *,
    frames_per_second: float,
    camera_profile: CameraProfile = D405,
    depth_png_unit_m: float = DEPTH_PNG_UNIT_M,
    extra_metadata: dict[str, Any] | None = None,
) -> ConversionResult:
    """Writes frames as they arrive; the session exists from the first frame on and keeps its frames on any error.

    extra_metadata: further fields of the metadata. Raises as `frames_to_session` does.
    """
    first, frames = _peek(frames)
    info = info.with_start(first.stamp_ns)
    folder = info.folder(root)
    session = SessionWriter(
        folder,
        info,
        first.camera,
        frames_per_second=frames_per_second,
        camera_profile=camera_profile,
        frame_id=first.frame_id,
        depth_png_unit_m=depth_png_unit_m,
        extra_metadata=extra_metadata,
    )
    skipped = _write_frames(session, frames, None)
    return ConversionResult(folder, session.frame_count, skipped)


def session_to_bag(
    session: Session,
    out: Path,
    camera_profile: CameraProfile = D405,
    *,
    overwrite: bool = False,
    progress: ProgressFactory = no_progress,
) -> tuple[int, list[str]]:
    """Writes a session as a bag; returns the number of frames, and the errors of the omitted ones.

    Depth is written as 16UC1 if its unit is a millimetre, else as 32FC1 in metres. Raises ValueError if no frame can be
    used, FileExistsError if `out` exists and `overwrite` is not given.
    """
    problems: list[str] = []
    count = 0
    with BagWriter(out, overwrite=overwrite) as bag, progress(session.frames(), len(session.frame_numbers)) as frames:
        for frame in frames:
            try:
                exposure = frame.load()
            except BadFrameError as error:
                problems.append(str(error))
                continue
            _write_to_bag(bag, exposure, camera_profile)
            count += 1
        if not count:
            raise ValueError(f"{session.path} has no usable frame: {'; '.join(problems[:3]) or 'it is empty'}")
    return count, problems


def subsample(frames: Iterable[Frame], step: int) -> Iterator[Frame]:
    """Every step-th frame."""
    return islice(frames, None, None, step)


def skip_unreadable(frames: Iterable[DatasetFrame], problems: list[str]) -> Iterator[tuple[DatasetFrame, Frame]]:
    """The readable frames with their images; the errors of the others are appended to `problems`."""
    for frame in frames:
        try:
            yield frame, frame.load()
        except BadFrameError as error:
            problems.append(str(error))


def _is_session(path: Path) -> bool:
    return (path / METADATA).is_file()


def _peek(frames: Iterable[Frame]) -> tuple[Frame, Iterator[Frame]]:
    """The first frame, and an iterator over all. Raises ValueError if there is none."""
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError("a session needs at least one frame; the source has no frame")
    return first, chain([first], frames)


def _write_frames(session: SessionWriter, frames: Iterable[Frame], ground_truth: SessionGroundTruth | None) -> int:
    """Writes the frames; returns the number of those without depth."""
    skipped = 0
    with session:
        for frame in frames:
            if frame.depth is None:
                skipped += 1
            else:
                _write_frame(session, frame, frame.depth, ground_truth)
    return skipped


def _write_frame(
    session: SessionWriter, frame: Frame, depth: DepthImage, ground_truth: SessionGroundTruth | None
) -> None:
    hands, labels = None, None
    if ground_truth is not None and frame.stamp_ns in ground_truth.frames:
        ground_truth_frame, camera = ground_truth.frames[frame.stamp_ns], frame.camera
        hands = annotate(ground_truth_frame, camera, ground_truth.camera_from_sheet, depth)
        labels = label(ground_truth_frame, camera, ground_truth.camera_from_sheet)
    session.write(frame.stamp_ns, frame.color_bgr, depth, hands, labels)


def _write_to_bag(bag: BagWriter, frame: Frame, camera_profile: CameraProfile) -> None:
    """Writes the images of one frame, each with its intrinsics."""
    assert frame.depth is not None
    is_millimetres = frame.depth.values.dtype == np.uint16 and frame.depth.unit_m == DEPTH_PNG_UNIT_M
    depth, encoding = (frame.depth.values, "16UC1") if is_millimetres else (frame.depth.to_metres(), "32FC1")
    color_topic, _, depth_topic = camera_profile.driver_topics
    for topic, pixels, pixel_encoding in ((color_topic, frame.color_bgr, "bgr8"), (depth_topic, depth, encoding)):
        bag.write_camera_info(camera_info_topic(topic), frame.stamp_ns, frame.frame_id, frame.camera)
        bag.write_image(topic, frame.stamp_ns, frame.frame_id, pixels, pixel_encoding)
