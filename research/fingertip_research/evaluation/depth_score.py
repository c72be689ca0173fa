"""The score of a depth source on a dataset: every metric overall, by properties of the frames, and by parts of images.

Each metric has two averages: `image`, the mean over images of the image's metric (as in the reference), and `pixel`,
the metric of all pixels together. Only pixels with a true depth within the range and a depth of the source count.
Their ratio is `coverage`: errors of sources with different coverage are not comparable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fingertip_research.datasets.annotations import read_annotation
from fingertip_research.datasets.dataset import BadFrameError, DatasetFrame
from fingertip_research.evaluation.depth_bands import compute_band_sums, make_band_masks
from fingertip_research.evaluation.depth_metrics import DepthSums, average_over_images, compute_depth_sums, pool_sums
from fingertip_research.evaluation.depth_sources import DepthPredictor, load_true_depth_m

RANGE_M = (0.001, 0.5)

GROUPS: dict[str, Callable[[DatasetFrame], str]] = {
    "by_angle": lambda frame: f"{frame.angle_deg:g}",
    "by_surface": lambda frame: frame.surface,
    "by_action": lambda frame: frame.action,
    "by_participant": lambda frame: frame.participant,
}


@dataclass(frozen=True)
class FrameScore:
    """The sums of one image: overall and by band."""

    frame: DatasetFrame
    overall: DepthSums
    bands: dict[str, DepthSums]

    @property
    def mae_mm(self) -> float:
        return self.overall.metrics()["mae_mm"]


def score_frame(frame: DatasetFrame, predict: DepthPredictor, range_m: tuple[float, float] = RANGE_M) -> FrameScore:
    """Raises BadFrameError where an image of the frame cannot be read, ValueError where its annotation cannot."""
    true_m = mask_outside_range(load_true_depth_m(frame), range_m)
    predicted_m = predict(frame.load())
    masks = make_band_masks(true_m, frame.camera, _fingertips_px(frame))
    return FrameScore(frame, compute_depth_sums(predicted_m, true_m), compute_band_sums(predicted_m, true_m, masks))


def score_frames(
    frames: Iterable[DatasetFrame], predict: DepthPredictor, range_m: tuple[float, float] = RANGE_M
) -> tuple[list[FrameScore], list[str]]:
    """The scores, and one message per frame that cannot be read."""
    scores, problems = [], []
    for frame in frames:
        try:
            scores.append(score_frame(frame, predict, range_m))
        except BadFrameError as error:
            problems.append(str(error))
    return scores, problems


def mask_outside_range(depth_m: np.ndarray, range_m: tuple[float, float]) -> np.ndarray:
    """Depth with NaN outside of the range."""
    return np.where((depth_m >= range_m[0]) & (depth_m <= range_m[1]), depth_m, np.float32(np.nan))


def sample_evenly(frames: Sequence[DatasetFrame], count: int) -> list[DatasetFrame]:
    """`count` of the frames, evenly spaced; all of them for 0."""
    if not count or count >= len(frames):
        return list(frames)
    return [frames[index] for index in np.linspace(0, len(frames) - 1, count).round().astype(int)]


def make_report(scores: Sequence[FrameScore]) -> dict[str, Any]:
    """The report for JSON: metrics over all images (image mean) at the top, `pixel` beside them, then groups and bands
    of the same form; None without a measurement. Raises ValueError without any score."""
    if not scores:
        raise ValueError("no frame could be scored; check the dataset (fingertip-contact dataset check)")
    groups = {
        group: {
            name: _summarize([score.overall for score in scores if group_key(score.frame) == name])
            for name in sorted({group_key(score.frame) for score in scores}, key=_numeric_first_key)
        }
        for group, group_key in GROUPS.items()
    }
    names = list(dict.fromkeys(name for score in scores for name in score.bands))
    bands = {name: _summarize([score.bands[name] for score in scores if name in score.bands]) for name in names}
    return {**_summarize([score.overall for score in scores]), **groups, "bands": bands}


def _summarize(sums: Sequence[DepthSums]) -> dict[str, Any]:
    """frames: the number of images with a true depth in that part."""
    total = pool_sums(sums)
    return {
        "frames": sum(image.pixels > 0 for image in sums),
        "pixels": total.pixels,
        "coverage": _nan_to_none(total.coverage),
        **{name: _nan_to_none(value) for name, value in average_over_images(sums).items()},
        "pixel": {name: _nan_to_none(value) for name, value in total.metrics().items()},
    }


def _fingertips_px(frame: DatasetFrame) -> np.ndarray:
    """(N, 2); empty without an annotation."""
    hands = read_annotation(frame.annotation_path) or ()
    return np.array([pixel for hand in hands for pixel in hand.fingertip_px.values()], dtype=np.float64).reshape(-1, 2)


def _numeric_first_key(name: str) -> tuple[float, str]:
    """Numbers in ascending order, then everything else by name."""
    try:
        return (float(name), name)
    except ValueError:
        return (math.inf, name)


def _nan_to_none(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
