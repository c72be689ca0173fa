"""Rules of simulated touches, and of the error rates measured on them."""

from __future__ import annotations

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.datatypes import TapCandidate
from fingertip_contact.keyboard.language import load_language
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.text_decoding import decode_phrases, load_phrases, summarize
from fingertip_research.evaluation.uncertain_taps import DETECTORS, MIN_CONFIDENCE, DetectorErrors, simulate_touches

LAYOUT = load_layout("qwerty")


def simulate(errors, text="the quick brown fox jumps over the lazy dog " * 10, seed=1):
    return list(simulate_touches(LAYOUT, text, errors, np.random.default_rng(seed)))


@pytest.mark.parametrize("name", DETECTORS)
def test_touches_are_as_sure_as_they_are_right(name):
    """Presses have a confidence above one half, candidates below; the mean confidence is the ratio of taps to touches,
    within 3 %."""
    errors = DETECTORS[name]
    touches = [touch for touch in simulate(errors) if isinstance(touch, TapCandidate) or touch.type == "press"]
    for touch in touches:
        assert (touch.confidence > 0.5) != isinstance(touch, TapCandidate)
        assert touch.confidence > MIN_CONFIDENCE
    expected_taps = 440 * (1 - errors.unseen_ratio)
    assert sum(touch.confidence for touch in touches) == pytest.approx(expected_taps, rel=0.06)


def test_touches_come_in_order_and_repeat_by_seed():
    """Another seed gives other touches."""
    first, again, other = (simulate(DETECTORS["weak"], seed=seed) for seed in (1, 1, 2))
    stamps_ns = [touch.contact_ns for touch in first]
    assert stamps_ns == sorted(stamps_ns)
    assert stamps_ns == [touch.contact_ns for touch in again]
    assert stamps_ns != [touch.contact_ns for touch in other]


def test_a_perfect_detector_reads_what_was_typed():
    """Without any error, with and without words."""
    errors = DetectorErrors(6.0, others=0.01, stray_ratio=0, wrong_finger_ratio=0, unseen_ratio=0, scatter_m=0.0005)
    found = summarize(decode_phrases(LAYOUT, load_phrases("development")[:20], errors, load_language("english"), 1))
    assert found.cer_with <= found.cer_without + 0.005 < 0.06


@pytest.mark.parametrize(("name", "most"), [("good", 0.5), ("medium", 0.5), ("weak", 0.6)])
def test_words_halve_the_errors(name, most):
    """Of the development phrases; of a weak detector two fifths less."""
    phrases = load_phrases("development")[::2]
    found = summarize(decode_phrases(LAYOUT, phrases, DETECTORS[name], load_language("english"), 5))
    assert found.cer_with < most * found.cer_without


def test_phrases_of_the_test_are_not_those_of_development():
    """None is in both, and the layout can write all of them."""
    development, test = (load_phrases(name) for name in ("development", "test"))
    assert len(development) > 50
    assert len(test) > 50
    assert not set(development) & set(test)
    assert set("".join(development + test)) <= LAYOUT.by_text.keys()


def test_evaluate_words_command_prints_error_rates(capsys, monkeypatch):
    """A row per detector."""
    monkeypatch.setattr("fingertip_research.evaluation.text_decoding.load_phrases", lambda name: ["hello world"])
    assert run("evaluate", "words", "--repetitions", "1") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in DETECTORS)
