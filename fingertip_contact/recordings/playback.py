"""Plays a video as a live camera would give it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from fingertip_contact.cameras.capture import CapturedImage
from fingertip_contact.recordings.image_folder import ImageFolder
from fingertip_contact.recordings.video_file import VideoFile


def play(source: VideoFile | ImageFolder, stop: threading.Event) -> Iterator[CapturedImage]:
    """Each image when it is due; ends with the video, or early if `stop` is set. Raises ValueError as `images` does."""
    started_s, first_ns = time.monotonic(), None
    for stamp_ns, image in source.images():
        first_ns = stamp_ns if first_ns is None else first_ns
        due_s = started_s + (stamp_ns - first_ns) * 1e-9
        if stop.wait(max(0.0, due_s - time.monotonic())):
            return
        yield CapturedImage(image, time.monotonic() - due_s)
