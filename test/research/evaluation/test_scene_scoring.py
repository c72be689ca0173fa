"""Rules of scoring the scenes of a set, on typing without images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.keyboard.language import load_language
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation import recording_sets, rendered_suite, scene_matrix
from fingertip_research.evaluation.kinematic_suite import Trial
from fingertip_research.evaluation.recording_sets import RecordingSpec
from fingertip_research.evaluation.rendered_suite import load_or_render
from fingertip_research.evaluation.scene_matrix import IDEAL, score_profiles, score_scene
from fingertip_research.evaluation.surface_accuracy import SurfaceAccuracy

SPEC = RecordingSpec("abc", 61, 60)


@pytest.fixture
def loaded(kinematic_trial: Trial, monkeypatch: pytest.MonkeyPatch) -> list[RecordingSpec]:
    """The recordings that were asked for; all of them are the same typing."""
    asked: list[RecordingSpec] = []

    def load(spec: RecordingSpec, *arguments: object) -> Path:
        asked.append(spec)
        return Path("scene.mcap")

    recording = replace(kinematic_trial.recording, hints=np.array(["look down"]))
    monkeypatch.setattr(scene_matrix, "load_or_render", load)
    monkeypatch.setattr(scene_matrix, "read_ground_truth", lambda path: kinematic_trial.truth)
    monkeypatch.setattr(scene_matrix, "measure_recording", lambda *arguments: recording)
    monkeypatch.setattr(scene_matrix, "measure_surface", lambda *arguments: SurfaceAccuracy(1.0, 0.1, 0.1, 0))
    return asked


def test_a_scene_is_loaded_once_for_all_sources_and_once_more_for_ideal_depth(loaded: list[RecordingSpec]) -> None:
    """Rims are the sensor's: the same profile finds its presses there, and none where there is colour alone."""
    runs = {"none": ("evidence",), "sensor": ("evidence",), IDEAL: ("evidence",)}
    result = score_scene(SPEC, load_layout("qwerty"), runs, 1, None)
    assert loaded == [SPEC, replace(SPEC, sensor="ideal")]
    counts = {source: by_profile["evidence"].counts for source, by_profile in result.scores.items()}
    assert counts["sensor"] == counts[IDEAL]
    assert counts["sensor"].true_positives > 0
    assert counts["none"].true_positives + counts["none"].false_positives == 0
    assert result.hint == "look down"


def test_texts_are_read_with_a_language_too_where_one_is_given(kinematic_trial: Trial) -> None:
    """Its error rate stands beside that without; events and their scores are the same."""
    layout, truth = load_layout("qwerty"), kinematic_trial.truth
    plain, read = (
        score_profiles(kinematic_trial.recording, truth, ["evidence"], layout, language)["evidence"].counts
        for language in (None, load_language("english"))
    )
    assert plain.characters_with_words == 0
    assert read.characters_with_words == len(truth.header.text)
    assert replace(read, edits_with_words=0, characters_with_words=0) == plain


@pytest.mark.parametrize(("sensor", "has_imagers"), [("stereo", True), ("ideal", False)])
def test_imagers_are_recorded_where_the_sensor_has_them(
    sensor: str, has_imagers: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of a recording says whether they are in it."""
    settings, options = {}, {}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    locate = rendered_suite.locate_recording
    monkeypatch.setattr(rendered_suite, "locate_recording", lambda given: settings.update(given) or locate(given))
    monkeypatch.setattr(rendered_suite, "simulate", lambda *arguments, **given: options.update(given))
    load_or_render(replace(SPEC, sensor=sensor), load_layout("qwerty"), 1, None)
    assert settings.get("imagers", False) == options["infra"] == has_imagers


@pytest.mark.usefixtures("loaded")
def test_command_prints_json_and_draws_reliability(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """stdout holds the report alone; progress and calibration errors are on stderr."""
    specs = (SPEC, RecordingSpec(None, 62, 60, seconds=60))
    monkeypatch.setattr(recording_sets, "load_recording_set", lambda name: specs)
    picture = tmp_path / "sure.png"
    options = ("--profiles", "evidence", "--sources", "sensor", "--json", "--reliability", picture)
    assert run("evaluate", "scenes", *options) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert [scene["seed"] for scene in report["scenes"]] == [61, 62]
    assert report["calibration"]["sensor"]["evidence"]["touches"] > 0
    assert "1 of 2: 'abc', seed 61" in output.err
    assert "evidence, sensor: ECE 0." in output.err
    assert picture.is_file()


def test_command_refuses_what_cannot_be_scored(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, before anything is rendered."""
    assert run("evaluate", "scenes", "--profiles", "paper", "--sources", "none") == 2
    assert "add sensor to --sources" in capsys.readouterr().err
