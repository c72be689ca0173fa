"""Small video files of any kind that OpenCV can write here."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "MJPG", ".webm": "VP80", ".mov": "mp4v"}
FRAMES_PER_SECOND = 25.0


def write_video(path: Path, images: Sequence[np.ndarray], frames_per_second: float = FRAMES_PER_SECOND) -> Path:
    """Writes images (H, W, 3) as a video of the kind that the name says. Skips the test if that codec is missing."""
    height, width = images[0].shape[:2]
    codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix.lower()])
    writer = cv2.VideoWriter(str(path), codec, frames_per_second, (width, height))
    if not writer.isOpened():
        pytest.skip(f"this OpenCV cannot write {path.suffix}")
    for image in images:
        writer.write(image)
    writer.release()
    return path


def make_numbered_images(count: int, width: int = 96, height: int = 64) -> list[np.ndarray]:
    """Images whose brightness tells their number."""
    return [np.full((height, width, 3), 5 + 10 * index, np.uint8) for index in range(count)]


def read_number(image: np.ndarray) -> int:
    """The number of an image of `make_numbered_images`, after a lossy codec."""
    return round((float(image.mean()) - 5) / 10)


def set_durations(path: Path, durations: Sequence[int]) -> None:
    """Gives each frame of an MP4 its own duration, in units of its time scale: variable frame rate.

    OpenCV writes constant ones only. Replaces the box `stts` and makes its parents longer; they follow the images.
    """
    data = bytearray(path.read_bytes())
    position = data.index(b"stts") - 4
    old_length = struct.unpack(">I", data[position : position + 4])[0]
    entries = b"".join(struct.pack(">II", 1, duration) for duration in durations)
    box = struct.pack(">I4sII", 16 + len(entries), b"stts", 0, len(durations)) + entries
    data[position : position + old_length] = box
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        start = data.index(parent) - 4
        length = struct.unpack(">I", data[start : start + 4])[0]
        data[start : start + 4] = struct.pack(">I", length + len(box) - old_length)
    path.write_bytes(data)


def set_quarter_turn(path: Path, width: int, height: int) -> None:
    """Marks an MP4 as to be turned right by 90 degrees, as a phone held upright does."""
    data = bytearray(path.read_bytes())
    # After the box's name: version and flags, four times or numbers, reserved and layer fields.
    position = data.index(b"tkhd") + 4 + 4 + 20 + 16
    one = 1 << 16
    data[position : position + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, height * one, 0, 1 << 30)
    path.write_bytes(data)
