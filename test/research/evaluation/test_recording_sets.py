"""Rules of the sets of rendered recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.recording_sets import RecordingSpec, load_recording_set
from fingertip_research.evaluation.rendered_suite import MAX_DEVELOPMENT_SEED

SETS = ("noise_fit", "evaluation", "normal", "calm")


@pytest.mark.parametrize("name", SETS)
def test_texts_can_be_typed(name: str) -> None:
    """Every text of a set can be written on the layout, and no recording is listed twice."""
    specs = load_recording_set(name)
    assert all(set(spec.text) <= load_layout("qwerty").by_text.keys() for spec in specs)
    assert len(set(specs)) == len(specs)


def test_noise_is_fitted_to_development_recordings_only() -> None:
    """The noise model, and whatever is tuned with it, sees no test seed."""
    assert max(spec.seed for spec in load_recording_set("noise_fit")) <= MAX_DEVELOPMENT_SEED


def test_numbers_are_loaded_as_written(tmp_path: Path) -> None:
    """The cache distinguishes 45 from 45.0, so the loader does not convert them; order is that of the file."""
    path = tmp_path / "sets.yaml"
    path.write_text(
        "a:\n- {text: hi, seed: 2, angle_deg: 45}\n- {text: ho, seed: 1, angle_deg: 45.0, difficulty: calm}\n"
    )
    first, second = load_recording_set("a", path)
    assert (first, second) == (RecordingSpec("hi", 2, 45), RecordingSpec("ho", 1, 45.0, "calm"))
    assert [type(spec.angle_deg) for spec in (first, second)] == [int, float]


@pytest.mark.parametrize("text", ["", "a: 1\n", "a:\n- {text: hi}\n", "b: []\n"])
def test_invalid_files_are_rejected(tmp_path: Path, text: str) -> None:
    """A file without the set, or with incomplete recordings, is named."""
    path = tmp_path / "sets.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"sets\.yaml"):
        load_recording_set("a", path)
