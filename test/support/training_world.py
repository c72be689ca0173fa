"""A small dataset for training and evaluation: smooth images of a tilted desk, whose brightness encodes the depth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.datatypes import DepthImage
from fingertip_contact.geometry import Camera
from fingertip_research.datasets.dataset import DatasetFrame, open_dataset
from fingertip_research.datasets.writer import SessionInfo, SessionWriter

CAMERA = Camera(fx=120.0, fy=120.0, cx=96.0, cy=72.0, width=192, height=144)


def make_frame(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(144, 192, 3) uint8 BGR and (144, 192) uint16 millimetres: a slope with bumps, and a hole without depth."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[-1:1:144j, -1:1:192j]
    bumps = cv2.GaussianBlur(random.standard_normal((144, 192)), (0, 0), 20)
    depth_mm = 300 + random.uniform(-40, 40) + 50 * rows + 10 * columns + 500 * bumps
    grey = np.clip((depth_mm - 150) / 300 * 255, 0, 255)
    color = np.dstack([grey, 255 - grey, np.full_like(grey, 90)])
    depth = np.clip(depth_mm, 80, 480).astype(np.uint16)
    depth[:18, :24] = 0
    return color.astype(np.uint8), depth


def write_session(root: Path, participant: str, *, angle: int = 60, count: int = 2, seed: int = 0) -> Path:
    """A session of `count` images; returns its folder."""
    info = SessionInfo(participant, angle, "white_desk", "typing", "both", f"{seed:06d}", "2026-01-01T00:00:00")
    with SessionWriter(info.folder(root), info, CAMERA) as session:
        for number in range(count):
            color, depth = make_frame(1000 * seed + number)
            session.write(number * 33_333_333, color, DepthImage(depth, 0.001))
    return info.folder(root)


def load_frames(root: Path, *participants: str) -> list[DatasetFrame]:
    return list(open_dataset(root).frames(participants))
