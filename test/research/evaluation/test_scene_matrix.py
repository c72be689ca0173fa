"""The report of typing in realistic scenes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from fingertip_research.evaluation.contact_counts import ContactCounts
from fingertip_research.evaluation.recording_sets import RecordingSpec, load_recording_set
from fingertip_research.evaluation.scene_matrix import IDEAL, STEREO, SceneResult, make_scene_report
from fingertip_research.evaluation.scene_tables import make_scene_tables
from fingertip_research.evaluation.surface_accuracy import SurfaceAccuracy


def make_counts(found: int, missed: int, false: int) -> ContactCounts:
    return ContactCounts(true_positives=found, false_negatives=missed, false_positives=false, seconds=30.0)


def make_both(stereo: ContactCounts, ideal: ContactCounts) -> dict[str, dict[str, ContactCounts]]:
    return {STEREO: {"default": stereo}, IDEAL: {"default": ideal}}


@pytest.fixture
def results() -> list[SceneResult]:
    surface = SurfaceAccuracy(1.0, 0.2, 0.1, 0)
    typing = RecordingSpec("abc", 301, 60, view="facing")
    other = RecordingSpec("abc", 302, 45, view="own_side")
    hands = RecordingSpec(None, 303, 60, seconds=60)
    return [
        SceneResult(typing, make_both(make_counts(8, 2, 2), make_counts(10, 0, 0)), surface, ""),
        SceneResult(other, make_both(make_counts(0, 10, 0), make_counts(0, 10, 0)), surface, "x"),
        SceneResult(hands, make_both(make_counts(0, 0, 5), make_counts(0, 0, 1)), surface, ""),
    ]


def test_typing_is_pooled_over_scenes_and_hands_that_do_not_type_are_apart(results: list[SceneResult]) -> None:
    """Taps of all typing; false presses of hands only by the minute."""
    report = make_scene_report(results)
    assert report["typing"]["all"][STEREO]["default"]["event_f1"] == pytest.approx(16 / (16 + 2 + 12))
    assert report["views"]["facing 60"][STEREO]["default"]["event_f1"] == pytest.approx(0.8)
    assert report["hands_only"]["facing"][STEREO]["default"]["false_presses_per_min"] == pytest.approx(10.0)


def test_tables_show_the_fall_from_the_ideal_sensor(results: list[SceneResult]) -> None:
    """The first table has each profile with both sensors and their difference."""
    console = Console(file=io.StringIO(), width=120)
    console.print(*make_scene_tables(make_scene_report(results), "default"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "0.667" in text
    assert "0.533" in text
    assert "-0.133" in text


def test_development_and_test_sets_share_neither_seeds_nor_texts() -> None:
    """What is tuned on the one set is measured on the other."""
    test, development = (load_recording_set(name) for name in ("sensor_matrix", "sensor_matrix_development"))
    assert not {spec.seed for spec in test} & {spec.seed for spec in development}
    assert not {spec.text for spec in test if spec.text} & {spec.text for spec in development}
    assert all(spec.seed > 100 for spec in test)
    fields = ("view", "angle_deg", "posture", "difficulty", "resolution")
    conditions = [[tuple(getattr(spec, name) for name in fields) for spec in each] for each in (test, development)]
    assert conditions[0] == conditions[1]
