"""The contact benchmark: people without pictures, the noise they are seen with, and the counts that come of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fingertip_contact.cli.evaluate import app
from fingertip_contact.contact.history import find_column
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.evaluation.contact_suite import (
    EVERYTHING,
    PARTICIPANTS,
    WORDS_PER_MINUTE,
    Condition,
    Trial,
    conditions_of,
    person_of,
    split_of,
    trial,
)
from fingertip_contact.evaluation.contact_tally import Tally, figures, frame_counts, intervals, margin, tally
from fingertip_contact.evaluation.fingertip_noise import (
    WAY_SHARES,
    WAYS_M,
    Episodes,
    NoiseFigures,
    load_noise,
    of_other_hands,
    save_noise,
)
from fingertip_contact.evaluation.fingertip_recording import detect
from fingertip_contact.evaluation.kinematic_view import Shutter
from fingertip_contact.evaluation.varied_strokes import Swung, varied_take
from fingertip_contact.frames import EventType
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.recordings.events import EventRecord
from fingertip_contact.recordings.truth import TrueRest, TrueTap, Truth, TruthHeader
from fingertip_contact.simulation.kinematic import START_S, Trouble
from fingertip_contact.simulation.typist import stamp_ns

MS = 1_000_000
CALM = Trouble(near_misses=False, rests=False, neighbours=False)


@pytest.fixture(scope="module")
def layout() -> Layout:
    return load_layout("qwerty")


def silent() -> NoiseFigures:
    """The package's figures with all noise taken out: what remains is how the rim stands over the pad."""
    never = Episodes.even(0.0, 0.0)
    none = ((0.0,) * 5,) * 3
    exact = ((0.0,) * len(WAY_SHARES),) * len(WAYS_M)
    quiet = {
        "below_m": none,
        "above_m": none,
        "finger_sigma_m": (0.0,) * 5,
        "way_along_m": exact,
        "way_across_m": exact,
    }
    angles = tuple(replace(noise, **quiet, strays=never, gaps=never, lost=never) for noise in load_noise().angles)
    return NoiseFigures((), angles)


@pytest.fixture(scope="module")
def clean(layout: Layout) -> Trial:
    """Participant 1 without trouble, seen without noise."""
    condition = Condition(60.0, 0.34, Shutter(), trouble=CALM)
    return trial(person_of(1, layout, 20), condition, silent())


def test_without_noise_and_trouble_text_is_read(clean: Trial, layout: Layout) -> None:
    """What is left of a trial without noise is typing that the default profile reads."""
    events = detect(clean.recording, load_profile("default"), layout)
    found = figures(tally(events, clean.truth, clean.recording.stamps_ns))
    assert found["event_recall"] == 1.0
    assert found["event_precision"] > 0.9


def test_without_noise_pictures_go_as_the_pads_do(clean: Trial) -> None:
    """A tip that comes down goes down in the picture too, by about the cosine of the elevation; one that touches stands
    still."""
    flow_m, height_m = clean.recording.samples.flow_m, clean.recording.samples.rim_height_m
    stamps_ns = clean.recording.stamps_ns
    for tap in clean.truth.taps:
        column = find_column(tap.hand, tap.finger)
        inside = (stamps_ns[:-1] > tap.press_ns + 5 * MS) & (stamps_ns[1:] < tap.release_ns - 5 * MS)
        assert np.abs(flow_m[1:, column][inside]).max(initial=0.0) < 0.0008
    steps_m = -np.diff(height_m, axis=0)
    down = steps_m > 0.003
    ratio = flow_m[1:, :, 1][down] / steps_m[down]
    # The rim goes down a little less than the pad.
    assert np.median(ratio) == pytest.approx(np.cos(np.radians(60)) / 0.85, abs=0.12)


def test_truth_is_where_pads_meet_the_desk(layout: Layout) -> None:
    """A tap's pad is over the desk before, on it between press and release, and over it after."""
    take = person_of(2, layout, 20).take(conditions_of(2)[0])
    for tap in take.taps:
        column = find_column(tap.hand, tap.finger)
        moments_ns = np.array([tap.press_ns - 3 * MS, (tap.press_ns + tap.release_ns) // 2, tap.release_ns + 3 * MS])
        before_m, during_m, after_m = take.pads_m((moments_ns - 1_700_000_000 * 1000 * MS) / 1e9)[:, column, 2]
        assert min(before_m, after_m) > 0
        assert during_m <= 0


@pytest.mark.parametrize("number", range(2001, 2007))
def test_varied_strokes_touch_when_they_say(number: int, layout: Layout) -> None:
    """Pads are over the desk but in taps and rests, on it in those; a number always plays the same."""
    take = varied_take(number, layout)
    assert take.taps
    times_s = np.arange(START_S, take.end_s, 0.004)
    stamps_ns = np.array([stamp_ns(time_s) for time_s in times_s])
    down = take.pads_m(times_s)[..., 2] <= 0
    said = np.zeros(down.shape, dtype=bool)
    for touch in take.taps:
        said[(stamps_ns >= touch.press_ns) & (stamps_ns <= touch.release_ns), find_column(touch.hand, touch.finger)] = (
            True
        )
    for rest in take.rests:
        said[(stamps_ns >= rest.start_ns) & (stamps_ns <= rest.end_ns), find_column(rest.hand, rest.finger)] = True
    assert (said == down).mean() > 0.999
    np.testing.assert_array_equal(varied_take(number, layout).pads_m(times_s), take.pads_m(times_s))


def test_swinging_fingers_touch_as_before(layout: Layout) -> None:
    """Fingers that swing as they rise are displaced by their height alone: what they touch, and when, stays."""
    take = varied_take(2001, layout)
    swung = Swung(take, np.tile((0.1, 0.5), (10, 1)))
    times_s = np.arange(START_S, START_S + 5.0, 0.01)
    before_m, after_m = take.pads_m(times_s), swung.pads_m(times_s)
    np.testing.assert_array_equal(after_m[..., 2], before_m[..., 2])
    np.testing.assert_allclose(after_m[..., 1] - before_m[..., 1], 0.5 * before_m[..., 2])
    assert swung.taps == take.taps


def test_noise_of_other_hands_differs_and_keeps_its_form() -> None:
    """Other hands have other rims and scatter, each draw its own; what is said of strays and gaps stays."""
    figures = load_noise().at(60.0)
    random = np.random.default_rng(5)
    other, another = of_other_hands(figures, random), of_other_hands(figures, random)
    assert np.ptp(np.array(other.rim_m) - np.array(figures.rim_m)) < 1e-12
    assert other.rim_m != another.rim_m != figures.rim_m
    assert np.array(other.above_m).shape == np.array(figures.above_m).shape
    assert other.strays == figures.strays


def test_trouble_leaves_the_taps_as_they_are(layout: Layout) -> None:
    """Switched-off troubles change what a trouble costs, and not what is typed: taps stay within milliseconds."""
    person = person_of(3, layout, 20)
    condition = conditions_of(3)[0]
    with_all, without = (person.take(replace(condition, trouble=trouble)) for trouble in (EVERYTHING, CALM))
    assert not without.rests
    assert [tap.key for tap in with_all.taps] == [tap.key for tap in without.taps]
    apart_ns = [abs(a.press_ns - b.press_ns) for a, b in zip(with_all.taps, without.taps, strict=True)]
    assert max(apart_ns) < 10 * MS


def test_same_number_same_trial(layout: Layout) -> None:
    """A trial is drawn from numbers alone."""
    condition = conditions_of(4)[2]
    first, second = (trial(person_of(4, layout, 12), condition, load_noise()) for _ in range(2))
    np.testing.assert_array_equal(first.recording.samples.rim_height_m, second.recording.samples.rim_height_m)
    np.testing.assert_array_equal(first.recording.stamps_ns, second.recording.stamps_ns)


def test_both_splits_cover_the_conditions() -> None:
    """Slow and fast people, and every angle, distance and shutter, are in development and in test."""
    for split in ("development", "test"):
        numbers = [number for number in PARTICIPANTS if split_of(number) == split]
        conditions = [condition for number in numbers for condition in conditions_of(number)]
        speeds = [WORDS_PER_MINUTE[number - 1] for number in numbers]
        assert (min(speeds), max(speeds)) == (20, 80)
        assert len({condition.angle_deg for condition in conditions}) == 4
        assert len({condition.distance_m for condition in conditions}) == 4
        assert len({condition.shutter for condition in conditions}) == 4
        assert {condition.losses for condition in conditions} == {False, True}


def test_drops_and_jitter_keep_the_order() -> None:
    """Whatever a shutter does, exposures follow one another."""
    times_s = Shutter(hertz=60.0, jitter_s=0.01, drops=0.2).times_s(0.0, 10.0, np.random.default_rng(1))
    assert np.all(np.diff(times_s) > 0)
    assert 400 < len(times_s) < 560


def _event(kind: EventType, at_ms: int, press: int) -> EventRecord:
    return EventRecord(at_ms * MS, at_ms * MS, kind, "left", "index", "f", "f", None, None, None, 1.0, press)


def _truth(taps: tuple[TrueTap, ...], rests: tuple[TrueRest, ...] = ()) -> Truth:
    return Truth(TruthHeader("f", 1, 60.0, None, None, None, {}, None, None), taps, rests)


def test_frames_of_a_late_press() -> None:
    """A tap from 100 to 200 ms that is reported from 120 to 220: of its eleven frames two are missed, and one of the
    others is false (the release's own frame is up)."""
    tap = TrueTap(100 * MS, 200 * MS, "left", "index", "f", "f", 0.0, 0.0)
    events = [_event("press", 120, 1), _event("release", 220, 1)]
    stamps_ns = np.arange(0, 300 * MS, 10 * MS)
    assert frame_counts(events, _truth((tap,)), stamps_ns) == (11, 2, 1, 10 * len(stamps_ns) - 11)


def test_resting_fingers_are_left_out_of_frames() -> None:
    """A finger at rest is neither right nor wrong: frames of it are not counted."""
    rest = TrueRest(0, 95 * MS, "left", "index")
    stamps_ns = np.arange(0, 100 * MS, 10 * MS)
    assert frame_counts([_event("press", 20, 1)], _truth((), (rest,)), stamps_ns) == (0, 0, 0, 90)


def test_tally_adds_up() -> None:
    """A press too many and a tap too few, over two trials."""
    tap = TrueTap(100 * MS, 200 * MS, "left", "index", "f", "f", 0.0, 0.0)
    stamps_ns = np.arange(0, 60_001 * MS, 10 * MS)
    false = tally([_event("press", 110, 1), _event("press", 500, 2)], _truth((tap,)), stamps_ns)
    missed = tally([], _truth((tap,)), stamps_ns)
    found = figures(false + missed)
    assert (found["event_precision"], found["event_recall"], found["event_f1"]) == (0.5, 0.5, 0.5)
    assert found["false_presses_per_min"] == pytest.approx(0.5, rel=0.01)
    assert found["cer"] == 1.0
    assert found["onset_error_ms_median"] == 10.0


def test_intervals_and_margins_are_of_people() -> None:
    """People who are all alike leave no doubt; a margin has the sign of the difference."""
    alike = {person: Tally(matched=9, missed=1) for person in range(5)}
    worse = {person: Tally(matched=8, missed=2 + person) for person in range(5)}
    low, high = intervals(alike, ["event_recall"])["event_recall"]
    assert low == high == 0.9
    middle, low, high = margin(alike, worse, "event_recall")
    assert 0 < low < middle < high


def test_noise_is_read_as_it_was_written(tmp_path: Path) -> None:
    """What save_noise writes, load_noise reads."""
    path = tmp_path / "noise.yaml"
    save_noise(load_noise(), path)
    assert load_noise(path) == load_noise()


def test_noise_between_angles_is_between() -> None:
    """Angles that were not measured lie on a line; beyond the measured ones the nearest holds."""
    known = load_noise()
    low, high = known.angles[:2]
    middle = known.at((low.angle_deg + high.angle_deg) / 2)
    assert middle.row_sigma_px == pytest.approx((low.row_sigma_px + high.row_sigma_px) / 2)
    assert (known.at(30.0), known.at(90.0)) == (low, known.angles[-1])


@pytest.mark.parametrize("text", ["", "angles: []\nrecordings: []\n", "recordings: [a]\n", "angles: [{strays: 1}]"])
def test_broken_noise_is_refused(tmp_path: Path, text: str) -> None:
    """A file that holds no figures is named."""
    path = tmp_path / "noise.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"noise\.yaml"):
        load_noise(path)


def test_command_gives_the_keys() -> None:
    """One participant by the command: figures by profile and split, as JSON."""
    arguments = ["contact", "--participants", "9", "--characters", "10", "--workers", "1"]
    result = CliRunner().invoke(app, [*arguments, "--profiles", "depth_only,paper+thickness", "--json"])
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)["profiles"]["depth_only"]["test"]
    wanted = "event_f1 event_precision event_recall false_presses_per_min key_accuracy cer onset_error_ms_median"
    assert {*wanted.split(), "onset_error_ms_p95", "frame_accuracy", "frame_f1", "frame_fpr"} <= row.keys()


@pytest.mark.parametrize("option", [["--participants", "16"], ["--participants", "a"], ["--profiles", "nobody"]])
def test_command_refuses_what_is_not_there(option: list[str]) -> None:
    """Nobody has that number, no profile that name."""
    result = CliRunner().invoke(app, ["contact", *option])
    assert isinstance(result.exception, ValueError)
