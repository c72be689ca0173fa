"""Renders sentences to recordings in the cache: a bag with the topics of realsense2_camera, and its ground truth.

Bags of the stereo sensor also hold the images of both imagers, as the driver writes them with enable_infra1 and
enable_infra2. Colour and the left imager look from the same point in the same direction, as a D405's do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.datatypes import HANDS
from fingertip_contact.files import atomic_write
from fingertip_contact.json_file import to_line
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_research.ground_truth.recording import ground_truth_path
from fingertip_research.simulation.recording_cache import is_complete
from other_generator.actor import HandAnimator
from other_generator.body import PosedBody, make_body
from other_generator.capture import Capture, Device, SensorName, make_device
from other_generator.habits import Posture
from other_generator.scenery import sample_scenery
from other_generator.schedule import Holds
from other_generator.sheet import read_sheet
from other_generator.stereo_rig import BASELINE_M
from other_generator.taps import Tap
from other_generator.truth_lines import make_frame_line, make_hand_entries, make_header_line, make_tap_line
from other_generator.view import Side
from rendering_cache import locate_rendering

_FIRST_STAMP_NS, _PERIOD_NS = 1_710_000_000_000_000_000, 33_333_333
_FRAMES_PER_S = 30
# Stereo matching sees the grain of paper; the first recordings' sheet is perfectly smooth.
_PAPER_GRAIN: dict[SensorName, float] = {"stereo": 0.015, "ideal": 0.0}
_FRAME_ID = "camera_color_optical_frame"
_COLOR_TOPIC = "/camera/camera/color/image_raw"
_ALIGNED_DEPTH_TOPIC = "/camera/camera/aligned_depth_to_color/image_raw"
# Of the left and the right imager; baseline_m as BagWriter.write_camera_info takes it.
_IMAGER_STREAMS = (
    ("/camera/camera/infra1/image_rect_raw", "camera_infra1_optical_frame", 0.0),
    ("/camera/camera/infra2/image_rect_raw", "camera_infra2_optical_frame", BASELINE_M),
)

# Gets the frames and their number, returns the frames.
Progress = Callable[[Iterator["RenderedFrame"], int], AbstractContextManager[Iterator["RenderedFrame"]]]


@dataclass(frozen=True)
class Sentence:
    """The settings of a recording. seed: of typist and scene. angle_deg: elevation of the camera above the desk.
    side: of the sheet, that the camera is on."""

    text: str
    seed: int
    angle_deg: float
    sensor: SensorName = "stereo"
    side: Side = "facing"
    posture: Posture = "curled"
    holds: Holds = "measured"


@dataclass(frozen=True)
class RenderedFrame:
    """A frame. capture: its images. truth: its ground-truth line."""

    stamp_ns: int
    capture: Capture
    truth: dict[str, Any]


def ensure_recording(sentence: Sentence, progress: Progress) -> Path:
    """The recording in the cache; rendered, in one to two minutes, if it is missing.

    Raises ValueError for a text that cannot be typed, ModuleNotFoundError if the hands have to be made without anny.
    """
    path = cached_path(sentence)
    if not is_complete(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_recording(sentence, path, progress)
    return path


def cached_path(sentence: Sentence) -> Path:
    """The path of the sentence's recording, whether it exists or not."""
    return locate_rendering("other", vars(sentence), Path(__file__).parent)


def write_recording(sentence: Sentence, path: Path, progress: Progress) -> None:
    """Writes the bag and its ground truth; both appear when they are complete, and replace existing files."""
    sentence_renderer = SentenceRenderer(sentence)
    with (
        atomic_write(ground_truth_path(path), overwrite=True) as temporary_path,
        BagWriter(path, overwrite=True) as bag,
        progress(sentence_renderer.render_frames(), sentence_renderer.frame_count) as rendered_frames,
    ):
        frame_lines = []
        for rendered_frame in rendered_frames:
            _write_frame(bag, sentence_renderer.device, rendered_frame)
            frame_lines.append(rendered_frame.truth)
        # The contact points of the taps are known after the last frame.
        lines = [sentence_renderer.make_header_line(), *sentence_renderer.tap_lines(), *frame_lines]
        temporary_path.write_text("".join(map(to_line, lines)), encoding="utf-8")


def _write_frame(bag: BagWriter, device: Device, rendered_frame: RenderedFrame) -> None:
    """Writes the images of one frame, each with its intrinsics."""
    stamp_ns, capture = rendered_frame.stamp_ns, rendered_frame.capture
    for topic, pixels, encoding in (
        (_COLOR_TOPIC, capture.color_bgr, "bgr8"),
        (_ALIGNED_DEPTH_TOPIC, capture.depth_mm, "16UC1"),
    ):
        bag.write_camera_info(camera_info_topic(topic), stamp_ns, _FRAME_ID, device.view.camera)
        bag.write_image(topic, stamp_ns, _FRAME_ID, pixels, encoding)
    if capture.imagers is None or device.imager_camera is None:
        return
    for (topic, frame_id, baseline_m), pixels in zip(_IMAGER_STREAMS, capture.imagers, strict=True):
        bag.write_camera_info(camera_info_topic(topic), stamp_ns, frame_id, device.imager_camera, baseline_m)
        bag.write_image(topic, stamp_ns, frame_id, pixels, "mono8")


class SentenceRenderer:
    """Renders the typing of a sentence. device: the camera."""

    def __init__(self, sentence: Sentence) -> None:
        self._sentence = sentence
        sheet = read_sheet()
        self._animator = HandAnimator(sentence.seed, sentence.text, sheet.centers_m, sentence.posture, sentence.holds)
        self._body = make_body(self._animator.models)
        self._scenery = sample_scenery(
            sentence.seed, sentence.angle_deg, sentence.side, sheet, _PAPER_GRAIN[sentence.sensor]
        )
        self.device = make_device(sentence.sensor, sentence.seed, self._scenery)
        self.frame_count = int(self._animator.end_s * _FRAMES_PER_S)
        # Position of the pad in the first frame of its contact.
        self._contact_m: dict[Tap, np.ndarray] = {}

    def render_frames(self) -> Iterator[RenderedFrame]:
        """Yields the frames; call it once."""
        for frame_index in range(self.frame_count):
            stamp_ns = _FIRST_STAMP_NS + frame_index * _PERIOD_NS
            capture, hands = self.render_frame(frame_index * _PERIOD_NS * 1e-9)
            truth = make_frame_line(stamp_ns, hands)
            yield RenderedFrame(stamp_ns, capture, truth)

    def render_frame(self, time_s: float) -> tuple[Capture, list[dict[str, Any]]]:
        """The images at a time and the hands' ground truth; call it in the order of the frames."""
        player = self._animator.player
        if not player.are_hands_present(time_s):
            return self.device.capture(None), []
        states = self._animator.advance_to(time_s)
        poses = [states[hand].pose for hand in HANDS]
        vertices_m = np.concatenate([pose.vertices_m for pose in poses])
        normals = np.concatenate([pose.normals for pose in poses])
        capture = self.device.capture(PosedBody(self._body, vertices_m, normals))
        for tap in player.taps:
            if tap.is_in_contact(time_s):
                self._contact_m.setdefault(tap, states[tap.hand].contact_points_m[tap.finger])
        return capture, make_hand_entries(states, player, time_s, capture.exact, self.device.view)

    def make_header_line(self) -> dict[str, Any]:
        """The first line of the ground-truth file."""
        return make_header_line(vars(self._sentence), self._animator, self._scenery)

    def tap_lines(self) -> Iterator[dict[str, Any]]:
        """The lines of the taps; call it after the frames. A tap between two frames has its planned position."""
        for tap in self._animator.player.taps:
            contact_m = self._contact_m.get(tap, tap.pad_m)
            yield make_tap_line(tap, _to_stamp_ns(tap.press_s), _to_stamp_ns(tap.release_s), contact_m)


def _to_stamp_ns(time_s: float) -> int:
    return _FIRST_STAMP_NS + round(time_s * 1e9)
