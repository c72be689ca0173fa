"""Bags to sessions of a dataset and back: the same pictures, stamps and intrinsics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fingertip_contact.frames import DepthImage, Frame
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.recordings.atomic import written_aside
from fingertip_contact.recordings.bag import BagWriter, camera_info_topic
from fingertip_contact.recordings.dataset import DEPTH_PNG_UNIT_M, METADATA, BadFrameError, DatasetFrame, Session
from fingertip_contact.recordings.dataset_truth import annotate, label, surface_plane
from fingertip_contact.recordings.dataset_writer import About, SessionWriter, surface_calibration
from fingertip_contact.recordings.truth import TrueFrame, TruthHeader, read_frames, read_truth

# The driver's names, so that what reads a camera's recording reads this one.
CAMERA = "/camera/camera"
COLOR_TOPIC, DEPTH_TOPIC = f"{CAMERA}/color/image_raw", f"{CAMERA}/aligned_depth_to_color/image_raw"

# The simulation's desks as the layout calls them.
_SURFACES = {"white": "white_desk", "wood": "wood_grain"}


class Progress(Protocol):
    def __call__(self, items: Iterable[Any], total: int) -> AbstractContextManager[Iterator[Any]]: ...


def silent(items: Iterable[Any], total: int) -> AbstractContextManager[Iterator[Any]]:
    """Progress that nobody sees."""
    return nullcontext(iter(items))


@dataclass(frozen=True)
class Kind:
    """What a recording is of, which it does not say itself. time_of_day: HHMMSS; None: of its first frame."""

    participant: str
    angle_deg: float
    surface: str
    action: str
    hand: str = "both"
    time_of_day: str | None = None

    def at(self, stamp_ns: int) -> About:
        """Begun at that time."""
        when = datetime.fromtimestamp(stamp_ns // 1_000_000_000, tz=timezone.utc)
        return About(
            self.participant,
            self.angle_deg,
            self.surface,
            self.action,
            self.hand,
            time_of_day=self.time_of_day or f"{when:%H%M%S}",
            timestamp=f"{when:%Y-%m-%d %H:%M:%S}",
        )


@dataclass(frozen=True)
class Converted:
    """path: of the session. skipped: frames without depth."""

    path: Path
    frames: int
    skipped: int


@dataclass(frozen=True)
class Truth:
    """What a truth file tells of the frames: where the sheet was, and the hands at each stamp."""

    header: TruthHeader
    camera_from_sheet: RigidTransform
    frames: dict[int, TrueFrame]

    @property
    def surface(self) -> str | None:
        """What the desk is, in the layout's words where it has some."""
        desk = self.header.participant.get("desk")
        return None if desk is None else _SURFACES.get(str(desk), str(desk))

    @classmethod
    def read(cls, path: Path) -> Truth:
        """Raises FileNotFoundError, or ValueError naming the file where it does not say where the camera stood."""
        header = read_truth(path).header
        if header.camera_from_sheet is None:
            raise ValueError(f"{path} does not tell camera_from_sheet: heights over the surface cannot be known")
        return cls(header, header.camera_from_sheet, {frame.stamp_ns: frame for frame in read_frames(path)})


def frames_to_session(
    frames: Iterable[Frame],
    root: Path,
    kind: Kind,
    *,
    frames_per_second: float,
    truth: Truth | None = None,
    depth_png_unit_m: float = DEPTH_PNG_UNIT_M,
    overwrite: bool = False,
) -> Converted:
    """Writes frames as a session, which appears when it is whole; frames without depth are skipped and counted.

    truth: gives annotations and labels to the frames whose stamps it knows. Raises ValueError where there is no frame,
    FileExistsError where the session exists and `overwrite` is not given.
    """
    first, frames = _peek(frames)
    folder = kind.at(first.stamp_ns).folder(root)
    with written_aside(folder, overwrite=overwrite, replaceable=_is_session) as aside:
        session = _session_writer(aside, kind, first, frames_per_second, truth, depth_png_unit_m, None)
        skipped = _fill(session, frames, truth)
    return Converted(folder, session.frame_count, skipped)


def record_session(
    frames: Iterable[Frame],
    root: Path,
    kind: Kind,
    *,
    frames_per_second: float,
    depth_png_unit_m: float = DEPTH_PNG_UNIT_M,
    more: dict[str, Any] | None = None,
) -> Converted:
    """Writes frames as they come; the session is there from the first on, and whatever happens its frames stay.

    more: for the metadata. Raises as `frames_to_session` does.
    """
    first, frames = _peek(frames)
    folder = kind.at(first.stamp_ns).folder(root)
    session = _session_writer(folder, kind, first, frames_per_second, None, depth_png_unit_m, more)
    skipped = _fill(session, frames, None)
    return Converted(folder, session.frame_count, skipped)


def session_to_bag(
    session: Session, out: Path, *, overwrite: bool = False, progress: Progress = silent
) -> tuple[int, list[str]]:
    """Writes a session as a bag; returns how many frames, and why others were left out.

    Depth goes out as 16UC1 where its step is a millimetre, else as 32FC1 in metres. Raises ValueError where no frame
    can be used, FileExistsError where `out` exists and `overwrite` is not given.
    """
    problems: list[str] = []
    count = 0
    with BagWriter(out, overwrite=overwrite) as bag, progress(session.frames(), len(session.numbers)) as frames:
        for frame in frames:
            try:
                exposure = frame.load()
            except BadFrameError as error:
                problems.append(str(error))
                continue
            _write_to_bag(bag, exposure)
            count += 1
        if not count:
            raise ValueError(
                f"{session.path} has no frame that can be used: {'; '.join(problems[:3]) or 'it is empty'}"
            )
    return count, problems


def every(frames: Iterable[Frame], step: int) -> Iterator[Frame]:
    """Each `step`-th frame."""
    return islice(frames, None, None, step)


def loadable(frames: Iterable[DatasetFrame], problems: list[str]) -> Iterator[tuple[DatasetFrame, Frame]]:
    """The frames with their pictures; why others cannot be loaded goes to `problems`."""
    for frame in frames:
        try:
            yield frame, frame.load()
        except BadFrameError as error:
            problems.append(str(error))


def _is_session(path: Path) -> bool:
    return (path / METADATA).is_file()


def _peek(frames: Iterable[Frame]) -> tuple[Frame, Iterator[Frame]]:
    """The first frame, and all of them. Raises ValueError where there is none."""
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError("there is no frame to make a session of")
    return first, chain([first], frames)


def _session_writer(
    folder: Path,
    kind: Kind,
    first: Frame,
    frames_per_second: float,
    truth: Truth | None,
    depth_png_unit_m: float,
    more: dict[str, Any] | None,
) -> SessionWriter:
    surface = None
    if truth is not None:
        surface = surface_calibration(surface_plane(truth.camera_from_sheet), first.camera, 1.0, 0)
    return SessionWriter(
        folder,
        kind.at(first.stamp_ns),
        first.camera,
        frames_per_second=frames_per_second,
        frame_id=first.frame_id,
        depth_png_unit_m=depth_png_unit_m,
        surface=surface,
        more=more,
    )


def _fill(session: SessionWriter, frames: Iterable[Frame], truth: Truth | None) -> int:
    """Writes the frames; returns how many had no depth."""
    skipped = 0
    with session:
        for frame in frames:
            if frame.depth is None:
                skipped += 1
            else:
                _write(session, frame, frame.depth, truth)
    return skipped


def _write(session: SessionWriter, frame: Frame, depth: DepthImage, truth: Truth | None) -> None:
    hands, labels = None, None
    if truth is not None and frame.stamp_ns in truth.frames:
        true_frame, camera = truth.frames[frame.stamp_ns], frame.camera
        hands = annotate(true_frame, camera, truth.camera_from_sheet, depth)
        labels = label(true_frame, camera, truth.camera_from_sheet)
    session.write(frame.stamp_ns, frame.color_bgr, depth, hands, labels)


def _write_to_bag(bag: BagWriter, frame: Frame) -> None:
    """One frame's pictures, each with its intrinsics."""
    assert frame.depth is not None
    is_millimetres = frame.depth.values.dtype == np.uint16 and frame.depth.unit_m == DEPTH_PNG_UNIT_M
    depth, encoding = (frame.depth.values, "16UC1") if is_millimetres else (frame.depth.metres(), "32FC1")
    for topic, pixels, coded in ((COLOR_TOPIC, frame.color_bgr, "bgr8"), (DEPTH_TOPIC, depth, encoding)):
        bag.write_camera_info(camera_info_topic(topic), frame.stamp_ns, frame.frame_id, frame.camera)
        bag.write_image(topic, frame.stamp_ns, frame.frame_id, pixels, coded)
