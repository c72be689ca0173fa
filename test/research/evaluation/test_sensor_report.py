"""Rules of the reference figures and of the verdicts on them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fingertip_research.evaluation.sensor.correlation import find_fall_px
from fingertip_research.evaluation.sensor.reference import Tolerance, load_reference
from fingertip_research.evaluation.sensor.report import describe_target, make_report, make_rows, make_sensor_table


@pytest.mark.parametrize(
    ("tolerance", "value", "verdict"),
    [
        (Tolerance(relative=0.25), 2.4, "ok"),
        (Tolerance(relative=0.25), 2.6, "off by +30 %"),
        (Tolerance(relative=0.25), 1.2, "off by -40 %"),
        (Tolerance(low=6, high=12), 6.0, "ok"),
        (Tolerance(low=6, high=12), 13.5, "off by +1.5"),
        (Tolerance(low=0.98), 0.9, "off by -0.08"),
        (Tolerance(high=0.8), 0.42, "ok"),
        (Tolerance(high=0.8), None, "not measured"),
    ],
)
def test_verdicts(tolerance, value, verdict):
    """Relative tolerances are of the real figure, here 2; ranges stand for themselves."""
    assert tolerance.judge(value, 2.0) == verdict


def test_tolerances_are_described_in_a_few_characters():
    tolerances = (Tolerance(relative=0.25), Tolerance(low=6, high=12), Tolerance(low=0.98), Tolerance(high=0.8))
    assert [tolerance.describe() for tolerance in tolerances] == ["±25 %", "6 to 12", "> 0.98", "< 0.8"]


def test_reference_has_the_figures_that_a_simulated_sensor_must_show():
    """Print within 25 % at three distances, and the ranges of correlation, finger and fill."""
    figures = load_reference().figures
    limited = {name: figure.tolerance for name, figure in figures.items() if figure.tolerance}
    for distance_mm in (294, 352, 411):
        assert limited[f"print_{distance_mm}mm.rms_mm"] == Tolerance(relative=0.25)
        assert limited[f"print_{distance_mm}mm.temporal_share"] == Tolerance(relative=0.25)
        assert limited[f"print_{distance_mm}mm.fill"] == Tolerance(low=0.98)
    assert limited["plane.fixed_length_px"] == limited["plane.temporal_length_px"] == Tolerance(low=6, high=12)
    assert limited["finger.depth_width_px"] == Tolerance(low=15, high=18)
    assert limited["finger.rise_px"] == Tolerance(low=6, high=12)
    assert limited["white_288mm.fill"] == Tolerance(high=0.8)


def test_reference_agrees_with_itself():
    """Every figure that is known has a source and passes its own tolerance; lengths are those of the lists."""
    reference = load_reference()
    for name, figure in reference.figures.items():
        assert (figure.real is None) == (not figure.source), name
        assert figure.tolerance is None or figure.tolerance.judge(figure.real, figure.real) == "ok", name
    for part in ("fixed", "temporal"):
        length_px = find_fall_px(np.array(reference.autocorrelation[part]))
        assert reference.figures[f"plane.{part}_length_px"].real == pytest.approx(length_px, abs=0.1)


def test_rows_judge_simulated_by_real_and_yours_by_simulated():
    """What a recording cannot have is not judged; what the simulation should have and has not is off."""
    simulated = {"print_294mm.rms_mm": 1.0, "plane.fixed_length_px": 8.0, "finger.rise_px": None}
    yours = {"plane.fixed_length_px": 14.0, "plane.rms_per_m": 0.02}
    rows = {row.name: row for row in make_rows(load_reference(), simulated, yours)}
    assert list(rows) == ["print_294mm.rms_mm", "plane.rms_per_m", "plane.fixed_length_px", "finger.rise_px"]
    assert (rows["print_294mm.rms_mm"].verdict, rows["print_294mm.rms_mm"].verdict_of_yours) == ("off by -48 %", "")
    assert (rows["plane.fixed_length_px"].verdict, rows["plane.fixed_length_px"].verdict_of_yours) == (
        "ok",
        "off by +2",
    )
    assert rows["finger.rise_px"].verdict == "not measured"
    assert not rows["plane.rms_per_m"].is_off
    assert make_report(list(rows.values()), load_reference(), ())["off"] == [
        "print_294mm.rms_mm",
        "plane.fixed_length_px",
        "finger.rise_px",
    ]


def test_a_relative_tolerance_of_yours_is_of_the_simulated_figure():
    """Twice the real figure is off if the simulation has the real one, and ok if the simulation has it too."""
    name, reference = "print_294mm.rms_mm", load_reference()
    (row,) = make_rows(reference, {name: 1.94}, {name: 3.88})
    assert (row.verdict, row.verdict_of_yours) == ("ok", "off by +100 %")
    (row,) = make_rows(reference, {name: 3.88}, {name: 3.88})
    assert (row.verdict, row.verdict_of_yours) == ("off by +100 %", "ok")


def test_targets_that_were_left_out_are_not_judged():
    """A recording has figures of targets that the simulation was not asked for."""
    rows = {
        row.name: row for row in make_rows(load_reference(), {"finger.rise_px": 9.0}, {"plane.fixed_length_px": 9.0})
    }
    assert (rows["plane.fixed_length_px"].verdict, rows["plane.fixed_length_px"].verdict_of_yours) == ("", "ok")


def test_a_recording_alone_is_judged_by_the_real_figures():
    (row,) = make_rows(load_reference(), None, {"finger.depth_width_px": 14.0})
    assert (row.verdict, row.verdict_of_yours) == ("", "off by -1")


def test_every_figure_of_the_reference_can_be_shown():
    """In a table and as JSON, whether measured or not."""
    reference = load_reference()
    rows = make_rows(reference, dict.fromkeys(reference.figures, 0.5), dict.fromkeys(reference.figures))
    titles = {describe_target(name) for name in reference.figures}
    assert make_sensor_table(rows, has_recording=True).row_count == len(rows) + len(titles)
    assert set(json.loads(json.dumps(make_report(rows, reference, ()), allow_nan=False))["figures"]) == set(
        reference.figures
    )


def test_targets_are_described_by_surface_and_distance():
    assert describe_target("print_294mm.rms_mm") == "print, 29.4 cm"
    assert describe_target("plane.step_px") == "print, all"
