"""Samples colour images from a recording."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from fingertip_contact.cli.progress import track_progress
from fingertip_contact.recordings.open import open_recording


def sample_images(recording: Path, count: int) -> list[np.ndarray]:
    """At most `count` images (H, W, 3) uint8, BGR, evenly spaced in the recording. Raises as open_recording does."""
    with open_recording(recording, depth_source="none") as source:
        step = max(source.frame_count // count, 1)
        frames = islice(source.frames(), 0, step * count, step)
        with track_progress(frames, min(count, source.frame_count), f"reading {recording.name}") as tracked:
            return [frame.color_bgr.copy() for frame in tracked]
