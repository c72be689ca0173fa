"""Recordings of a colour camera alone: a video file, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from fingertip_contact.cameras.intrinsics import CameraEstimate, guess_camera, scale_camera
from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.image_folder import ImageFolder
from fingertip_contact.recordings.streams import describe_streams
from fingertip_contact.recordings.video_file import VideoFile
from fingertip_contact.stamps import StampOrder

VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".webm", ".mov")
FRAME_ID = "camera_color_optical_frame"

# Estimates the camera from the images of a recording, in order; it need not read all of them.
FindCamera = Callable[[Iterable[np.ndarray]], CameraEstimate]


class VideoRecording:
    """A recording without depth, with the fields of `Recording`; use `open_recording`.

    camera_description: where the intrinsics come from. Stamps count from the beginning of the video.
    """

    # No frame lacks what no video has.
    missing_depth_count = missing_stereo_count = near_depth_count = 0
    streams_text = describe_streams(())

    def __init__(
        self, source: VideoFile | ImageFolder, camera: Camera | None = None, find_camera: FindCamera | None = None
    ) -> None:
        """Raises ValueError if the camera was calibrated for images of another shape."""
        self._source = source
        # Stamps of a video always advance (VideoFile).
        self.stamp_order = StampOrder()
        self.path = source.path
        self.notes: list[str] = []
        if camera is not None:
            self.camera, self.camera_description = scale_camera(camera, *source.size), "camera as calibrated"
        else:
            estimate = guess_camera(*source.size) if find_camera is None else find_camera(self._images())
            self.camera, self.camera_description = estimate.camera, estimate.description

    @property
    def frame_count(self) -> int:
        """Number of images, as the container states it."""
        return self._source.frame_count

    @property
    def duration_s(self) -> float:
        return self._source.duration_s

    @property
    def frames_per_second(self) -> float:
        """The mean rate."""
        return self._source.frames_per_second

    def frames(self) -> Iterator[Frame]:
        """Every image in order. Raises ValueError as the images of `VideoFile` and `ImageFolder` do."""
        for stamp_ns, image in self._source.images():
            yield Frame(stamp_ns, FRAME_ID, self.camera, image, None)

    def _images(self) -> Iterator[np.ndarray]:
        return (image for _, image in self._source.images())


def open_video(path: Path, frames_per_second: float | None = None) -> VideoFile | ImageFolder:
    """A video file or a folder of images. frames_per_second: instead of the stamps of the video; of a folder, instead
    of its RATE_FILE. Raises ValueError if it cannot be read."""
    return ImageFolder(path, frames_per_second) if path.is_dir() else VideoFile(path, frames_per_second)
