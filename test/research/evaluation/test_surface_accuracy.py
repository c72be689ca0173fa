"""How the surface of a recording is held against the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.surface.surface_tracker import MOVED_REASON
from fingertip_research.evaluation.fingertip_recording import FingertipRecording
from fingertip_research.evaluation.surface_accuracy import measure_surface
from fingertip_research.ground_truth.recording import GroundTruth, GroundTruthHeader

FRAMES = 150
PERIOD_NS = 33_333_333
# A camera 30 cm straight above the sheet.
POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.3]))


def make_truth() -> GroundTruth:
    header = GroundTruthHeader("", 1, 90.0, "calm", None, None, {}, 1.0, POSE)
    return GroundTruth(header, (), ())


def make_recording(tilt_deg: float = 0.0, height_m: float = 0.0) -> FingertipRecording:
    tilt = np.radians(tilt_deg)
    normal = np.array([np.sin(tilt), 0.0, -np.cos(tilt)])
    missing = {name: np.zeros(0) for name in FingertipSamples.__dataclass_fields__}
    return FingertipRecording(
        stamps_ns=np.arange(FRAMES) * PERIOD_NS,
        tracks=np.full((FRAMES, 2), -1),
        samples=FingertipSamples(**missing),
        sheet_rotation=np.zeros((FRAMES, 3, 3)),
        sheet_translation_m=np.zeros((FRAMES, 3)),
        surface_normals=np.tile(normal, (FRAMES, 1)),
        surface_offsets_m=np.full(FRAMES, -normal @ POSE.translation_m + height_m),
        hints=np.full(FRAMES, "", dtype="<U80"),
    )


def test_tilt_and_height_are_those_at_the_sheet() -> None:
    """A plane tilted by half a degree about the sheet's centre and a millimetre off it."""
    found = measure_surface(make_recording(0.5, 0.001), make_truth())
    assert found.tilt_deg == pytest.approx(0.5, abs=1e-6)
    assert found.height_mm == pytest.approx(1.0, abs=1e-6)
    assert (found.found_ratio, found.moved_count) == (1.0, 0)


def test_each_alarm_counts_once() -> None:
    """An alarm that stands for many frames is one; two apart are two."""
    recording = make_recording()
    recording.hints[20:50] = recording.hints[90:91] = MOVED_REASON
    assert measure_surface(recording, make_truth()).moved_count == 2


def test_a_surface_that_is_never_found_has_no_errors() -> None:
    """Nothing is averaged over nothing."""
    recording = make_recording()
    lost = replace(recording, surface_offsets_m=np.full(FRAMES, np.nan))
    found = measure_surface(lost, make_truth())
    assert (found.found_ratio, found.height_mm, found.tilt_deg) == (0.0, None, None)


def test_a_recording_without_a_pipeline_has_no_surface() -> None:
    """The kinematic suite measures no surface: told, not counted as lost."""
    with pytest.raises(ValueError, match="no pipeline measured it"):
        measure_surface(replace(make_recording(), hints=np.zeros(0, dtype=np.str_)), make_truth())
