"""Scores of typing in realistic scenes by source of measurement, and their report."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from fingertip_contact.registry import CONTACT_CLASSIFIERS
from fingertip_research.evaluation.calibration import Confidences
from fingertip_research.evaluation.contact_counts import ContactCounts
from fingertip_research.evaluation.recording_sets import RecordingSpec, load_recording_set
from fingertip_research.evaluation.scene_matrix import IDEAL, ProfileScore, SceneResult, plan_runs, score_scene
from fingertip_research.evaluation.scene_report import make_scene_report
from fingertip_research.evaluation.scene_tables import make_scene_tables
from fingertip_research.evaluation.sources import SOURCES
from fingertip_research.evaluation.surface_accuracy import SurfaceAccuracy


class ColourOnly:
    needs_rims = False


@pytest.fixture
def colour_profile(tmp_path: Path) -> Iterator[str]:
    """A profile that measures no rims, as the default one."""
    CONTACT_CLASSIFIERS.register("colour_only")(lambda parameters: ColourOnly())
    path = tmp_path / "colour.yaml"
    path.write_text("colour: {classifier: colour_only}")
    yield str(path)
    CONTACT_CLASSIFIERS.unregister("colour_only")


def make_score(found: int, missed: int, false: int) -> ProfileScore:
    counts = ContactCounts(
        true_positives=found,
        false_negatives=missed,
        false_positives=false,
        seconds=30.0,
        onset_error_ms=(-4.0, 1.0, 8.0) if found else (),
    )
    return ProfileScore(counts, Confidences())


@pytest.fixture
def results() -> list[SceneResult]:
    """Two people who type, seen from both sides, and hands that do not; with colour alone and with depth."""
    surface = SurfaceAccuracy(1.0, 0.2, 0.1, 0)
    typing = RecordingSpec("abc", 301, 60, view="facing")
    other = RecordingSpec("abc", 302, 45, view="own_side")
    hands = RecordingSpec(None, 303, 60, seconds=60)

    def make_scores(colour: ProfileScore, depth: ProfileScore) -> dict[str, dict[str, ProfileScore]]:
        return {"none": {"default": colour}, "sensor": {"default": depth, "paper": make_score(0, 10, 0)}}

    return [
        SceneResult(typing, make_scores(make_score(8, 2, 2), make_score(10, 0, 0)), surface, ""),
        SceneResult(other, make_scores(make_score(0, 10, 0), make_score(5, 5, 0)), surface, "x"),
        SceneResult(hands, make_scores(make_score(0, 0, 5), make_score(0, 0, 1)), surface, ""),
    ]


def test_profiles_that_measure_rims_have_the_sensors_depth_only(colour_profile: str) -> None:
    """The others are scored with every source; ideal depth is for all."""
    every = (colour_profile, "evidence", "paper")
    runs = plan_runs(every, list(SOURCES), with_ideal=True)
    assert runs == {**dict.fromkeys(SOURCES, (colour_profile,)), "sensor": every, IDEAL: every}
    assert plan_runs(["paper"], ["none", "sensor"]) == {"sensor": ("paper",)}


@pytest.mark.parametrize(
    ("profiles", "sources", "message"),
    [
        ([], ["none"], "--profiles is empty"),
        (["paper"], [], "--sources is empty"),
        (["paper"], ["radar"], "imagers"),
        (["paper"], ["none"], "add sensor to --sources"),
        (["no such profile"], ["sensor"], "no such profile"),
    ],
)
def test_runs_that_cannot_be_are_refused(profiles: list[str], sources: list[str], message: str) -> None:
    """The error names the option and the remedy."""
    with pytest.raises(ValueError, match=message):
        plan_runs(profiles, sources)


def test_a_scene_without_imagers_is_refused() -> None:
    """All sources are parts of a recording with imagers, which an ideal sensor has not."""
    with pytest.raises(ValueError, match="seed 7 has the sensor ideal"):
        score_scene(RecordingSpec("a", 7, 60, sensor="ideal"), layout=None, runs={"none": ()}, workers=1, progress=None)


def test_typing_is_pooled_over_scenes_and_hands_that_do_not_type_are_apart(results: list[SceneResult]) -> None:
    """Taps of all typing, with an interval over people; false presses of hands only by the minute."""
    report = make_scene_report(results)
    whole = report["typing"]["all"]["none"]["default"]
    assert whole["event_f1"] == pytest.approx(16 / (16 + 2 + 12))
    low, high = whole["ci95"]["event_f1"]
    assert (low, high) == pytest.approx((0.0, 0.8))
    assert report["typing"]["facing"]["none"]["default"]["event_f1"] == pytest.approx(0.8)
    assert report["angles"]["own_side 45"]["sensor"]["default"]["event_recall"] == pytest.approx(0.5)
    assert report["hands_only"]["facing"]["none"]["default"]["false_presses_per_min"] == pytest.approx(10.0)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_onsets_have_a_bias_and_a_size(results: list[SceneResult]) -> None:
    """The signed median shows presses that are early or late, the absolute one how exact they are."""
    metrics = make_scene_report(results)["typing"]["facing"]["none"]["default"]
    assert metrics["onset_error_ms_median"] == pytest.approx(1.0)
    assert metrics["onset_error_ms_abs_median"] == pytest.approx(4.0)


def test_tables_have_a_row_for_each_profile_and_source(results: list[SceneResult]) -> None:
    """Rows of typing, of its times, of hands only and of confidences; sources are columns by angle."""
    console = Console(file=io.StringIO(), width=80)
    tables = make_scene_tables(make_scene_report(results), "default", "none")
    console.print(*tables)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert [text.count(name) for name in ("default, none", "paper, sensor", "default, sensor")] == [10, 6, 6]
    assert "0.00-0.80" in text
    angles = next(table for table in tables if "angle" in str(table.title))
    assert [column.header for column in angles.columns] == ["view, degrees", "taps", "none", "sensor"]


def test_a_set_may_have_one_kind_of_scene(results: list[SceneResult]) -> None:
    """Tables without rows are left out, and that of a view where there is no other."""
    titles = [
        [str(table.title) for table in make_scene_tables(make_scene_report(chosen), "default", "none")]
        for chosen in (results[:1], results[2:])
    ]
    assert titles[0][0] == "All typing: 10 taps"
    assert not any("facing" in title or "do not type" in title for title in titles[0])
    assert [title.split()[0] for title in titles[1]] == ["False", "Expected", "Surface"]


def test_development_and_test_sets_share_neither_seeds_nor_texts() -> None:
    """What is tuned on the one set is measured on the other."""
    test, development = (load_recording_set(name) for name in ("sensor_matrix", "sensor_matrix_development"))
    assert not {spec.seed for spec in test} & {spec.seed for spec in development}
    assert not {spec.text for spec in test if spec.text} & {spec.text for spec in development}
    assert all(spec.seed > 100 for spec in test)
    fields = ("view", "angle_deg", "posture", "difficulty", "resolution")
    conditions = [[tuple(getattr(spec, name) for name in fields) for spec in each] for each in (test, development)]
    assert conditions[0] == conditions[1]
