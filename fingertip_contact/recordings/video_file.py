"""Images of a video file, with the container's time stamps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

# A file with fewer of the frames that it states has lost data. In an MP4, those that an editor cut off stay inside.
MIN_READ_RATIO = 0.9
MIN_READ_RATIO_EDITED = 0.5
EDITED_SUFFIXES = (".mp4", ".mov")
# Browsers write WebM with 1000 frames per second, which is only the unit of its stamps.
MAX_FRAMES_PER_SECOND = 480.0
DEFAULT_FRAMES_PER_SECOND = 30.0


class VideoFile:
    """The images of a video file, upright as its rotation says.

    size: width and height, pixels. frame_count, duration_s: as the container states them. frames_per_second: of the
    container, or as given; given ones replace the container's stamps.
    """

    def __init__(self, path: Path, frames_per_second: float | None = None) -> None:
        """Raises ValueError if the file cannot be opened, or its first image cannot be decoded."""
        self.path = path
        self._is_rate_given = frames_per_second is not None
        with _open_capture(path) as capture:
            has_image, image = capture.read()
            if not has_image:
                raise ValueError(
                    f"{path} holds no image that can be decoded; it is empty, damaged, or of a codec that this OpenCV "
                    f"cannot read. {_suggest_conversion(path)}"
                )
            self.size = (image.shape[1], image.shape[0])
            stated_rate = capture.get(cv2.CAP_PROP_FPS)
            stated_count = round(max(capture.get(cv2.CAP_PROP_FRAME_COUNT), 0))
        is_stated = math.isfinite(stated_rate) and 0 < stated_rate <= MAX_FRAMES_PER_SECOND and stated_count > 0
        stated_rate = stated_rate if is_stated else DEFAULT_FRAMES_PER_SECOND
        self.frames_per_second = frames_per_second or stated_rate
        if is_stated:
            self.frame_count = stated_count
        else:
            self.frame_count, self.frames_per_second = self._measure()
        self.duration_s = self.frame_count / self.frames_per_second

    def images(self) -> Iterator[tuple[int, np.ndarray]]:
        """Stamp (ns, 0 at the beginning of the video, strictly increasing) and image (H, W, 3) uint8 BGR of each frame.

        Raises ValueError if the images change their size, or the file ends before what its container states.
        """
        count, stamp_ns = 0, 0
        with _open_capture(self.path) as capture:
            while True:
                has_image, image = capture.read()
                if not has_image:
                    break
                if (image.shape[1], image.shape[0]) != self.size:
                    raise ValueError(
                        f"{self.path}: image {count} is {image.shape[1]}x{image.shape[0]}, the first one "
                        f"{self.size[0]}x{self.size[1]}; cut the video where its size changes"
                    )
                stamp_ns = self._read_stamp_ns(capture, count, stamp_ns)
                yield stamp_ns, image
                count += 1
        is_edited = self.path.suffix.lower() in EDITED_SUFFIXES
        min_ratio = MIN_READ_RATIO_EDITED if is_edited else MIN_READ_RATIO
        # Either will do: the number of frames is a guess of some containers, and duration times rate of others.
        if count < min_ratio * self.frame_count and stamp_ns < min_ratio * self.duration_s * 1e9:
            raise ValueError(
                f"{self.path} is truncated or damaged: it ends after {count} of {self.frame_count} frames; copy or "
                "record it again, or keep what is there: `ffmpeg -i IN -c copy OUT`"
            )

    def _read_stamp_ns(self, capture: cv2.VideoCapture, count: int, previous_ns: int) -> int:
        """The stamp of the frame just read; one frame period after the previous one if the container has none."""
        period_ns = 1e9 / self.frames_per_second
        if self._is_rate_given:
            return round(count * period_ns)
        position_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
        stamp_ns = round(position_ms * 1e6) if math.isfinite(position_ms) else 0
        if count and stamp_ns <= previous_ns:
            return previous_ns + round(period_ns)
        return max(stamp_ns, 0)

    def _measure(self) -> tuple[int, float]:
        """Number of frames and their mean rate, from a pass over the file: not every container states them."""
        count, last_s = 0, 0.0
        with _open_capture(self.path) as capture:
            while capture.grab():
                count += 1
                last_s = max(last_s, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if self._is_rate_given or count < 2 or last_s <= 0:
            return count, self.frames_per_second
        return count, (count - 1) / last_s


@contextmanager
def _open_capture(path: Path) -> Iterator[cv2.VideoCapture]:
    # Only FFmpeg gives time stamps; among the other backends is one that takes a name with digits for a list of images.
    backend = cv2.CAP_FFMPEG if cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends() else cv2.CAP_ANY
    capture = cv2.VideoCapture(str(path), backend)
    try:
        if not capture.isOpened():
            raise ValueError(
                f"{path} cannot be opened as a video; it is damaged, truncated (an MP4 has its index at the end), or "
                f"of a kind that this OpenCV cannot read. {_suggest_conversion(path)}"
            )
        yield capture
    finally:
        capture.release()


def _suggest_conversion(path: Path) -> str:
    return f"If another program plays it: `ffmpeg -i {path.name} {path.stem}.converted.mp4`"
