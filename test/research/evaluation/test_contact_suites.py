"""Rules of the kinematic suite: participants, noise model, counts and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fingertip_contact.contact.measurement.columns import find_column
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import EventType
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.recordings.events import EventRecord
from fingertip_research.cli.evaluate import app
from fingertip_research.evaluation.contact_counts import (
    ContactCounts,
    bootstrap_intervals,
    bootstrap_margin,
    compute_metrics,
    count_contact_frames,
    count_contacts,
)
from fingertip_research.evaluation.fingertip_noise import (
    FLOW_ERROR_QUANTILES,
    FLOW_KNOTS_M,
    IDEAL_NOISE_FILE,
    MarkovBursts,
    NoiseModel,
    load_noise_model,
    randomise_noise,
    save_noise_model,
)
from fingertip_research.evaluation.fingertip_recording import detect
from fingertip_research.evaluation.kinematic_suite import (
    ALL_CONFOUNDERS,
    PARTICIPANTS,
    WORDS_PER_MINUTE,
    Condition,
    Trial,
    find_split,
    make_conditions,
    make_simulated_participant,
    make_trial,
)
from fingertip_research.evaluation.kinematic_view import FrameTiming
from fingertip_research.evaluation.randomised_strokes import SwingingTrajectory, make_randomised_strokes
from fingertip_research.ground_truth.recording import GroundTruth, GroundTruthHeader, GroundTruthRest, GroundTruthTap
from fingertip_research.resources import find_config_file
from fingertip_research.simulation.kinematic_typing import START_S, Confounders
from fingertip_research.simulation.rendered_typing import stamp_ns

MS = 1_000_000
NO_CONFOUNDERS = Confounders(near_misses=False, rests=False, finger_coupling=False)


@pytest.fixture(scope="module")
def layout() -> Layout:
    return load_layout("qwerty")


def make_noise_free_model() -> NoiseModel:
    """The ideal sensor's noise model without noise: only the offset of the rim above the pad remains."""
    no_bursts = MarkovBursts.uniform(0.0, 0.0)
    none = ((0.0,) * 5,) * 3
    exact = ((0.0,) * len(FLOW_ERROR_QUANTILES),) * len(FLOW_KNOTS_M)
    quiet = {
        "sigma_below_m": none,
        "sigma_above_m": none,
        "finger_bias_sigma_m": (0.0,) * 5,
        "flow_error_along_m": exact,
        "flow_error_across_m": exact,
    }
    angles = tuple(
        replace(noise, **quiet, outliers=no_bursts, dropouts=no_bursts, track_loss=no_bursts)
        for noise in load_noise_model(find_config_file(IDEAL_NOISE_FILE)).angles
    )
    return NoiseModel((), angles)


@pytest.fixture(scope="module")
def noise_free_trial(layout: Layout) -> Trial:
    """Participant 1 without confounders, measured without noise."""
    condition = Condition(60.0, 0.34, FrameTiming(), confounders=NO_CONFOUNDERS)
    return make_trial(make_simulated_participant(1, layout, 20), condition, make_noise_free_model())


def test_noise_free_trial_is_read_exactly(noise_free_trial: Trial, layout: Layout) -> None:
    """The profile of sharp depth detects every tap of a trial without noise."""
    events = detect(noise_free_trial.recording, load_profile("sharp_depth"), layout)
    found = compute_metrics(count_contacts(events, noise_free_trial.truth, noise_free_trial.recording.stamps_ns))
    assert found["event_recall"] == 1.0
    assert found["event_precision"] > 0.9


def test_noise_free_flow_matches_pad_motion(noise_free_trial: Trial) -> None:
    """A descending tip moves down in the image, by about the cosine of the elevation; a tip in contact stands still."""
    flow_m, height_m = noise_free_trial.recording.samples.flow_m, noise_free_trial.recording.samples.rim_height_m
    stamps_ns = noise_free_trial.recording.stamps_ns
    for tap in noise_free_trial.truth.taps:
        column = find_column(tap.hand, tap.finger)
        inside = (stamps_ns[:-1] > tap.press_ns + 5 * MS) & (stamps_ns[1:] < tap.release_ns - 5 * MS)
        assert np.abs(flow_m[1:, column][inside]).max(initial=0.0) < 0.0008
    steps_m = -np.diff(height_m, axis=0)
    down = steps_m > 0.003
    ratio = flow_m[1:, :, 1][down] / steps_m[down]
    # The rim descends a little less than the pad.
    assert np.median(ratio) == pytest.approx(np.cos(np.radians(60)) / 0.85, abs=0.12)


def test_ground_truth_matches_pad_contact(layout: Layout) -> None:
    """A tap's pad is above the desk before the tap, on it between press and release, and above it afterwards."""
    trajectory = make_simulated_participant(2, layout, 20).simulate(make_conditions(2)[0])
    for tap in trajectory.taps:
        column = find_column(tap.hand, tap.finger)
        times_ns = np.array([tap.press_ns - 3 * MS, (tap.press_ns + tap.release_ns) // 2, tap.release_ns + 3 * MS])
        before_m, during_m, after_m = trajectory.pads_m((times_ns - 1_700_000_000 * 1000 * MS) / 1e9)[:, column, 2]
        assert min(before_m, after_m) > 0
        assert during_m <= 0


@pytest.mark.parametrize("number", range(2001, 2007))
def test_randomised_strokes_touch_at_their_stated_times(number: int, layout: Layout) -> None:
    """Pads are on the desk during taps and rests, and above it otherwise; a seed always gives the same trajectory."""
    trajectory = make_randomised_strokes(number, layout)
    assert trajectory.taps
    times_s = np.arange(START_S, trajectory.end_s, 0.004)
    stamps_ns = np.array([stamp_ns(time_s) for time_s in times_s])
    down = trajectory.pads_m(times_s)[..., 2] <= 0
    reported = np.zeros(down.shape, dtype=bool)
    for tap in trajectory.taps:
        reported[(stamps_ns >= tap.press_ns) & (stamps_ns <= tap.release_ns), find_column(tap.hand, tap.finger)] = True
    for rest in trajectory.rests:
        reported[(stamps_ns >= rest.start_ns) & (stamps_ns <= rest.end_ns), find_column(rest.hand, rest.finger)] = True
    assert (reported == down).mean() > 0.999
    np.testing.assert_array_equal(make_randomised_strokes(number, layout).pads_m(times_s), trajectory.pads_m(times_s))


def test_retracting_fingers_keep_contact_times(layout: Layout) -> None:
    """Swinging fingers are displaced in proportion to their height; contact points and times do not change."""
    trajectory = make_randomised_strokes(2001, layout)
    swinging = SwingingTrajectory(trajectory, np.tile((0.1, 0.5), (10, 1)))
    times_s = np.arange(START_S, START_S + 5.0, 0.01)
    before_m, after_m = trajectory.pads_m(times_s), swinging.pads_m(times_s)
    np.testing.assert_array_equal(after_m[..., 2], before_m[..., 2])
    np.testing.assert_allclose(after_m[..., 1] - before_m[..., 1], 0.5 * before_m[..., 2])
    assert swinging.taps == trajectory.taps


def test_randomised_noise_keeps_its_structure() -> None:
    """Every draw has its own rim offset and scatter; outliers and dropouts do not change."""
    noise = load_noise_model().interpolate(60.0)
    random = np.random.default_rng(5)
    other, another = randomise_noise(noise, random), randomise_noise(noise, random)
    assert np.ptp(np.array(other.rim_offset_m) - np.array(noise.rim_offset_m)) < 1e-12
    assert other.rim_offset_m != another.rim_offset_m != noise.rim_offset_m
    assert np.array(other.sigma_above_m).shape == np.array(noise.sigma_above_m).shape
    assert other.outliers == noise.outliers


def test_ablations_do_not_change_the_taps(layout: Layout) -> None:
    """Without confounders the same keys are typed at the same times, within milliseconds."""
    participant = make_simulated_participant(3, layout, 20)
    condition = make_conditions(3)[0]
    with_confounders, without_confounders = (
        participant.simulate(replace(condition, confounders=confounders))
        for confounders in (ALL_CONFOUNDERS, NO_CONFOUNDERS)
    )
    assert not without_confounders.rests
    assert [tap.key for tap in with_confounders.taps] == [tap.key for tap in without_confounders.taps]
    apart_ns = [
        abs(a.press_ns - b.press_ns) for a, b in zip(with_confounders.taps, without_confounders.taps, strict=True)
    ]
    assert max(apart_ns) < 10 * MS


def test_trials_are_deterministic(layout: Layout) -> None:
    """The same participant and condition give the same trial."""
    condition = make_conditions(4)[2]
    first, second = (
        make_trial(make_simulated_participant(4, layout, 12), condition, load_noise_model()) for _ in range(2)
    )
    np.testing.assert_array_equal(first.recording.samples.rim_height_m, second.recording.samples.rim_height_m)
    np.testing.assert_array_equal(first.recording.stamps_ns, second.recording.stamps_ns)


def test_both_splits_cover_all_conditions() -> None:
    """Both splits contain slow and fast participants, and every angle, distance and frame timing."""
    for split in ("development", "test"):
        numbers = [number for number in PARTICIPANTS if find_split(number) == split]
        conditions = [condition for number in numbers for condition in make_conditions(number)]
        speeds = [WORDS_PER_MINUTE[number - 1] for number in numbers]
        assert (min(speeds), max(speeds)) == (20, 80)
        assert len({condition.angle_deg for condition in conditions}) == 4
        assert len({condition.distance_m for condition in conditions}) == 4
        assert len({condition.frame_timing for condition in conditions}) == 4
        assert {condition.has_track_loss for condition in conditions} == {False, True}


def test_drops_and_jitter_keep_the_frame_order() -> None:
    """Exposure times ascend with jitter and dropped frames."""
    times_s = FrameTiming(rate_hz=60.0, jitter_s=0.01, drop_rate=0.2).sample_times_s(
        0.0, 10.0, np.random.default_rng(1)
    )
    assert np.all(np.diff(times_s) > 0)
    assert 400 < len(times_s) < 560


def _make_event(event_type: EventType, at_ms: int, press: int) -> EventRecord:
    return EventRecord(at_ms * MS, at_ms * MS, event_type, "left", "index", "f", "f", None, None, None, 1.0, press)


def _make_ground_truth(taps: tuple[GroundTruthTap, ...], rests: tuple[GroundTruthRest, ...] = ()) -> GroundTruth:
    return GroundTruth(GroundTruthHeader("f", 1, 60.0, None, None, None, {}, None, None), taps, rests)


def test_late_press_is_counted_per_frame() -> None:
    """A tap from 100 to 200 ms is reported from 120 to 220 ms: two of its eleven frames are missed, and one other frame
    is false (the frame of the release is not in contact)."""
    tap = GroundTruthTap(100 * MS, 200 * MS, "left", "index", "f", "f", 0.0, 0.0)
    events = [_make_event("press", 120, 1), _make_event("release", 220, 1)]
    stamps_ns = np.arange(0, 300 * MS, 10 * MS)
    assert count_contact_frames(events, _make_ground_truth((tap,)), stamps_ns) == (11, 2, 1, 10 * len(stamps_ns) - 11)


def test_resting_fingers_are_excluded_from_frame_counts() -> None:
    """Frames of a finger at rest are not counted."""
    rest = GroundTruthRest(0, 95 * MS, "left", "index")
    stamps_ns = np.arange(0, 100 * MS, 10 * MS)
    assert count_contact_frames([_make_event("press", 20, 1)], _make_ground_truth((), (rest,)), stamps_ns) == (
        0,
        0,
        0,
        90,
    )


def test_counts_add_up() -> None:
    """Two trials, one with an extra press and one with a missed tap, are added."""
    tap = GroundTruthTap(100 * MS, 200 * MS, "left", "index", "f", "f", 0.0, 0.0)
    stamps_ns = np.arange(0, 60_001 * MS, 10 * MS)
    extra = count_contacts(
        [_make_event("press", 110, 1), _make_event("press", 500, 2)], _make_ground_truth((tap,)), stamps_ns
    )
    missed = count_contacts([], _make_ground_truth((tap,)), stamps_ns)
    found = compute_metrics(extra + missed)
    assert (found["event_precision"], found["event_recall"], found["event_f1"]) == (0.5, 0.5, 0.5)
    assert found["false_presses_per_min"] == pytest.approx(0.5, rel=0.01)
    assert found["cer"] == 1.0
    assert found["onset_error_ms_median"] == 10.0


def test_bootstrap_resamples_participants() -> None:
    """Identical participants give an interval of zero width; a margin has the sign of the difference."""
    alike = {participant: ContactCounts(true_positives=9, false_negatives=1) for participant in range(5)}
    worse = {participant: ContactCounts(true_positives=8, false_negatives=2 + participant) for participant in range(5)}
    low, high = bootstrap_intervals(alike, ["event_recall"])["event_recall"]
    assert low == high == 0.9
    middle, low, high = bootstrap_margin(alike, worse, "event_recall")
    assert 0 < low < middle < high


def test_interval_of_one_participant_is_its_value() -> None:
    """A single participant has no variation over participants."""
    alone = {9: ContactCounts(true_positives=9, false_negatives=1)}
    assert bootstrap_intervals(alone, ["event_recall"])["event_recall"] == (0.9, 0.9)
    assert bootstrap_margin(alone, alone, "event_recall") == (0.0, 0.0, 0.0)


def test_noise_model_round_trip_is_exact(tmp_path: Path) -> None:
    """A noise model is unchanged after it was saved and loaded."""
    path = tmp_path / "noise.yaml"
    save_noise_model(load_noise_model(), path)
    assert load_noise_model(path) == load_noise_model()


def test_noise_is_interpolated_between_angles() -> None:
    """Between the fitted angles the noise is linear; beyond them the nearest angle holds."""
    known = load_noise_model()
    low, high = known.angles[:2]
    middle = known.interpolate((low.angle_deg + high.angle_deg) / 2)
    assert middle.landmark_row_sigma_px == pytest.approx((low.landmark_row_sigma_px + high.landmark_row_sigma_px) / 2)
    assert (known.interpolate(30.0), known.interpolate(90.0)) == (low, known.angles[-1])


@pytest.mark.parametrize("text", ["", "angles: []\nrecordings: []\n", "recordings: [a]\n", "angles: [{outliers: 1}]"])
def test_invalid_noise_file_is_rejected(tmp_path: Path, text: str) -> None:
    """The error names a file without a noise model."""
    path = tmp_path / "noise.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"noise\.yaml"):
        load_noise_model(path)


def test_evaluate_contact_command_prints_documented_keys() -> None:
    """The command prints metrics by profile and split as JSON, for one participant."""
    arguments = ["contact", "--participants", "9", "--characters", "10", "--workers", "1"]
    result = CliRunner().invoke(app, [*arguments, "--profiles", "depth_only,paper+thickness", "--json"])
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)["profiles"]["depth_only"]["test"]
    wanted = "event_f1 event_precision event_recall false_presses_per_min key_accuracy cer onset_error_ms_median"
    assert {*wanted.split(), "onset_error_ms_p95", "frame_accuracy", "frame_f1", "frame_fpr"} <= row.keys()


@pytest.mark.parametrize("option", [["--participants", "16"], ["--participants", "a"], ["--profiles", "nobody"]])
def test_evaluate_contact_command_rejects_unknown_values(option: list[str]) -> None:
    """Unknown participants and profiles are rejected."""
    result = CliRunner().invoke(app, ["contact", *option])
    assert isinstance(result.exception, ValueError)
