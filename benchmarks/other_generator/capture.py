"""A camera's images of a frame: with the sharp sensor of the first recordings, or with a stereo camera's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from fingertip_contact.geometry import Camera
from other_generator.body import PosedBody
from other_generator.color_sensor import expose_color
from other_generator.ideal_sensor import IdealSensor
from other_generator.imagers import Imagers
from other_generator.renderer import RenderBuffers, Renderer
from other_generator.scenery import Scenery
from other_generator.stereo_rig import make_rig
from other_generator.stereo_sensor import StereoSensor
from other_generator.view import View

SensorName = Literal["stereo", "ideal"]

_COLOR_STREAM = 61000


@dataclass(frozen=True)
class Capture:
    """color_bgr: (H, W, 3) uint8. depth_mm: (H, W) uint16 on colour's pixels, 0 invalid. exact: what colour saw.

    imagers: the images of the left and of the right imager, (H, W) uint8, from which depth was matched; None if the
    camera has no imagers.
    """

    color_bgr: np.ndarray
    depth_mm: np.ndarray
    exact: RenderBuffers
    imagers: tuple[np.ndarray, np.ndarray] | None = None


class Device(Protocol):
    """A camera. view: of its colour images. imager_camera: the intrinsics that both imagers share; None without."""

    view: View
    imager_camera: Camera | None

    def capture(self, posed: PosedBody | None) -> Capture:
        """The images of a frame; None: of the empty desk. Noise depends on the order of the frames."""


class IdealDevice:
    """Sharp depth of colour's own rays, with noise; a lens without distortion."""

    def __init__(self, seed: int, scenery: Scenery) -> None:
        self.view = scenery.view
        self.imager_camera: Camera | None = None
        self._renderer = Renderer(scenery, self.view)
        self._sensor = IdealSensor(seed, self.view.focal_px)

    def capture(self, posed: PosedBody | None) -> Capture:
        exact = self._renderer.render(posed)
        return Capture(self._sensor.measure_color(exact.linear_bgr), self._sensor.measure_depth(exact.depth_m), exact)


class StereoDevice:
    """A D405: depth is matched from the images of two imagers; colour has the lens's distortion."""

    def __init__(self, seed: int, scenery: Scenery) -> None:
        rig = make_rig(seed, scenery.view)
        self.view = rig.color
        self.imager_camera: Camera | None = rig.left.camera
        self._renderers = [Renderer(scenery, view) for view in (rig.color, rig.left, rig.right)]
        self._imagers = Imagers(seed)
        self._sensor = StereoSensor(seed, rig)
        self._random = np.random.default_rng(_COLOR_STREAM + seed)
        self._exposure = float(self._random.uniform(0.85, 1.0))

    def capture(self, posed: PosedBody | None) -> Capture:
        color, left, right = (renderer.render(posed) for renderer in self._renderers)
        color_bgr = expose_color(color.linear_bgr, self._exposure, self._random)
        images = self._imagers.expose(left.linear_bgr, right.linear_bgr)
        depth_mm = self._sensor.measure(*images, float(left.depth_m.min()))
        return Capture(color_bgr, depth_mm, color, images)


def make_device(sensor: SensorName, seed: int, scenery: Scenery) -> Device:
    """The camera of a recording."""
    return IdealDevice(seed, scenery) if sensor == "ideal" else StereoDevice(seed, scenery)
