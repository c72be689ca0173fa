"""Rules of the touch classifier's fit, on ten made-up fingers that tap in turn."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from fingertip_contact.contact.classifiers.touch import CONTACT_FILE, TIMING_FILE, TOUCH_DOWN_FILE
from fingertip_contact.contact.measurement.fingertip_crops import CROP_PX, FRAME_TIMES_S
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.touch_features import FEATURES, MISSING
from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_research.evaluation.fingertip_recording import FIELD_SHAPES, FingertipRecording
from fingertip_research.ground_truth.recording import GroundTruth, GroundTruthHeader, GroundTruthTap

pytest.importorskip("torch")
pytest.importorskip("lightgbm")

from fingertip_research.training.touch.ablation import list_cue_sets
from fingertip_research.training.touch.appearance import AppearanceSettings
from fingertip_research.training.touch.examples import STORED_PX, TouchExamples, find_layout
from fingertip_research.training.touch.run import (
    Prepared,
    TouchFit,
    divide,
    fit_touch_classifier,
)
from fingertip_research.training.touch.trees import TreeSettings, collect_features, replay

FRAMES, PERIOD_NS = 180, 33_333_333
# A tap every so many frames, by one finger after the other; it comes down in three frames, stays two, and rises.
TAP_EVERY, FIRST_TAP = 12, 30
DESCENT_MM = 4.0


def make_examples(layout: Layout, seed: int) -> TouchExamples:
    random = np.random.default_rng(seed)
    stamps_ns = np.arange(FRAMES, dtype=np.int64) * PERIOD_NS
    flow_m = random.normal(0, 0.0001, (FRAMES, 10, 2))
    clearance_m = np.full((FRAMES, 10), 0.012)
    keys = ["a", "s", "d", "f", "g", "h", "j", "k", "l", "p"]
    centers_m = np.array([layout.keys[[key.name for key in layout.keys].index(name)].center_m for name in keys])
    taps = []
    for number, row in enumerate(range(FIRST_TAP, FRAMES - 20, TAP_EVERY)):
        column = (number * 3 + seed) % 10
        flow_m[row - 2 : row + 1, column, 1] += DESCENT_MM / 1000
        flow_m[row + 3 : row + 6, column, 1] -= DESCENT_MM / 1000
        clearance_m[row - 2 : row + 6, column] = (0.008, 0.004, 0, 0, 0, 0.004, 0.008, 0.012)
        hand, finger = HANDS[column // 5], FINGERS[column % 5]
        press_ns, release_ns = int(stamps_ns[row]), int(stamps_ns[row + 2])
        taps.append(GroundTruthTap(press_ns, release_ns, hand, finger, keys[column], keys[column], *centers_m[column]))
    values = {
        entry.name: np.zeros((FRAMES, 10, *FIELD_SHAPES.get(entry.name, ()))) for entry in fields(FingertipSamples)
    }
    values["flow_m"] = flow_m
    values["finger_height_m"] = values["stereo_height_m"] = clearance_m + random.normal(0, 0.001, clearance_m.shape)
    values["contact_point_m"][..., :2] = centers_m
    recording = FingertipRecording(
        stamps_ns,
        np.tile([1, 2], (FRAMES, 1)),
        FingertipSamples(**values),
        np.tile(np.eye(3), (FRAMES, 1, 1)),
        np.zeros((FRAMES, 3)),
    )
    header = GroundTruthHeader("", seed, 60, "normal", 30, layout.name, {}, 1.0, None, view="facing")
    truth = GroundTruth(header, tuple(taps), ())
    size = (len(FRAME_TIMES_S), STORED_PX, STORED_PX)
    crops = random.integers(0, 255, (10 * FRAMES, *size), dtype=np.uint8)
    return TouchExamples(
        f"s{seed}", recording, truth, layout, crops, np.arange(10 * FRAMES).reshape(FRAMES, 10), clearance_m
    )


@pytest.fixture(scope="module")
def layout() -> Layout:
    return load_layout("qwerty")


@pytest.fixture(scope="module")
def examples(layout: Layout) -> tuple[TouchExamples, ...]:
    return tuple(make_examples(layout, seed) for seed in (1, 2))


def test_a_recording_is_read_with_its_own_layout(layout: Layout) -> None:
    """The truth's name decides; a truth without one takes the first, and an unknown one is refused with the remedy."""
    full = load_layout("qwerty_full")
    assert find_layout("qwerty_full", (layout, full), Path("a.mcap")) is full
    assert find_layout(None, (layout, full), Path("a.mcap")) is layout
    with pytest.raises(ValueError, match=r"a\.mcap shows .*'foreign'.*--layout foreign"):
        find_layout("foreign", (layout, full), Path("a.mcap"))


def test_generators_judge_each_other(examples: tuple[TouchExamples, ...]) -> None:
    """The recordings of one generator are one part, whatever their order; one generator alone has no other part."""
    calm, hard, *others = (
        replace(one, truth=replace(one.truth, header=replace(one.truth.header, difficulty=difficulty)))
        for one, difficulty in zip((*examples, *examples), ("calm", "hard", "foreign", "foreign"), strict=True)
    )
    fold = divide((calm, *others, hard), TouchFit(by_generator=True))
    assert fold[0] == fold[3] != fold[1] == fold[2]
    with pytest.raises(ValueError, match="need two"):
        divide(examples, TouchFit(by_generator=True))


def test_features_stand_beside_what_was_true(examples: tuple[TouchExamples, ...]) -> None:
    """At a touch-down the path of the finger is what it descended; a cue that the source lacks is missing."""
    appearance = np.full((FRAMES, 10, 3), np.nan)
    table = collect_features(examples[0], appearance, "none", 0.06)
    path = FEATURES.index("path_along_mm_-2+0")
    at_touch_down = table.since_s == 0
    assert at_touch_down.sum() == len(examples[0].truth.taps)
    assert table.features[at_touch_down, path] == pytest.approx(3 * DESCENT_MM, abs=1)
    assert table.in_contact[at_touch_down].all()
    assert (table.features[:, FEATURES.index("stereo_height_mm_+0")] == MISSING).all()


def test_a_replay_is_the_same_typing_by_someone_else(examples: tuple[TouchExamples, ...]) -> None:
    """Twice as fast: half the time to each tap; half as large: half the flow. Frames stay where they are."""
    replayed = replay(examples[0], 2.0, 0.5)
    taps, own = replayed.truth.taps, examples[0].truth.taps
    assert [tap.press_ns for tap in taps] == pytest.approx([tap.press_ns / 2 for tap in own], abs=1)
    assert replayed.recording.samples.flow_m == pytest.approx(0.5 * examples[0].recording.samples.flow_m)
    assert replayed.since_touch_down_s() == pytest.approx(examples[0].since_touch_down_s() / 2, abs=1e-6)


def test_each_cue_is_judged_alone_and_left_out() -> None:
    """Every set names known cues; none is judged twice."""
    sets = [cues for _, cues in list_cue_sets()]
    assert len(sets) == len(set(sets))
    assert {"appearance", "stereo", "depth", "shape", "flow,others"} <= set(sets)


def test_a_fit_reads_what_it_was_not_fitted_to(tmp_path: Path, examples: tuple[TouchExamples, ...]) -> None:
    """The whole fit writes the files that a profile names; each part's taps are found by the model of the other, and a
    network that saw noise does no harm."""
    settings = TouchFit(
        folds=2,
        appearance=AppearanceSettings(epochs=1, steps_per_epoch=1),
        trees=TreeSettings((30, 8), (10, 4), (20, 4)),
    )
    noise = tuple(np.random.default_rng(one.truth.header.seed).normal(size=(FRAMES, 10, 3)) for one in examples)
    prepared = Prepared(examples, noise, noise, np.array([0, 1]), settings)
    report = fit_touch_classifier(prepared, tmp_path / "model")
    written = {path.name for path in (tmp_path / "model").iterdir()}
    assert {TOUCH_DOWN_FILE, TIMING_FILE, CONTACT_FILE, "appearance.xml", "appearance.bin"} == written
    assert {key.split(", ")[-1] for key in report} == {"none", "sensor", "imagers", "stereo"}
    for metrics in report.values():
        assert metrics["event_f1"] > 0.9
    assert CROP_PX < STORED_PX
