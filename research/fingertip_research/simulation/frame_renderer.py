"""Renders poses to the images that the camera publishes, on several cores.

A frame depends only on the scene and the frame's number: the number of workers has no influence on the images.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context, resource_tracker

import cv2
import numpy as np

from fingertip_contact.datatypes import Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.simulation.color_sensor import ColorSensor
from fingertip_research.simulation.exact_depth import ExactDepth
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.ideal_sensor import IdealDepthSensor
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.scene_builder import HandSceneRenderer
from fingertip_research.simulation.stereo_sensor import StereoSensor


@dataclass(frozen=True)
class Setup:
    """The constant parts of a recording."""

    scene: Scene
    layout: Layout
    models: Mapping[Handedness, HandModel]


@dataclass(frozen=True)
class FrameRequest:
    """A frame to render. poses: of the hands that are present. before, after: poses one frame earlier and later, for
    the motion blur; hands that are missing there are sharp."""

    frame_index: int
    poses: Mapping[Handedness, HandPose]
    before: Mapping[Handedness, HandPose] = field(default_factory=dict)
    after: Mapping[Handedness, HandPose] = field(default_factory=dict)


def make_requests(poses: Sequence[Mapping[Handedness, HandPose]]) -> list[FrameRequest]:
    """Requests for all frames of a recording. poses: of each frame."""
    last = len(poses) - 1
    return [
        FrameRequest(index, poses[index], poses[max(index - 1, 0)], poses[min(index + 1, last)])
        for index in range(len(poses))
    ]


@dataclass(frozen=True)
class RenderedFrame:
    """A frame as the camera publishes it, and which fingertips are visible in it.

    color_bgr: (H, W, 3) uint8. depth, aligned_depth: (H, W) uint16, millimetres, 0 invalid. exact_aligned_m: (H, W)
    float32, metres, of what each pixel of the colour image shows, NaN outside the depth camera's view.
    infra: the images of the left and right imager, (H, W) uint8; None with an ideal sensor. visible_fingertips:
    hand -> (5,) bool.
    """

    request: FrameRequest
    color_bgr: np.ndarray
    depth: np.ndarray
    aligned_depth: np.ndarray
    exact_aligned_m: np.ndarray
    infra: tuple[np.ndarray, np.ndarray] | None
    visible_fingertips: Mapping[Handedness, np.ndarray]


class FrameRenderer:
    """Renders the frames of one recording."""

    def __init__(self, setup: Setup) -> None:
        scene = setup.scene
        self._scene_renderer = HandSceneRenderer(scene, setup.layout, setup.models)
        self._blur_ratio = scene.exposure_s / (2 / scene.frame_rate_hz)
        self._color_sensor = ColorSensor(scene)
        self._depth_sensor = StereoSensor(scene) if scene.sensor == "stereo" else IdealDepthSensor(scene)
        self._exact_depth = ExactDepth(scene.depth_camera, scene.color_camera)

    def render_frame(self, request: FrameRequest) -> RenderedFrame:
        buffers = self._scene_renderer.render(request.poses, (request.before, request.after, self._blur_ratio))
        depth = self._depth_sensor.measure(buffers, request.frame_index)
        return RenderedFrame(
            request=request,
            color_bgr=self._color_sensor.measure(buffers, request.frame_index),
            depth=depth.published_mm,
            aligned_depth=depth.aligned_mm,
            exact_aligned_m=self._exact_depth.align(buffers.depth_m),
            infra=depth.infra,
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
    """Processes started in the block ignore Ctrl-C from their first instruction on; their parent terminates them. One
    that comes meanwhile takes effect at the end: a process half started would complain of its parent's end."""
    # Started inside the block, multiprocessing's resource tracker would unblock the signal again.
    resource_tracker.ensure_running()
    deferred: list[int] = []
    # The mask is this thread's, which new processes inherit. Another thread still gets the signal, and Python then
    # interrupts the main thread, whatever its mask.
    previous_handler = signal.getsignal(signal.SIGINT)
    # None: a handler of a library in C, which Python can neither call nor put back.
    is_deferred = threading.current_thread() is threading.main_thread() and previous_handler is not None
    if is_deferred:
        signal.signal(signal.SIGINT, lambda number, _: deferred.append(number))
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)
        if is_deferred:
            signal.signal(signal.SIGINT, previous_handler)
        if deferred:
            signal.raise_signal(signal.SIGINT)


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
