"""Takes still frames of a target with a simulated sensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_research.evaluation.sensor_targets import Target
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.sensor import DEPTH_UNIT_M, ColorSensor, DepthSensor

SensorName = Literal["ideal"]

RAW_UNIT_M = D405.depth_unit_m
ALIGNED_UNIT_M = DEPTH_UNIT_M
_RAW_PER_MM = round(DEPTH_UNIT_M / RAW_UNIT_M)


@dataclass(frozen=True)
class Capture:
    """Still frames of one target. color_bgr: (H, W, 3) uint8, of the last frame. raw: (T, H, W) uint16, RAW_UNIT_M, on
    the depth camera's grid. aligned: (T, H, W) uint16, ALIGNED_UNIT_M, on the colour camera's. exact_m: (H, W) float32,
    metres, on the depth camera's grid."""

    target: Target
    color_bgr: np.ndarray
    raw: np.ndarray
    aligned: np.ndarray
    exact_m: np.ndarray


class IdealSensor:
    """The sharp depth of a noise model: whole millimetres, edges within a pixel."""

    def __init__(self, scene: Scene) -> None:
        self._depth_sensor = DepthSensor(scene)

    def measure(self, buffers: RenderBuffers, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Raw and aligned depth, as in Capture."""
        depth_mm = self._depth_sensor.measure(buffers, frame)
        return depth_mm * np.uint16(_RAW_PER_MM), self._depth_sensor.align(depth_mm)


def capture(target: Target, frames: Iterator[int], sensor_name: SensorName) -> Capture:
    """One still frame of the target for each number; their noise depends on the number alone."""
    buffers = target.render()
    sensor, color_sensor = IdealSensor(target.scene), ColorSensor(target.scene)
    raw, aligned, last = [], [], 0
    for last in frames:
        raw_depth, aligned_depth = sensor.measure(buffers, last)
        raw.append(raw_depth)
        aligned.append(aligned_depth)
    return Capture(
        target=target,
        color_bgr=color_sensor.measure(buffers, last),
        raw=np.stack(raw),
        aligned=np.stack(aligned),
        exact_m=buffers.depth_m,
    )
