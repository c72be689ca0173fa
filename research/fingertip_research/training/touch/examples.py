"""Recordings with ground truth as examples: crops and cues of every fingertip, and what it truly did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.contact.detector import select_best_hands
from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_column
from fingertip_contact.contact.measurement.fingertip_crops import CROP_PX, FRAME_TIMES_S, LOOKAHEAD_S, CropBuffer
from fingertip_contact.contact.measurement.fingertip_estimator import estimate_pixels_per_m
from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.files import fill_cache
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.resources import get_cache_directory
from fingertip_research.evaluation.fingertip_noise_fit import load_true_fingers
from fingertip_research.evaluation.fingertip_recording import (
    FingertipRecording,
    digest_measurement,
    load_measured,
    measure_bag,
    save_measured,
)
from fingertip_research.ground_truth.recording import GroundTruth, ground_truth_path, read_ground_truth

# Crops are kept this much larger than the network's, so that it can be fitted to other places of them.
CROP_MARGIN_PX = 4
STORED_PX = CROP_PX + 2 * CROP_MARGIN_PX


@dataclass(frozen=True)
class TouchExamples:
    """One recording, T frames.

    layout: of the sheet in it. crops: (M, len(FRAME_TIMES_S), STORED_PX, STORED_PX) uint8. crop_index: (T,
    FINGER_COUNT) row of the crops that came with a frame and tell about LOOKAHEAD_S before; -1 without. clearance_m:
    (T, FINGER_COUNT) of the true pad, NaN where no hand is.
    """

    name: str
    recording: FingertipRecording
    truth: GroundTruth
    layout: Layout
    crops: np.ndarray
    crop_index: np.ndarray
    clearance_m: np.ndarray

    def since_touch_down_s(self) -> np.ndarray:
        """(T, FINGER_COUNT) time since the nearest touch-down of a tap, negative before it; infinite without."""
        nearest_s = np.full(self.clearance_m.shape, np.inf)
        for tap in self.truth.taps:
            since_s = (self.recording.stamps_ns - tap.press_ns) / 1e9
            column = nearest_s[:, find_column(tap.hand, tap.finger)]
            np.copyto(column, since_s, where=np.abs(since_s) < np.abs(column))
        return nearest_s

    def find_told_rows(self) -> np.ndarray:
        """(T,) row that the crops of each frame tell about."""
        stamps_ns = self.recording.stamps_ns
        wanted_ns = stamps_ns - round(LOOKAHEAD_S * 1e9)
        after = np.clip(np.searchsorted(stamps_ns, wanted_ns), 1, len(stamps_ns) - 1)
        is_before = wanted_ns - stamps_ns[after - 1] < stamps_ns[after] - wanted_ns
        return np.where(is_before, after - 1, after)


def load_examples(bag: Path, layouts: Sequence[Layout]) -> TouchExamples:
    """The examples of a recording; measured once and kept in the cache. layouts: one of them is the recording's.

    Raises ValueError where none of them is.
    """
    truth = read_ground_truth(ground_truth_path(bag))
    layout = find_layout(truth.header.layout, layouts, bag)
    name = f"{bag.stem}-{digest_measurement(bag, layout, STORED_PX).hexdigest()[:16]}"
    folder = get_cache_directory() / "touch_examples" / name
    fill_cache(folder, lambda partial_folder: _measure(bag, layout, truth, partial_folder))
    recording = load_measured(folder / "recording.npz")
    clearance_m, _, _ = load_true_fingers(bag, recording)
    crop_index = np.load(folder / "index.npy")
    crops = np.load(folder / "crops.npy", mmap_mode="r")
    return TouchExamples(bag.stem, recording, truth, layout, crops, crop_index, clearance_m)


def find_layout(name: str | None, layouts: Sequence[Layout], bag: Path) -> Layout:
    """The layout with the name that a recording's ground truth has; a truth that names none takes the first.

    Raises ValueError where none of them has it.
    """
    if name is None:
        return layouts[0]
    for layout in layouts:
        if layout.name == name:
            return layout
    given = ", ".join(layout.name for layout in layouts)
    raise ValueError(f"{bag} shows a sheet of the layout {name!r}, not {given}; add --layout {name}, or its YAML file")


def _measure(bag: Path, layout: Layout, truth: GroundTruth, folder: Path) -> None:
    folder.mkdir()
    collector = _CropCollector()
    calibration_s = truth.header.calibration_seconds or 1.0
    recording = measure_bag(bag, layout, calibration_s, collector.collect, with_appearance=False)
    save_measured(recording, folder / "recording.npz")
    np.save(folder / "index.npy", np.stack(collector.index))
    crops = np.concatenate(collector.crops) if collector.crops else np.zeros((0, *_CROP_SHAPE), np.uint8)
    np.save(folder / "crops.npy", crops)


_CROP_SHAPE = len(FRAME_TIMES_S), STORED_PX, STORED_PX


class _CropCollector:
    """index: per frame, (FINGER_COUNT,). crops: parts of TouchExamples.crops."""

    def __init__(self) -> None:
        self._buffer = CropBuffer(STORED_PX)
        self.index: list[np.ndarray] = []
        self.crops: list[np.ndarray] = []
        self._count = 0

    def collect(self, frame: Frame, result: FrameResult) -> None:
        own = np.full(FINGER_COUNT, -1)
        self.index.append(own)
        if result.surface is None:
            self._buffer.reset()
            return
        hands = select_best_hands(result.hands)
        grey = cv2.cvtColor(frame.color_bgr, cv2.COLOR_BGR2GRAY)
        scale = estimate_pixels_per_m(frame, hands, result.surface.plane)
        crops = self._buffer.add(frame.stamp_ns, grey, hands, scale)
        if crops is None:
            return
        own[crops.columns] = self._count + np.arange(len(crops.columns))
        self._count += len(crops.columns)
        self.crops.append(crops.images)
