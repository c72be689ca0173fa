"""The score of a depth source on a dataset: every metric overall, by what the frames are of, and by parts of pictures.

Two averages of each: `image`, the mean over pictures of the picture's metric (the reference's), and `pixel`, the metric
of all pixels together. Only pixels with a true depth within the range count; of those, only the ones that the source
says anything about. How many these are is `coverage`: errors of sources with different coverage are not comparable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fingertip_contact.evaluation.depth_bands import band_masks, band_sums
from fingertip_contact.evaluation.depth_metrics import DepthSums, depth_sums, mean_of_images, pooled
from fingertip_contact.evaluation.depth_sources import Predict, true_depth_m
from fingertip_contact.recordings.dataset import BadFrameError, DatasetFrame
from fingertip_contact.recordings.dataset_annotations import read_annotation

RANGE_M = (0.001, 0.5)

GROUPS: dict[str, Callable[[DatasetFrame], str]] = {
    "by_angle": lambda frame: f"{frame.angle_deg:g}",
    "by_surface": lambda frame: frame.surface,
    "by_action": lambda frame: frame.action,
    "by_participant": lambda frame: frame.participant,
}


@dataclass(frozen=True)
class FrameScore:
    """One picture: over all of it, and band by band."""

    frame: DatasetFrame
    whole: DepthSums
    bands: dict[str, DepthSums]

    @property
    def mae_mm(self) -> float:
        return self.whole.metrics()["mae_mm"]


def score_frame(frame: DatasetFrame, predict: Predict, range_m: tuple[float, float] = RANGE_M) -> FrameScore:
    """Raises BadFrameError where a picture of the frame cannot be read, ValueError where its annotation cannot."""
    true_m = within(true_depth_m(frame), range_m)
    predicted_m = predict(frame.load())
    masks = band_masks(true_m, frame.camera, _fingertips_px(frame))
    return FrameScore(frame, depth_sums(predicted_m, true_m), band_sums(predicted_m, true_m, masks))


def score_frames(
    frames: Iterable[DatasetFrame], predict: Predict, range_m: tuple[float, float] = RANGE_M
) -> tuple[list[FrameScore], list[str]]:
    """The scores, and what was wrong with the frames that are left out."""
    scores, problems = [], []
    for frame in frames:
        try:
            scores.append(score_frame(frame, predict, range_m))
        except BadFrameError as error:
            problems.append(str(error))
    return scores, problems


def within(depth_m: np.ndarray, range_m: tuple[float, float]) -> np.ndarray:
    """Depth with NaN outside of the range."""
    return np.where((depth_m >= range_m[0]) & (depth_m <= range_m[1]), depth_m, np.float32(np.nan))


def spread(frames: Sequence[DatasetFrame], count: int) -> list[DatasetFrame]:
    """`count` of the frames, evenly spread; all of them for 0."""
    if not count or count >= len(frames):
        return list(frames)
    return [frames[index] for index in np.linspace(0, len(frames) - 1, count).round().astype(int)]


def report(scores: Sequence[FrameScore]) -> dict[str, Any]:
    """Everything as JSON takes it: metrics of all pictures (image mean) at the top, `pixel` beside them, then groups
    and bands, each of the same form; None where there is nothing to measure. Raises ValueError without any score."""
    if not scores:
        raise ValueError("no frame could be scored; check the dataset (fingertip-contact dataset check)")
    groups = {
        group: {
            name: _figures([score.whole for score in scores if name_of(score.frame) == name])
            for name in sorted({name_of(score.frame) for score in scores}, key=_numbers_first)
        }
        for group, name_of in GROUPS.items()
    }
    names = list(dict.fromkeys(name for score in scores for name in score.bands))
    bands = {name: _figures([score.bands[name] for score in scores if name in score.bands]) for name in names}
    return {**_figures([score.whole for score in scores]), **groups, "bands": bands}


def _figures(sums: Sequence[DepthSums]) -> dict[str, Any]:
    """frames: those with a true depth in that part."""
    total = pooled(sums)
    return {
        "frames": sum(image.pixels > 0 for image in sums),
        "pixels": total.pixels,
        "coverage": _or_none(total.coverage),
        **{name: _or_none(value) for name, value in mean_of_images(sums).items()},
        "pixel": {name: _or_none(value) for name, value in total.metrics().items()},
    }


def _fingertips_px(frame: DatasetFrame) -> np.ndarray:
    """(N, 2); none where nobody looked for hands."""
    hands = read_annotation(frame.annotation_path) or ()
    return np.array([pixel for hand in hands for pixel in hand.fingertip_px.values()], dtype=np.float64).reshape(-1, 2)


def _numbers_first(name: str) -> tuple[float, str]:
    """Angles in their order, everything else by name."""
    try:
        return (float(name), name)
    except ValueError:
        return (math.inf, name)


def _or_none(value: float) -> float | None:
    """JSON knows no NaN."""
    return value if math.isfinite(value) else None
