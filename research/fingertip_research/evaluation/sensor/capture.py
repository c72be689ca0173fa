"""Takes still frames of a target with a simulated sensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fingertip_research.evaluation.sensor.targets import Target
from fingertip_research.simulation.color_sensor import ColorSensor
from fingertip_research.simulation.driver import DEPTH_UNIT_M, RAW_DEPTH_UNIT_M
from fingertip_research.simulation.ideal_sensor import IdealDepthSensor
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.stereo_sensor import StereoSensor

_RAW_PER_MM = np.uint16(round(DEPTH_UNIT_M / RAW_DEPTH_UNIT_M))


@dataclass(frozen=True)
class Capture:
    """Still frames of one target. color_bgr: (H, W, 3) uint8, of the first frame. raw: (T, H, W) uint16 in
    RAW_DEPTH_UNIT_M, on the depth camera's grid. aligned: (T, H, W) uint16 in DEPTH_UNIT_M, on the colour camera's.
    exact_m: (H, W) float32, metres, on the depth camera's grid."""

    target: Target
    color_bgr: np.ndarray
    raw: np.ndarray
    aligned: np.ndarray
    exact_m: np.ndarray


# The number of a frame to its raw and aligned depth.
Measure = Callable[[int], tuple[np.ndarray, np.ndarray]]


def capture(target: Target, frames: Iterator[int]) -> Capture:
    """One still frame of the target for each number; their noise depends on the number alone."""
    buffers = target.render()
    measure = (_make_stereo if target.scene.sensor == "stereo" else _make_ideal)(target.scene, buffers)
    raw, aligned = zip(*map(measure, frames), strict=True)
    return Capture(
        target=target,
        color_bgr=ColorSensor(target.scene).measure(buffers, 0),
        raw=np.stack(raw),
        aligned=np.stack(aligned),
        exact_m=buffers.depth_m,
    )


def _make_stereo(scene: Scene, buffers: RenderBuffers) -> Measure:
    sensor = StereoSensor(scene)
    nearest_m = float(buffers.depth_m.min())

    def measure(frame: int) -> tuple[np.ndarray, np.ndarray]:
        raw = sensor.match(*sensor.expose(buffers, frame), frame, nearest_m)
        return raw, sensor.align(raw)

    return measure


def _make_ideal(scene: Scene, buffers: RenderBuffers) -> Measure:
    """The ideal sensor has no raw depth: its whole millimetres are written in the raw unit."""
    sensor = IdealDepthSensor(scene)

    def measure(frame: int) -> tuple[np.ndarray, np.ndarray]:
        depth = sensor.measure(buffers, frame)
        return depth.published_mm * _RAW_PER_MM, depth.aligned_mm

    return measure
