"""Renders a scene to a recording: a bag with the topics of realsense2_camera, and its ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fingertip_contact.datatypes import HANDS, Handedness
from fingertip_contact.files import atomic_write
from fingertip_contact.json_file import to_line
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_research.ground_truth.recording import ground_truth_path
from fingertip_research.simulation.recording_cache import is_complete
from rendering_cache import locate_rendering
from third_generator.body import Body
from third_generator.idle_plan import plan_idleness
from third_generator.performance import Performance, perform
from third_generator.person import Posture, sample_person
from third_generator.scenery import sample_look
from third_generator.sensor import Sensor
from third_generator.solid import Solid
from third_generator.truth_lines import PERIOD_NS, list_contact_lines, make_frame_line, make_header_line, to_stamp_ns
from third_generator.typing_plan import plan_typing
from third_generator.view import BASELINE_M, Device, Side, sample_view

LAYOUT_NAME = "qwerty"
_STREAM = 5100
_COLOR_TOPIC, _COLOR_FRAME = "/camera/camera/color/image_raw", "camera_color_optical_frame"
_DEPTH_TOPIC = "/camera/camera/aligned_depth_to_color/image_raw"
_IMAGERS = (
    ("/camera/camera/infra1/image_rect_raw", "camera_infra1_optical_frame", 0.0),
    ("/camera/camera/infra2/image_rect_raw", "camera_infra2_optical_frame", BASELINE_M),
)
# Wrists nearer to their place of absence than this are out of view.
_AWAY_M = 0.02
_EXPOSURES_S = (0.004, 0.014)
# A picture is a mean over the exposure where the hands move more than this in it.
_STILL_M = 0.0005

# Gets the frames and their number, returns the frames.
Progress = Callable[[Iterator["RenderedFrame"], int], AbstractContextManager[Iterator["RenderedFrame"]]]


@dataclass(frozen=True)
class Scene:
    """The settings of a recording. text: empty for hands that do not type, which go on for idle_s. angle_deg: of the
    camera over the desk; distance_m: to the sheet's middle; side: of the sheet that it is on."""

    text: str
    seed: int
    angle_deg: float
    distance_m: float
    side: Side = "facing"
    posture: Posture = "curled"
    device: Device = "d405"
    idle_s: float = 0.0


@dataclass(frozen=True)
class RenderedFrame:
    """color_bgr: (H, W, 3) uint8. depth_mm: (H, W) uint16 on its pixels, and imagers: left and right, (H, W) uint8;
    both None for a webcam. truth: the ground-truth line."""

    stamp_ns: int
    color_bgr: np.ndarray
    depth_mm: np.ndarray | None
    imagers: tuple[np.ndarray, np.ndarray] | None
    truth: dict[str, Any]


def ensure_recording(scene: Scene, progress: Progress) -> Path:
    """The recording in the cache, rendered if it is missing.

    Raises RuntimeError where there is no OpenGL, ModuleNotFoundError without moderngl or scikit-image.
    """
    path = cached_path(scene)
    if not is_complete(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_recording(scene, path, progress)
    return path


def cached_path(scene: Scene) -> Path:
    """The path of the scene's recording, whether it exists or not."""
    return locate_rendering("third", vars(scene), Path(__file__).parent)


def write_recording(scene: Scene, path: Path, progress: Progress) -> None:
    """Writes the bag and its ground truth; both appear when they are complete, and replace existing files."""
    renderer = SceneRenderer(scene)
    with (
        atomic_write(ground_truth_path(path), overwrite=True) as temporary_path,
        BagWriter(path, overwrite=True) as bag,
        progress(renderer.render_frames(), renderer.frame_count) as frames,
    ):
        lines = [renderer.make_header_line(), *list_contact_lines(renderer.performance)]
        for frame in frames:
            _write_frame(bag, renderer, frame)
            lines.append(frame.truth)
        temporary_path.write_text("".join(map(to_line, lines)), encoding="utf-8")


def _write_frame(bag: BagWriter, renderer: SceneRenderer, frame: RenderedFrame) -> None:
    view = renderer.view
    images = [(_COLOR_TOPIC, frame.color_bgr, "bgr8")]
    if frame.depth_mm is not None:
        images.append((_DEPTH_TOPIC, frame.depth_mm, "16UC1"))
    for topic, pixels, encoding in images:
        bag.write_camera_info(camera_info_topic(topic), frame.stamp_ns, _COLOR_FRAME, view.color)
        bag.write_image(topic, frame.stamp_ns, _COLOR_FRAME, pixels, encoding)
    if frame.imagers is None or view.imager is None:
        return
    for (topic, frame_id, baseline_m), pixels in zip(_IMAGERS, frame.imagers, strict=True):
        bag.write_camera_info(camera_info_topic(topic), frame.stamp_ns, frame_id, view.imager, baseline_m)
        bag.write_image(topic, frame.stamp_ns, frame_id, pixels, "mono8")


class SceneRenderer:
    """Renders a scene. performance: what the hands do. view: the cameras."""

    def __init__(self, scene: Scene) -> None:
        from third_generator.painter import Painter  # needs moderngl, which the list of scenes does not

        layout = load_layout(LAYOUT_NAME)
        random = np.random.default_rng(_STREAM + scene.seed)
        person = sample_person(scene.seed, layout, scene.posture)
        plan = (
            plan_typing(person, layout, scene.text, random)
            if scene.text
            else plan_idleness(person, scene.idle_s, random)
        )
        self.performance: Performance = perform(plan, person, random)
        self.view = sample_view(scene.seed, scene.device, scene.side, scene.angle_deg, scene.distance_m)
        self.frame_count = int(plan.end_s * 1e9 / PERIOD_NS)
        self._exposure_s = float(random.uniform(*_EXPOSURES_S))
        look = sample_look(scene.seed, layout, 1 if scene.side == "facing" else -1)
        self._settings = {**vars(scene), "view": scene.side, "desk": look.desk_name}
        self._body = Body(person.fleshes, look)
        self._painter = Painter(look)
        self._sensor = Sensor(scene.seed, self.view)
        self._absent_m = {hand: self.performance.wrists[hand][0, :3] for hand in HANDS}

    def render_frames(self) -> Iterator[RenderedFrame]:
        """Yields the frames; call it once: OpenGL is released after it."""
        try:
            for number in range(self.frame_count):
                yield self.render_frame(number * PERIOD_NS * 1e-9)
        finally:
            self._painter.release()

    def render_frame(self, time_s: float) -> RenderedFrame:
        """The images at a time; noise depends on the order of the calls."""
        view, painter = self.view, self._painter
        hands = [hand for hand in HANDS if self._is_present(hand, time_s)]
        solids = self._pose(hands, time_s)
        painter.cast(solids[0])
        lights = [painter.draw(solid, view.color, view.color_pose) for solid in solids]
        depth_m = painter.read_depth_m(view.color)
        light = lights[0] if len(lights) == 1 else cv2.addWeighted(lights[0], 0.5, lights[1], 0.5, 0)
        color_bgr = self._sensor.take_color(light)
        truth = make_frame_line(self.performance, time_s, hands, depth_m, view)
        if view.imager is None:
            return RenderedFrame(to_stamp_ns(time_s), color_bgr, None, None, truth)
        right = painter.draw(solids[0], view.imager, view.right_pose)
        imagers = self._sensor.take_pair(light, right)
        depth_mm = self._sensor.match(*imagers)
        return RenderedFrame(to_stamp_ns(time_s), color_bgr, depth_mm, imagers, truth)

    def make_header_line(self) -> dict[str, Any]:
        """The first line of the ground-truth file."""
        return make_header_line(self._settings, self.performance, self.view)

    def _pose(self, hands: list[Handedness], time_s: float) -> list[Solid]:
        """The solids of the exposure: one, or two if the hands move in it."""
        bones = {hand: self.performance.find_bones(hand, time_s - self._exposure_s / 4) for hand in hands}
        later = {hand: self.performance.find_bones(hand, time_s + self._exposure_s / 4) for hand in hands}
        moves_m = [np.abs(later[hand][:, :3, 3] - bones[hand][:, :3, 3]).max() for hand in hands]
        if max(moves_m, default=0) < _STILL_M:
            return [self._body.pose(bones)]
        return [self._body.pose(bones), self._body.pose(later)]

    def _is_present(self, hand: Handedness, time_s: float) -> bool:
        wrist_m = self.performance.wrists[hand][self.performance.find_index(time_s), :3]
        return float(np.linalg.norm(wrist_m - self._absent_m[hand])) > _AWAY_M
