"""A video of the overlay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.files import atomic_write, require_space
from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.visualization.overlay import Overlay
from fingertip_contact.visualization.upright import AUTO

SUFFIX = ".mp4"


@contextmanager
def overlay_video(
    path: Path,
    layout: Layout,
    camera: Camera,
    frames_per_second: float,
    *,
    turn: str = AUTO,
    overwrite: bool = False,
) -> Iterator[Callable[[Frame, FrameResult], np.ndarray]]:
    """Gives a function that draws one frame, appends it and returns the image.

    The file appears when the block ends, or not at all. turn: as of Overlay; an image that it turns on its side is made
    smaller, because a video has one size.

    Raises ValueError if the name does not end in .mp4 or OpenCV cannot write video, FileExistsError if `path` exists
    and `overwrite` is not given, OSError if the disk is full.
    """
    require_video_name(path)
    with (
        atomic_write(path, overwrite=overwrite) as temporary_path,
        open_overlay_video(temporary_path, layout, camera, frames_per_second, turn=turn, name=path) as draw,
    ):
        yield draw


def require_video_name(path: Path) -> None:
    """Raises ValueError if the name does not end in .mp4."""
    if path.suffix != SUFFIX:
        raise ValueError(f"video {path} has to end in {SUFFIX}")


@contextmanager
def open_overlay_video(
    path: Path, layout: Layout, camera: Camera, frames_per_second: float, *, turn: str = AUTO, name: Path
) -> Iterator[Callable[[Frame, FrameResult], np.ndarray]]:
    """overlay_video for a path that is temporary already: the file is there at once. name: for errors."""
    overlay = Overlay(layout, turn)
    size = (camera.width, camera.height)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), frames_per_second, size)
    count = 0
    try:
        if not writer.isOpened():
            # A full disk looks the same.
            require_space(path.parent)
            raise ValueError(f"this OpenCV cannot write {name}: it has no MPEG-4 encoder; omit the video")

        def append(frame: Frame, result: FrameResult) -> np.ndarray:
            nonlocal count
            image = _fit(overlay.draw(frame.color_bgr, result, frame.camera), size)
            writer.write(image)
            count += 1
            return image

        yield append
    finally:
        writer.release()
    # OpenCV does not report failed writes.
    if count and cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT) != count:
        raise OSError(f"{name} could not be written to the disk; free some space, or omit the video")


def _fit(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The image in one of this width and height, whole, with black beside it where the two differ in form."""
    width, height = size
    if image.shape[1::-1] == size:
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:height, :width]
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas
