"""Where depth comes from that is to be judged, and what it is judged by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from fingertip_contact.depth.estimator import DepthEstimator
from fingertip_contact.depth.fusion import fuse
from fingertip_contact.recordings.dataset import (
    EXACT_DEPTH,
    EXACT_DEPTH_UNIT_M,
    BadFrameError,
    DatasetFrame,
    read_depth,
)

Source = Literal["network", "sensor", "fused", "constant"]
SOURCES: tuple[Source, ...] = get_args(Source)

# A frame -> (H, W) float32 metres on its grid, NaN where nothing is said.
Predict = Callable[[DatasetFrame], np.ndarray]


def network_depth(estimator: DepthEstimator) -> Predict:
    """What the network makes of the colour picture."""
    return lambda frame: estimator.infer_image(frame.load_color())


def fused_depth(estimator: DepthEstimator) -> Predict:
    """The sensor's depth, its holes filled by the network."""
    return lambda frame: fuse(frame.load_depth(), estimator.infer_image(frame.load_color())).metres()


def sensor_depth() -> Predict:
    """The dataset's own depth."""
    return DatasetFrame.load_depth_m


def constant_depth(depth_m: float) -> Predict:
    """Everything at one distance: who knows the usual distance and nothing else does that well."""
    return lambda frame: np.full((frame.camera.height, frame.camera.width), depth_m, dtype=np.float32)


def true_depth_m(frame: DatasetFrame) -> np.ndarray:
    """(H, W) float32 metres, NaN where unknown: exact where the session has that, else the sensor's.

    Raises BadFrameError where it cannot be read.
    """
    if not has_exact_depth(frame):
        return frame.load_depth_m()
    exact = read_depth(frame.session.path / EXACT_DEPTH / f"{frame.number:06d}.png")
    if exact.shape != (frame.camera.height, frame.camera.width):
        raise BadFrameError(f"{frame.session.path / EXACT_DEPTH}: frame {frame.number} is not of the camera's size")
    return np.where(exact > 0, exact * np.float32(EXACT_DEPTH_UNIT_M), np.float32(np.nan))


def has_exact_depth(frame: DatasetFrame) -> bool:
    return (frame.session.path / EXACT_DEPTH).is_dir()


def require_independent_truth(source: Source, frame: DatasetFrame) -> None:
    """Raises ValueError where a source would be judged by itself."""
    if source in ("sensor", "fused") and not has_exact_depth(frame):
        raise ValueError(
            f"{frame.session.path} has the sensor's depth only, by which {source} depth cannot be judged; "
            f"exact depth lies in {EXACT_DEPTH}/ where there is some, as in simulated sessions"
        )
