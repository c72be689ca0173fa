"""Puts the pipeline together; offline programs and nodes alike build it here, so that both are the same one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.contact.surface import SurfaceTracker
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.pose import SheetTracker
from fingertip_contact.keyboard.typing import Typist
from fingertip_contact.pipeline import Pipeline, TouchPipeline


def build_pipeline(
    layout: Layout, profile: str | Path = "default", calibration_seconds: float | None = None
) -> Pipeline:
    """Camera to text. profile: a built-in name or a file. calibration_seconds: how long the desk is empty at the start;
    None: as the profile says.

    Raises ValueError or FileNotFoundError, with the remedy, where the profile or the hands' weights are not usable.
    """
    touch = build_touch(layout, contact_parameters(profile, calibration_seconds))
    return Pipeline(HandTracker.from_weights(), touch)


def build_touch(layout: Layout, parameters: ContactParameters) -> TouchPipeline:
    """Everything behind the hands."""
    return TouchPipeline(SurfaceTracker(parameters), SheetTracker(layout), ContactDetector(parameters), Typist(layout))


def contact_parameters(profile: str | Path, calibration_seconds: float | None = None) -> ContactParameters:
    """A profile, with its calibration time replaced where one is given."""
    parameters = load_profile(profile)
    return parameters if calibration_seconds is None else replace(parameters, calibration_seconds=calibration_seconds)
