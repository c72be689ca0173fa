"""Images of a folder, in the natural order of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.safe_text import describe
from fingertip_contact.settings import read_yaml_mapping

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
# Beside the images: `frames_per_second: 30`.
RATE_FILE = "images.yaml"


class ImageFolder:
    """The images of a folder: `frame2.png` comes before `frame10.png`. The fields are those of `VideoFile`."""

    def __init__(self, path: Path, frames_per_second: float | None = None) -> None:
        """Raises ValueError if there is no image, or the frame rate is neither given nor in RATE_FILE."""
        self.path = path
        self._files = find_images(path)
        if not self._files:
            raise ValueError(f"{path} holds no image; the names of images end in {', '.join(IMAGE_SUFFIXES)}")
        self.frames_per_second = frames_per_second or _read_rate(path)
        height, width = _read_image(self._files[0]).shape[:2]
        self.size = (width, height)
        self.frame_count = len(self._files)
        self.duration_s = self.frame_count / self.frames_per_second

    def images(self) -> Iterator[tuple[int, np.ndarray]]:
        """Stamp (ns, 0 for the first) and image (H, W, 3) uint8 BGR of each file.

        Raises ValueError if a file cannot be read, or is of another size than the first.
        """
        for index, file in enumerate(self._files):
            image = _read_image(file)
            if (image.shape[1], image.shape[0]) != self.size:
                raise ValueError(
                    f"{file} is {image.shape[1]}x{image.shape[0]}, the first image {self.size[0]}x{self.size[1]}; "
                    "all have to be of one size"
                )
            yield round(index * 1e9 / self.frames_per_second), image


def find_images(folder: Path) -> list[Path]:
    """The images of a folder, in the natural order of their names."""
    files = (file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())
    return sorted(files, key=lambda file: [(int(part) if part.isdigit() else -1, part) for part in _split(file.name)])


def _split(name: str) -> list[str]:
    return re.split(r"([0-9]+)", name)


def _read_image(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path} cannot be read as an image; copy it again, or remove it")
    return image


def _read_rate(folder: Path) -> float:
    path = folder / RATE_FILE
    if not path.is_file():
        raise ValueError(
            f"the frame rate of {folder} is not known; give it (--fps 30), or write `frames_per_second: 30` into {path}"
        )
    rate = read_yaml_mapping(path, "frames_per_second: 30").get("frames_per_second")
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 < rate < float("inf"):
        raise ValueError(f"{path}: frames_per_second is {describe(rate)}; it has to be a number over 0")
    return float(rate)
