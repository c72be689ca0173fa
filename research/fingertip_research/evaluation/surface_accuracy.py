"""How well the pipeline finds the desk of a simulated recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.surface.surface_tracker import MOVED_REASON
from fingertip_research.evaluation.fingertip_recording import FingertipRecording
from fingertip_research.ground_truth.recording import GroundTruth

# The first seconds are for finding it: one of calibration, and one more.
_START_S = 2.0


@dataclass(frozen=True)
class SurfaceAccuracy:
    """found_ratio: of the frames after the start, those with a surface. height_mm, tilt_deg: 95th percentiles of its
    distance from the true plane at the sheet's centre, and of the angle between both; None where it was never found.
    moved_count: how often the desk or camera was said to have moved."""

    found_ratio: float
    height_mm: float | None
    tilt_deg: float | None
    moved_count: int


def measure_surface(recording: FingertipRecording, truth: GroundTruth) -> SurfaceAccuracy:
    """Raises ValueError where the truth lacks the camera's pose or the recording was not measured by a pipeline."""
    pose = truth.header.camera_from_sheet
    if pose is None:
        raise ValueError("the ground truth lacks the camera's pose; render the recording again")
    if len(recording.hints) != len(recording.stamps_ns):
        raise ValueError("the recording has no surface: no pipeline measured it")
    late = recording.stamps_ns - recording.stamps_ns[0] >= _START_S * 1e9
    normals, offsets_m = recording.surface_normals[late], recording.surface_offsets_m[late]
    found = np.isfinite(offsets_m)
    said = recording.hints == MOVED_REASON
    moved_count = int(np.count_nonzero(said[1:] & ~said[:-1]) + said[0])
    if not found.any():
        return SurfaceAccuracy(0.0, None, None, moved_count)
    height_m = np.abs(normals[found] @ pose.translation_m + offsets_m[found])
    tilt = np.degrees(np.arccos(np.clip(normals[found] @ pose.rotation[:, 2], -1, 1)))
    return SurfaceAccuracy(
        found_ratio=float(found.mean()),
        height_mm=1000 * float(np.percentile(height_m, 95)),
        tilt_deg=float(np.percentile(tilt, 95)),
        moved_count=moved_count,
    )
