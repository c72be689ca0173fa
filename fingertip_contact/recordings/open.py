"""Opens recordings of every kind: bags, librealsense's own recordings, video files and folders of images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_files import METADATA
from fingertip_contact.recordings.bag_recording import Recording, read_color_images
from fingertip_contact.recordings.image_folder import IMAGE_SUFFIXES, find_images
from fingertip_contact.recordings.librealsense import LibrealsenseRecording
from fingertip_contact.recordings.librealsense_topics import COLOR, find_streams, is_librealsense
from fingertip_contact.recordings.paths import BAG_SUFFIXES
from fingertip_contact.recordings.streams import AUTO, select_streams
from fingertip_contact.recordings.video import VIDEO_SUFFIXES, FindCamera, VideoRecording, open_video
from fingertip_contact.stamps import StampOrder


class CameraRecording(Protocol):
    """What recordings of every kind offer; the fields are explained in `Recording` and `VideoRecording`."""

    path: Path
    camera: Camera
    camera_description: str
    notes: list[str]
    missing_depth_count: int
    missing_stereo_count: int
    near_depth_count: int
    stamp_order: StampOrder

    @property
    def frame_count(self) -> int: ...

    @property
    def duration_s(self) -> float: ...

    @property
    def frames_per_second(self) -> float: ...

    @property
    def streams_text(self) -> str: ...

    def frames(self) -> Iterator[Frame]: ...


@contextmanager
def open_recording(
    path: str | Path,
    camera_profile: CameraProfile = D405,
    *,
    depth_source: str = AUTO,
    camera: Camera | None = None,
    find_camera: FindCamera | None = None,
    frames_per_second: float | None = None,
    color_topic: str | None = None,
    depth_unit_m: float | None = None,
) -> Iterator[CameraRecording]:
    """Opens a bag, also one that librealsense wrote, a video file (.mp4, .avi, .mkv, .webm, .mov), or a folder of
    images (.png, .jpg, .bmp).

    camera_profile: gives the endings of a bag's topics. depth_source: what the frames hold beside colour
    (docs/recordings.md); auto: what was recorded, of a video nothing. camera: instead of the recorded intrinsics, at
    the resolution of the images, of a video at any of the same aspect ratio. find_camera: gives the intrinsics of a
    video or of images, where `camera` does not, as keyboard.camera_calibration.find_sheet_camera does for a layout; by
    default they are guessed. frames_per_second: of a folder, or instead of the stamps of a video.
    color_topic: of a bag of several cameras, or with other names. depth_unit_m: of a bag's 16UC1 depth that is not in
    millimetres.

    Raises FileNotFoundError if it does not exist; ValueError if it is not a recording, is truncated, lacks a topic (the
    error names those wanted and found), its camera was not calibrated, or its frame rate is not known.
    """
    path = Path(path)
    if is_video(path):
        # Raises for a source that needs more than colour.
        select_streams(depth_source, (), path, "it is a video, of colour alone")
        yield VideoRecording(open_video(path, frames_per_second), camera, find_camera)
    else:
        with open_bag(_require_recording(path)) as bag:
            options: dict[str, Any] = {"depth_source": depth_source, "camera": camera, "depth_unit_m": depth_unit_m}
            if is_librealsense(bag.topics):
                yield LibrealsenseRecording(bag, camera_profile, **options)
            else:
                yield Recording(bag, camera_profile, color_topic=color_topic, **options)


@contextmanager
def open_images(path: str | Path) -> Iterator[Iterator[np.ndarray]]:
    """The colour images (H, W, 3) uint8 BGR of any recording; neither intrinsics nor stamps are needed.

    Raises as `open_recording` does.
    """
    path = Path(path)
    if is_video(path):
        # Any rate will do: nobody asks when an image was taken.
        source = open_video(path, 1.0 if path.is_dir() else None)
        yield (image for _, image in source.images())
    else:
        with open_bag(_require_recording(path)) as bag:
            topic = find_streams(bag.topics)[COLOR].images if is_librealsense(bag.topics) else None
            yield read_color_images(bag, topic)


def is_video(path: Path) -> bool:
    """Whether an existing path is a video file or a folder of images; a folder that holds a bag is not."""
    if path.is_dir():
        has_bag = (path / METADATA).is_file() or any(file.suffix in BAG_SUFFIXES for file in path.iterdir())
        return not has_bag and bool(find_images(path))
    return path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES


def _require_recording(path: Path) -> Path:
    """Raises ValueError that names every kind of recording, where a bag's own error would name bags only."""
    is_empty = path.is_dir() and not any(path.iterdir())
    if is_empty or (path.is_file() and path.suffix not in BAG_SUFFIXES):
        raise ValueError(
            f"{path} is not a recording; its name has to end in {', '.join(BAG_SUFFIXES)} (bags) or "
            f"{', '.join(VIDEO_SUFFIXES)} (videos), or it has to be a folder: a rosbag2 bag, or images "
            f"({', '.join(IMAGE_SUFFIXES)})"
        )
    return path
