"""Still frames of a real camera, from a recording or from a folder of image pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera

# As many as the published measurements have a shot.
MAX_STILL_FRAMES = 24
MIN_STILL_FRAMES = 5
# Brightness that a still block of 16x16 pixels may change by, of 255: the noise of a pixel is some units, that of the
# mean of a block a tenth of it; a moving finger changes it by tens.
MAX_BLOCK_CHANGE = 6.0
_BLOCK_PX = 16

FrameProgress = Callable[[Iterable[Frame], int], AbstractContextManager[Iterator[Frame]]]


@dataclass(frozen=True)
class StillFrames:
    """Frames of a real camera that does not move. name: of the recording. color_bgr: (H, W, 3) uint8, of the first
    frame. raw: (T, H, W), steps of unit_m, 0 invalid, aligned to colour. still: (H, W) bool, where nothing moved.
    camera: of the colour image. baseline_m: of the stereo camera. notes: what is assumed or cannot be measured, a line
    each."""

    name: str
    color_bgr: np.ndarray
    raw: np.ndarray
    unit_m: float
    still: np.ndarray
    camera: Camera
    baseline_m: float
    notes: tuple[str, ...]

    @property
    def focal_baseline(self) -> float:
        """f B, px m, of the colour image's focal length: aligned depth has no other."""
        return self.camera.fx * self.baseline_m


def find_still_run(frames: Iterable[Frame]) -> list[Frame]:
    """The longest run of frames in which nothing moves, at most the first MAX_STILL_FRAMES of it.

    Frames without depth interrupt nothing; they are left out. Stops reading when a run is long enough.
    """
    best: list[Frame] = []
    run: list[Frame] = []
    first_blocks: np.ndarray | None = None
    for frame in frames:
        if frame.depth is None:
            continue
        blocks = average_blocks(frame.color_bgr)
        if first_blocks is None or np.abs(blocks - first_blocks).max() > MAX_BLOCK_CHANGE:
            run, first_blocks = [], blocks
        run = [*run, frame]
        if len(run) > len(best):
            best = run
        if len(best) == MAX_STILL_FRAMES:
            break
    return best


def find_still_pixels(colors_bgr: Iterable[np.ndarray]) -> np.ndarray:
    """The pixels whose surroundings look the same in all images (H, W, 3), at least one: (H, W) bool."""
    images = iter(colors_bgr)
    image = next(images)
    first = average_blocks(image)
    change = np.zeros_like(first)
    for color_bgr in images:
        change = np.maximum(change, np.abs(average_blocks(color_bgr) - first))
    # A matching window that touches a moving block moves with it.
    moved = cv2.dilate((change > MAX_BLOCK_CHANGE).astype(np.uint8), np.ones((3, 3), np.uint8))
    return cv2.resize(moved, image.shape[1::-1], interpolation=cv2.INTER_NEAREST) == 0


def average_blocks(color_bgr: np.ndarray) -> np.ndarray:
    """Mean brightness of blocks of the image: (H / 16, W / 16) float32."""
    grey = cv2.cvtColor(color_bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    size = max(1, grey.shape[1] // _BLOCK_PX), max(1, grey.shape[0] // _BLOCK_PX)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
