"""Puts the pipeline together; offline programs and nodes alike build it here, so that both are the same one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.key_decoder import KeyDecoder, KeyDecoderSettings
from fingertip_contact.keyboard.language import load_language
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet_pose import SheetPoseTracker
from fingertip_contact.keyboard.sheet_pose_file import load_pose
from fingertip_contact.pipeline import ContactPipeline, Pipeline
from fingertip_contact.surface.camera_placement import CameraPlacement
from fingertip_contact.surface.plane_from_depth import SurfaceTracker


@dataclass(frozen=True)
class KeyboardOptions:
    """sheet_pose: a file that says where the sheet lies, empty: its markers do. words: a word list by which to expect
    characters, empty: none. repeat_delay_s: keys held for longer repeat, 0: never."""

    sheet_pose: str = ""
    words: str = ""
    repeat_delay_s: float = 0.0


def build_pipeline(
    layout: Layout,
    profile: str | Path = "default",
    calibration_seconds: float | None = None,
    keyboard: KeyboardOptions | None = None,
) -> Pipeline:
    """Camera to text. profile: a built-in name or a file. calibration_seconds: how long the desk is empty at the start;
    None: as the profile says.

    Raises ValueError or FileNotFoundError, with the remedy, where the profile, what the keyboard's options name, or the
    hands' weights are not usable.
    """
    contact = build_contact_pipeline(layout, load_contact_parameters(profile, calibration_seconds), keyboard)
    return Pipeline(HandTracker.from_weights(), contact)


def build_contact_pipeline(
    layout: Layout, parameters: ContactParameters, keyboard: KeyboardOptions | None = None
) -> ContactPipeline:
    """Everything behind the hands. Raises ValueError or OSError where what the options name is not usable."""
    keyboard = keyboard or KeyboardOptions()
    saved_pose = load_pose(Path(keyboard.sheet_pose), layout) if keyboard.sheet_pose else None
    language = load_language(keyboard.words) if keyboard.words else None
    typing = KeyDecoderSettings(repeat_delay_s=keyboard.repeat_delay_s, report_off_key=True)
    return ContactPipeline(
        SurfaceTracker(parameters),
        CameraPlacement(),
        SheetPoseTracker(layout, saved_pose=saved_pose),
        ContactDetector(parameters),
        KeyDecoder(layout, typing, language),
    )


def load_contact_parameters(profile: str | Path, calibration_seconds: float | None = None) -> ContactParameters:
    """A profile, with its calibration time replaced where one is given."""
    parameters = load_profile(profile)
    return parameters if calibration_seconds is None else replace(parameters, calibration_seconds=calibration_seconds)
