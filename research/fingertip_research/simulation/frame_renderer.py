"""Renders poses to the images that the camera publishes, on several cores.

A frame depends only on the scene and the frame's number: the number of workers has no influence on the images.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker

import cv2
import numpy as np

from fingertip_contact.datatypes import Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.scene_builder import HandSceneRenderer
from fingertip_research.simulation.sensor import ColorSensor, DepthSensor


@dataclass(frozen=True)
class Setup:
    """The constant parts of a recording."""

    scene: Scene
    layout: Layout
    models: Mapping[Handedness, HandModel]


@dataclass(frozen=True)
class FrameRequest:
    """A frame to render. poses: of the hands that are present."""

    frame_index: int
    poses: Mapping[Handedness, HandPose]


@dataclass(frozen=True)
class RenderedFrame:
    """A frame as the camera publishes it, and which fingertips are visible in it.

    color_bgr: (H, W, 3) uint8. depth, aligned_depth: (H, W) uint16, millimetres, 0 invalid. exact_aligned_m: (H, W)
    float32, metres, without the sensor's errors, NaN outside the depth camera's view.
    visible_fingertips: hand -> (5,) bool.
    """

    request: FrameRequest
    color_bgr: np.ndarray
    depth: np.ndarray
    aligned_depth: np.ndarray
    exact_aligned_m: np.ndarray
    visible_fingertips: Mapping[Handedness, np.ndarray]


class FrameRenderer:
    """Renders the frames of one recording."""

    def __init__(self, setup: Setup) -> None:
        self._scene_renderer = HandSceneRenderer(setup.scene, setup.layout, setup.models)
        self._color_sensor = ColorSensor(setup.scene)
        self._depth_sensor = DepthSensor(setup.scene)

    def render_frame(self, request: FrameRequest) -> RenderedFrame:
        buffers = self._scene_renderer.render(request.poses)
        depth = self._depth_sensor.measure(buffers, request.frame_index)
        return RenderedFrame(
            request=request,
            color_bgr=self._color_sensor.measure(buffers, request.frame_index),
            depth=depth,
            aligned_depth=self._depth_sensor.align(depth),
            exact_aligned_m=self._depth_sensor.align(buffers.depth_m, outside=np.nan),
            visible_fingertips=self._scene_renderer.find_visible_fingertips(request.poses),
        )


def render_frames(setup: Setup, requests: Iterable[FrameRequest], workers: int) -> Iterator[RenderedFrame]:
    """The frames in the order of their requests. Raises ValueError if `workers` is less than 1."""
    if workers < 1:
        raise ValueError(f"workers is {workers}: at least one process is needed")
    if workers == 1:
        yield from map(FrameRenderer(setup).render_frame, requests)
        return
    # spawn, not fork: Embree and OpenCV keep threads that do not survive a fork.
    with block_interrupts():
        pool = get_context("spawn").Pool(workers, _initialise_worker, (setup,))
    with pool:
        yield from pool.imap(_render_in_worker, requests)


@contextmanager
def block_interrupts() -> Iterator[None]:
    """Processes started in the block ignore Ctrl-C from their first instruction on; their parent terminates them."""
    # Started inside the block, multiprocessing's resource tracker would unblock the signal again.
    resource_tracker.ensure_running()
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


# One per worker process: a pool keeps no other state between tasks, and a renderer is too large to send per frame.
_frame_renderer: FrameRenderer | None = None


def _initialise_worker(setup: Setup) -> None:
    """Runs once in each worker process."""
    global _frame_renderer
    cv2.setNumThreads(1)
    _frame_renderer = FrameRenderer(setup)


def _render_in_worker(request: FrameRequest) -> RenderedFrame:
    assert _frame_renderer is not None
    return _frame_renderer.render_frame(request)
