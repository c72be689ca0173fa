"""Builds the pipeline; offline programs and nodes build it here, so that both run the same one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fingertip_contact.cameras.rotation import rotate_optical_frame
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.frame_watch import FrameWatch
from fingertip_contact.keyboard.key_decoder import KeyDecoder, KeyDecoderSettings
from fingertip_contact.keyboard.language import load_language
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet_pose import SheetPoseTracker
from fingertip_contact.keyboard.sheet_pose_file import load_pose
from fingertip_contact.pipeline import ContactPipeline, Pipeline
from fingertip_contact.protocols import Output
from fingertip_contact.registry import DEPTH_SOURCES, HAND_TRACKERS, OUTPUTS, SURFACE_SOURCES
from fingertip_contact.surface.camera_placement import CameraPlacement

DEFAULT_HAND_TRACKER = "mediapipe"
# What comes with the frames.
DEFAULT_DEPTH_SOURCE = "auto"


@dataclass(frozen=True)
class KeyboardOptions:
    """sheet_pose: file with the sheet's pose; empty: found by its markers. words: word list of the language model;
    empty: none. repeat_delay_s: keys held for longer repeat; 0: never. rotate_deg: by how much the images are turned
    (cameras/rotation.py), since the file has the sheet's pose in images as they come."""

    sheet_pose: str = ""
    words: str = ""
    repeat_delay_s: float = 0.0
    rotate_deg: int = 0


def build_pipeline(
    layout: Layout,
    profile: str | Path = "default",
    calibration_seconds: float | None = None,
    keyboard: KeyboardOptions | None = None,
    hand_tracker: str = DEFAULT_HAND_TRACKER,
    outputs: Sequence[str] = (),
    depth_source: str = DEFAULT_DEPTH_SOURCE,
) -> Pipeline:
    """Camera to text. profile: a built-in name or a file. calibration_seconds: how long the desk is empty at the start;
    None: the value of the profile. hand_tracker, outputs, depth_source: registered names, or module:attribute.

    Raises ValueError or FileNotFoundError, with the remedy, where the profile, the keyboard's options, a name or the
    weights of the hand networks cannot be used.
    """
    parameters = load_contact_parameters(profile, calibration_seconds)
    depth = None
    if depth_source != DEFAULT_DEPTH_SOURCE:
        depth = DEPTH_SOURCES.make(depth_source, required=("find_depth",))
    tracker = HAND_TRACKERS.make(hand_tracker, required=("process", "reset"))
    return Pipeline(tracker, build_contact_pipeline(layout, parameters, keyboard, outputs), depth)


def build_contact_pipeline(
    layout: Layout,
    parameters: ContactParameters,
    keyboard: KeyboardOptions | None = None,
    outputs: Sequence[str] = (),
    detector: ContactDetector | None = None,
) -> ContactPipeline:
    """Everything after hand tracking. detector: by default that of the parameters.

    Raises ValueError or OSError where an option cannot be used.
    """
    keyboard = keyboard or KeyboardOptions()
    saved_pose = None
    if keyboard.sheet_pose:
        saved_pose = rotate_optical_frame(keyboard.rotate_deg) @ load_pose(Path(keyboard.sheet_pose), layout)
    language = load_language(keyboard.words) if keyboard.words else None
    decoder_settings = KeyDecoderSettings(repeat_delay_s=keyboard.repeat_delay_s, report_off_key=True)
    return ContactPipeline(
        SURFACE_SOURCES.make(parameters.surface_source, parameters, required=("update", "reset", "reason")),
        CameraPlacement(),
        SheetPoseTracker(layout, saved_pose=saved_pose),
        detector or ContactDetector(parameters),
        KeyDecoder(layout, decoder_settings, language),
        open_outputs(outputs),
        FrameWatch(layout.name),
    )


def open_outputs(names: Sequence[str]) -> tuple[Output, ...]:
    """The outputs of these names. Where one cannot be opened, those before it are closed again."""
    with ExitStack() as stack:
        opened: list[Output] = []
        for name in names:
            output: Output = OUTPUTS.make(name, required=("process", "close"))
            stack.callback(output.close)
            opened.append(output)
        stack.pop_all()
    return tuple(opened)


def load_contact_parameters(profile: str | Path, calibration_seconds: float | None = None) -> ContactParameters:
    """A profile, with its calibration time replaced if one is given."""
    parameters = load_profile(profile)
    return parameters if calibration_seconds is None else replace(parameters, calibration_seconds=calibration_seconds)
