"""Rules of one measured recording as cameras of several kinds give it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_research.evaluation.fingertip_recording import FIELD_SHAPES, FingertipRecording
from fingertip_research.evaluation.model_depth import MODEL_MAE_M, simulate_model_heights_m
from fingertip_research.evaluation.sources import SOURCES, select_cues

FRAMES = 60


@pytest.fixture
def recording() -> FingertipRecording:
    samples = {
        entry.name: np.full((FRAMES, 10, *FIELD_SHAPES.get(entry.name, ())), 0.01) for entry in fields(FingertipSamples)
    }
    return FingertipRecording(
        np.arange(FRAMES) * 33_000_000,
        np.zeros((FRAMES, 2), dtype=np.int64),
        FingertipSamples(**samples),
        np.tile(np.eye(3), (FRAMES, 1, 1)),
        np.zeros((FRAMES, 3)),
    )


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_has_its_own_fields_and_colour(recording: FingertipRecording, source: str) -> None:
    """Fields of other sources are missing; what comes from colour stays, and so do the recording's own arrays."""
    selected = select_cues(recording, source).samples
    depth_fields = {name for names in SOURCES.values() for name in names}
    for entry in fields(FingertipSamples):
        is_kept = entry.name not in depth_fields or entry.name in SOURCES[source]
        assert np.isfinite(getattr(selected, entry.name)).all() == is_kept, entry.name
    assert np.isfinite(recording.samples.finger_height_m).all()


def test_only_the_model_changes_heights(recording: FingertipRecording) -> None:
    """A sensor's heights are those that were measured; the stand-in of the network errs by millimetres."""
    sensor, model = (select_cues(recording, source).samples.finger_height_m for source in ("sensor", "model"))
    assert (sensor == recording.samples.finger_height_m).all()
    assert 0.001 < np.abs(model - sensor).mean() < 0.02


def test_an_unknown_source_is_refused(recording: FingertipRecording) -> None:
    """The error names the choices."""
    with pytest.raises(ValueError, match="imagers"):
        select_cues(recording, "radar")


def test_model_noise_has_the_published_size_and_is_correlated() -> None:
    """The mean absolute error of hours is the published one; neighbouring frames and fingers err alike, and frames a
    second apart less so. Missing heights stay missing."""
    stamps_ns = np.arange(40_000) * 33_333_333
    heights_m = np.random.default_rng(1).uniform(0, 0.03, (len(stamps_ns), 10))
    heights_m[::7, 3] = np.nan
    error_m = simulate_model_heights_m(heights_m, stamps_ns) - heights_m
    assert (np.isnan(error_m) == np.isnan(heights_m)).all()
    assert np.nanmean(np.abs(error_m)) == pytest.approx(MODEL_MAE_M, rel=0.05)
    first, second = error_m[:, 0], error_m[:, 1]
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.5, abs=0.1)
    assert np.corrcoef(first[1:], first[:-1])[0, 1] > 0.85
    assert 0.05 < np.corrcoef(first[30:], first[:-30])[0, 1] < 0.35


def test_model_noise_is_repeated() -> None:
    """The same heights get the same noise, other heights another one."""
    stamps_ns = np.arange(10) * 33_333_333
    heights_m = np.full((10, 10), 0.01)
    once, again, other = (
        simulate_model_heights_m(values, stamps_ns) for values in (heights_m, heights_m, heights_m + 1)
    )
    assert (once == again).all()
    assert not np.allclose(once - heights_m, other - (heights_m + 1))
