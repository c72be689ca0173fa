"""Rendered typing with exact depth, and a simulated depth network with the errors of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.datatypes import DepthImage
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation.bodies import DESK
from fingertip_research.simulation.camera_rays import pixel_grid
from fingertip_research.simulation.correlated_noise import sample_correlated_noise
from fingertip_research.simulation.frame_renderer import FrameRenderer, FrameRequest, Setup
from fingertip_research.simulation.rendered_typing import simulate_typing
from fingertip_research.simulation.scene import make_scene

UNIT_M = 0.001
# Distance to the hands that counts as near, pixels.
NEAR_HANDS_PX = 20


@dataclass(frozen=True)
class RenderedView:
    """stamp_ns: of the frame. sensor: the D405's depth aligned to colour. ground_truth_m: (H, W) float32, exact depth
    on the same pixels, NaN beyond the depth camera's view. hands: (H, W) bool, pixels of hands and arms.
    near_hands: the same with their surroundings. focal_px: of the colour camera."""

    stamp_ns: int
    color_bgr: np.ndarray
    sensor: DepthImage
    ground_truth_m: np.ndarray
    hands: np.ndarray
    near_hands: np.ndarray
    focal_px: float


def render_views(text: str, seed: int, angle_deg: float, level: str, frame_indices: range) -> Iterator[RenderedView]:
    """Some frames of a simulated recording, by their numbers."""
    layout, scene = load_layout("qwerty"), make_scene(seed, angle_deg, level, sensor="ideal")
    trajectory = simulate_typing(text, layout, scene.seed, scene.difficulty)
    frame_renderer = FrameRenderer(Setup(scene, layout, trajectory.models))
    camera = scene.color_camera
    pixels = scene.depth_camera.project(camera.rays(pixel_grid(camera))).astype(np.float32)
    pixel_map = pixels.reshape(camera.height, camera.width, 2)
    neighbourhood = np.ones((2 * NEAR_HANDS_PX + 1, 2 * NEAR_HANDS_PX + 1), np.uint8)
    for frame_index in frame_indices:
        rendered_frame = frame_renderer.render_frame(FrameRequest(frame_index, trajectory.poses[frame_index]))
        buffers = frame_renderer._scene_renderer.render(trajectory.poses[frame_index])
        hands = buffers.segments != DESK
        yield RenderedView(
            stamp_ns=trajectory.stamps_ns[frame_index],
            color_bgr=rendered_frame.color_bgr,
            sensor=DepthImage(rendered_frame.aligned_depth, UNIT_M),
            ground_truth_m=cv2.remap(buffers.depth_m, pixel_map, None, cv2.INTER_NEAREST, borderValue=float("nan")),
            hands=hands,
            near_hands=cv2.dilate(hands.astype(np.uint8), neighbourhood) > 0,
            focal_px=camera.fx,
        )


class SimulatedDepthNetwork:
    """Exact depth at a network's resolution and with soft edges, with errors of scale (1 %) and shift (2 mm) per image
    and noise (3 mm) with a correlation length of 25 pixels.

    The mean error is about 4 mm, close to that of the published network on its test set (3.84 mm).
    """

    HEIGHT, WIDTH, MAX_DEPTH_M = 252, 336, 0.5

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)

    def predict(self, ground_truth_m: np.ndarray) -> np.ndarray:
        """(H, W) float32, metres, NaN where invalid -> the same, NaN where the network is saturated."""
        height, width = ground_truth_m.shape
        inverse = 1 / np.nan_to_num(ground_truth_m, nan=2 * self.MAX_DEPTH_M)
        size_ratio = (self.WIDTH / 640, self.HEIGHT / 480)
        small = cv2.resize(
            inverse, (round(width * size_ratio[0]), round(height * size_ratio[1])), interpolation=cv2.INTER_AREA
        )
        depth_m = cv2.resize(1 / cv2.GaussianBlur(small, (0, 0), 1.2), (width, height))
        scale, shift_m = 1 + 0.01 * self._random.standard_normal(), 0.002 * self._random.standard_normal()
        depth_m = scale * depth_m + shift_m + 0.003 * sample_correlated_noise(self._random, ground_truth_m.shape, 25.0)
        depth_m[depth_m > 0.998 * self.MAX_DEPTH_M] = np.nan
        return depth_m.astype(np.float32)


def mean_error_mm(depth_m: np.ndarray, view: RenderedView, mask: np.ndarray) -> float:
    """Mean error of the pixels in the mask with depth, and exact depth in the camera's range; NaN without any."""
    error_m = np.abs(depth_m - view.ground_truth_m)[mask & (view.ground_truth_m < SimulatedDepthNetwork.MAX_DEPTH_M)]
    error_m = error_m[np.isfinite(error_m)]
    return float(error_m.mean() * 1e3) if error_m.size else float("nan")
