"""Turns poses into what the camera publishes, several frames at a time on several cores.

Each frame is a function of the scene and the frame's number alone, so that the number of workers changes nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker

import cv2
import numpy as np

from fingertip_contact.frames import Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.simulation.hand import HandModel, HandPose
from fingertip_contact.simulation.scene import Scene
from fingertip_contact.simulation.sensor import ColorSensor, DepthSensor
from fingertip_contact.simulation.studio import Studio


@dataclass(frozen=True)
class Setup:
    """What stays the same in a recording."""

    scene: Scene
    layout: Layout
    models: Mapping[Handedness, HandModel]


@dataclass(frozen=True)
class Shot:
    """A frame to take. poses: of the hands that are there."""

    number: int
    poses: Mapping[Handedness, HandPose]


@dataclass(frozen=True)
class Exposure:
    """A frame as the camera publishes it, and which fingers' ends can be seen in it.

    color_bgr: (H, W, 3) uint8. depth, aligned_depth: (H, W) uint16, millimetres, 0 invalid. exact_aligned_m: (H, W)
    float32, metres, without the sensor's errors, NaN where the depth camera does not look. seen: hand -> (5,) bool.
    """

    shot: Shot
    color_bgr: np.ndarray
    depth: np.ndarray
    aligned_depth: np.ndarray
    exact_aligned_m: np.ndarray
    seen: Mapping[Handedness, np.ndarray]


class Darkroom:
    """Takes the frames of one recording."""

    def __init__(self, setup: Setup) -> None:
        self._studio = Studio(setup.scene, setup.layout, setup.models)
        self._color_sensor = ColorSensor(setup.scene)
        self._depth_sensor = DepthSensor(setup.scene)

    def expose(self, shot: Shot) -> Exposure:
        picture = self._studio.photograph(shot.poses)
        depth = self._depth_sensor.measure(picture, shot.number)
        return Exposure(
            shot=shot,
            color_bgr=self._color_sensor.expose(picture, shot.number),
            depth=depth,
            aligned_depth=self._depth_sensor.align(depth),
            exact_aligned_m=self._depth_sensor.align(picture.depth_m, outside=np.nan),
            seen=self._studio.fingertips_seen(shot.poses),
        )


def expose_all(setup: Setup, shots: Iterable[Shot], workers: int) -> Iterator[Exposure]:
    """Every shot in its order, made by that many processes. Raises ValueError where there would be none."""
    if workers < 1:
        raise ValueError(f"workers is {workers}: at least one process has to draw")
    if workers == 1:
        yield from map(Darkroom(setup).expose, shots)
        return
    # spawn, not fork: Embree and OpenCV keep threads that do not survive a fork.
    with without_interrupts():
        pool = get_context("spawn").Pool(workers, _open_darkroom, (setup,))
    with pool:
        yield from pool.imap(_expose, shots)


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Processes started here never see Ctrl-C, from their first instruction on: it is the parent's, who ends them."""
    # Where it has to be started first, multiprocessing's own helper takes the block away again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_darkroom: Darkroom | None = None


def _open_darkroom(setup: Setup) -> None:
    """Once in each worker."""
    global _darkroom
    cv2.setNumThreads(1)
    _darkroom = Darkroom(setup)


def _expose(shot: Shot) -> Exposure:
    assert _darkroom is not None
    return _darkroom.expose(shot)
