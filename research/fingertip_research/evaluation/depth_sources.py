"""Where depth comes from that is to be judged, and what it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.depth.estimator import DepthEstimator
from fingertip_contact.depth.fusion import fuse
from fingertip_research.datasets.dataset import (
    EXACT_DEPTH,
    EXACT_DEPTH_UNIT_M,
    BadFrameError,
    DatasetFrame,
    read_depth,
)

# A frame with colour and the sensor's depth -> (H, W) float32 metres on its grid, NaN where nothing is said.
DepthPredictor = Callable[[Frame], np.ndarray]


def make_network_source(estimator: DepthEstimator) -> DepthPredictor:
    """What the network makes of the colour image."""
    return lambda frame: estimator.infer_image(frame.color_bgr)


def make_fused_source(estimator: DepthEstimator) -> DepthPredictor:
    """The sensor's and the network's together."""
    return lambda frame: fuse(
        require_sensor_depth(frame), estimator.infer_image(frame.color_bgr), frame.camera.fx
    ).to_metres()


def make_sensor_source() -> DepthPredictor:
    """The sensor's own."""
    return lambda frame: require_sensor_depth(frame).to_metres()


def make_constant_source(depth_m: float) -> DepthPredictor:
    """Everything at one distance: who knows the usual distance and nothing else does that well."""
    return lambda frame: np.full((frame.camera.height, frame.camera.width), depth_m, dtype=np.float32)


def require_sensor_depth(frame: Frame) -> DepthImage:
    """Raises ValueError where the frame came without depth."""
    if frame.depth is None:
        raise ValueError(f"the frame of {frame.stamp_ns} ns has no depth of a sensor; judge the network alone")
    return frame.depth


def replace_depth(predict: DepthPredictor, frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames with a source's depth in place of their own, for whatever is to be judged by what it does to that."""
    for frame in frames:
        yield replace(frame, depth=DepthImage(predict(frame), unit_m=1.0))


def load_true_depth_m(frame: DatasetFrame) -> np.ndarray:
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


def require_independent_ground_truth(source: str, frame: DatasetFrame) -> None:
    """Raises ValueError where a source would be judged by itself."""
    if source in ("sensor", "fused") and not has_exact_depth(frame):
        raise ValueError(
            f"{frame.session.path} has the sensor's depth only, by which {source} depth cannot be judged; "
            f"exact depth lies in {EXACT_DEPTH}/ where there is some, as in simulated sessions"
        )
