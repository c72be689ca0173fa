"""One measured recording as cameras of several kinds would have given it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fingertip_research.evaluation.fingertip_recording import FingertipRecording
from fingertip_research.evaluation.model_depth import simulate_model_heights_m

_RIMS = ("rim_height_m", "sigma_m", "axial_height_m")
# What a camera measures beside colour, by fields of FingertipSamples: nothing, aligned depth, the depth network's (a
# stand-in, see model_depth), both imagers, aligned depth and both imagers.
SOURCES: dict[str, tuple[str, ...]] = {
    "none": (),
    "sensor": (*_RIMS, "finger_height_m"),
    "model": ("finger_height_m",),
    "imagers": ("stereo_height_m",),
    "stereo": (*_RIMS, "finger_height_m", "stereo_height_m"),
}
_SOURCE_FIELDS = (*_RIMS, "finger_height_m", "stereo_height_m")


def select_cues(recording: FingertipRecording, source: str, appearance: np.ndarray | None = None) -> FingertipRecording:
    """The recording as a camera of this kind gives it; the plane of the surface stays. appearance: replaces that of the
    recording.

    Raises ValueError for an unknown source.
    """
    if source not in SOURCES:
        raise ValueError(f"source {source!r} is unknown; choose one of {', '.join(SOURCES)}")
    samples = recording.samples
    missing = np.full_like(samples.finger_height_m, np.nan)
    changed: dict[str, Any] = {name: missing for name in _SOURCE_FIELDS if name not in SOURCES[source]}
    if source == "model":
        changed["finger_height_m"] = simulate_model_heights_m(samples.finger_height_m, recording.stamps_ns)
    if appearance is not None:
        changed["appearance"] = appearance
    return replace(recording, samples=replace(samples, **changed))
