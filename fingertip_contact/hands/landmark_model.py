"""21 landmarks, presence and handedness of the hands in given regions of an image."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from fingertip_contact.datatypes import LANDMARKS_PER_HAND
from fingertip_contact.hands.eight_bit import (
    Calibration,
    CalibrationMismatchError,
    quantise,
)
from fingertip_contact.hands.network import NO_ADAPTATION, SOURCES, Adaptation, InferRequest, Network
from fingertip_contact.hands.roi import Roi
from fingertip_contact.processor import has_byte_instructions
from fingertip_contact.resources import find_share_file

logger = logging.getLogger(__name__)

INPUT_SIZE = 224
CALIBRATION = "config/hands/landmark_8bit.npz"
Precision = Literal["auto", "f32", "int8"]


@dataclass(frozen=True)
class Landmarks:
    """The network's output for one region.

    points_px: (21, 2) float32, pixels of the whole image. presence: probability 0..1 of a hand in the region.
    right_hand_probability: probability 0..1 of a right hand.
    """

    points_px: np.ndarray
    presence: float
    right_hand_probability: float


class LandmarkModel:
    """The landmark network for up to `requests` hands at once, each on its own thread. Not thread-safe.

    mirrored: the camera mirrors its images, as selfie cameras do. The network was trained on mirrored images: in others
    it calls a right hand left. precision: `int8` costs less than half the time of `f32` (hands/eight_bit.py); `auto`
    takes it where the processor has instructions for it.

    Raises ValueError if the file is not the landmark network.
    """

    def __init__(self, model: Path, *, requests: int, mirrored: bool, precision: Precision = "auto") -> None:
        self._mirrored = mirrored
        self.precision = choose_precision(precision)
        try:
            network = _load(model, requests, self.precision)
        except CalibrationMismatchError as error:
            if precision != "auto":
                raise
            logger.warning("hands are tracked in single precision, at twice the cost: %s", error)
            self.precision = "f32"
            network = _load(model, requests, self.precision)
        self._requests = network.requests

    def run(self, image_bgr: np.ndarray, regions: Sequence[Roi]) -> list[Landmarks]:
        """Image (H, W, 3) uint8; one result per region, in their order."""
        results = []
        for first in range(0, len(regions), len(self._requests)):
            batch = list(zip(self._requests, regions[first : first + len(self._requests)], strict=False))
            for request, region in batch:
                _enqueue(request, image_bgr, region)
            results += [self._collect(request, region) for request, region in batch]
        return results

    def _collect(self, request: InferRequest, region: Roi) -> Landmarks:
        points, presence, left_in_mirror, _ = request.wait()
        image_from_crop = region.image_from_crop(INPUT_SIZE)
        in_crop = points.reshape(LANDMARKS_PER_HAND, 3)[:, :2]
        points_px = in_crop @ image_from_crop[:, :2].T + image_from_crop[:, 2]
        right_hand_probability = float(left_in_mirror[0, 0])
        return Landmarks(
            points_px.astype(np.float32),
            float(presence[0, 0]),
            1 - right_hand_probability if self._mirrored else right_hand_probability,
        )


def choose_precision(precision: Precision) -> Precision:
    """What `auto` means on this processor."""
    if precision != "auto":
        return precision
    return "int8" if has_byte_instructions() else "f32"


def _load(model: Path, requests: int, precision: Precision) -> Network:
    adaptation = _round_to_bytes() if precision == "int8" else NO_ADAPTATION
    return Network(model, input_size=INPUT_SIZE, requests=requests, adaptation=adaptation)


def _round_to_bytes() -> Adaptation:
    calibration = find_share_file(CALIBRATION)
    return Adaptation(
        lambda network: quantise(network, Calibration.load(calibration)), (calibration, SOURCES / "eight_bit.py")
    )


def _enqueue(request: InferRequest, image_bgr: np.ndarray, region: Roi) -> None:
    region.cut(image_bgr, request.image_bgr)
    request.start()
