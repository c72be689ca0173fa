"""Rules of the sets of rendered recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.recording_sets import RecordingSpec, load_recording_set
from fingertip_research.evaluation.rendered_suite import MAX_DEVELOPMENT_SEED
from fingertip_research.simulation.camera_view import VIEWS
from fingertip_research.simulation.scene import POSTURES, make_scene, parse_resolution

MATRICES = ("sensor_matrix", "sensor_matrix_development")
SETS = ("noise_fit", "evaluation", "normal", "calm", *MATRICES)


@pytest.mark.parametrize("name", SETS)
def test_texts_can_be_typed(name: str) -> None:
    """Every text of a set can be written on the layout, and no recording is listed twice."""
    specs = load_recording_set(name)
    assert all(set(spec.text or "") <= load_layout("qwerty").by_text.keys() for spec in specs)
    assert len(set(specs)) == len(specs)


def test_noise_is_fitted_to_development_recordings_only() -> None:
    """The noise model, and whatever is tuned with it, sees no test seed."""
    assert max(spec.seed for spec in load_recording_set("noise_fit")) <= MAX_DEVELOPMENT_SEED


@pytest.mark.parametrize("name", MATRICES)
def test_matrix_covers_the_conditions(name: str) -> None:
    """Both views at their angles, both postures in each, two difficulties and both resolutions; two recordings of a
    minute without typing, one in each view. Every scene is possible."""
    specs = load_recording_set(name)
    typed = [spec for spec in specs if spec.is_typing]
    assert all(12 <= len(spec.text) <= 20 for spec in typed)
    angles = {view: {spec.angle_deg for spec in typed if spec.view == view} for view in VIEWS}
    assert angles == {"facing": {45, 60, 75}, "own_side": {45, 60, 90}}
    assert {(spec.view, spec.posture) for spec in typed} == {(view, posture) for view in VIEWS for posture in POSTURES}
    assert {spec.difficulty for spec in typed} == {"calm", "normal"}
    assert {spec.resolution for spec in typed} == {"640x480", "848x480"}
    assert [(spec.view, spec.seconds) for spec in specs if not spec.is_typing] == [("facing", 60), ("own_side", 60)]
    for spec in specs:
        make_scene(spec.seed, spec.angle_deg, spec.difficulty, spec.distance_m, view=spec.view, posture=spec.posture)
        parse_resolution(spec.resolution)


def test_matrix_is_tuned_on_other_participants_and_texts() -> None:
    """The twin differs in seeds and texts only; its seeds are development seeds, the others new test seeds."""
    matrix, twin = (load_recording_set(name) for name in MATRICES)
    assert min(spec.seed for spec in matrix) > 200
    assert max(spec.seed for spec in twin) <= MAX_DEVELOPMENT_SEED
    assert not {spec.text for spec in matrix} & {spec.text for spec in twin} - {None}
    same = {"text": None, "seed": 0}
    assert [replace(spec, **same) for spec in matrix] == [replace(spec, **same) for spec in twin]


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
