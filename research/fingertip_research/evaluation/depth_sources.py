"""The depth sources that can be evaluated, and the true depth that they are compared with."""

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

# A frame with colour and the sensor's depth -> (H, W) float32 metres on its grid, NaN where unknown.
DepthPredictor = Callable[[Frame], np.ndarray]


def make_network_source(estimator: DepthEstimator) -> DepthPredictor:
    """The network's depth of the colour image."""
    return lambda frame: estimator.infer_image(frame.color_bgr)


def make_fused_source(estimator: DepthEstimator) -> DepthPredictor:
    """The fusion of the sensor's and the network's depth."""
    return lambda frame: fuse(
        require_sensor_depth(frame), estimator.infer_image(frame.color_bgr), frame.camera.fx
    ).to_metres()


def make_sensor_source() -> DepthPredictor:
    """The sensor's depth."""
    return lambda frame: require_sensor_depth(frame).to_metres()


def make_constant_source(depth_m: float) -> DepthPredictor:
    """One distance everywhere: the baseline that knows nothing but the usual distance."""
    return lambda frame: np.full((frame.camera.height, frame.camera.width), depth_m, dtype=np.float32)


def require_sensor_depth(frame: Frame) -> DepthImage:
    """Raises ValueError for a frame without depth."""
    if frame.depth is None:
        raise ValueError(f"the frame of {frame.stamp_ns} ns has no sensor depth; evaluate the source `model`")
    return frame.depth


def replace_depth(predict: DepthPredictor, frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames with a source's depth in place of their own."""
    for frame in frames:
        yield replace(frame, depth=DepthImage(predict(frame), unit_m=1.0))


def load_true_depth_m(frame: DatasetFrame) -> np.ndarray:
    """(H, W) float32 metres, NaN where unknown: exact if the session has it, else the sensor's.

    Raises BadFrameError where it cannot be read.
    """
    if not has_exact_depth(frame):
        return frame.load_depth_m()
    exact = read_depth(frame.session.path / EXACT_DEPTH / f"{frame.number:06d}.png")
    if exact.shape != (frame.camera.height, frame.camera.width):
        raise BadFrameError(f"{frame.session.path / EXACT_DEPTH}: frame {frame.number} does not have the camera's size")
    return np.where(exact > 0, exact * np.float32(EXACT_DEPTH_UNIT_M), np.float32(np.nan))


def has_exact_depth(frame: DatasetFrame) -> bool:
    return (frame.session.path / EXACT_DEPTH).is_dir()


def require_independent_ground_truth(source: str, frame: DatasetFrame) -> None:
    """Raises ValueError where a source would be compared with itself."""
    if source in ("sensor", "fused") and not has_exact_depth(frame):
        raise ValueError(
            f"{frame.session.path} has only the sensor's depth, with which {source} depth cannot be compared; "
            f"use sessions with exact depth in {EXACT_DEPTH}/, such as simulated ones"
        )
