"""Rules of the language model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_harness import run
from fingertip_contact.datatypes import ContactEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import MAX_NLL_NATS, LanguageModel, load_language
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.word_list import load_words
from fingertip_research.evaluation.touch_scatter import measure_key_accuracy, sample_random_texts, sample_texts

LAYOUT = load_layout("qwerty")
POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.5]))
ENGLISH = load_language("english")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def make_press(point_m, number=0):
    point_m = POSE.apply(np.array([*point_m, 0.0]))
    return ContactEvent(number, number, "press", number, 1, "left", "index", point_m, 1.0)


def type_text(decoder, layout, text):
    for number, character in enumerate(text):
        decoder.process([make_press(layout.by_text[character].center_m, number)], POSE)


@settings(deadline=None)
@given(st.text(st.sampled_from("etaoinq' "), max_size=8))
def test_probabilities_add_up_to_one(text):
    """After every prefix of a word, over the characters of all words."""
    context = " " + text.rsplit(" ", 1)[-1]
    alphabet = {character for word in load_words("english") for character in word} | {" "}
    assert sum(ENGLISH.probability(character, context[-5:]) for character in alphabet) == pytest.approx(1.0)


def test_likely_continuations_are_most_probable():
    """After `th` comes e, after q comes u, after a whole word a space; case does not matter."""
    candidates = [*LETTERS, " "]
    for text, expected in (("th", "e"), ("a Q", "u"), ("because", " "), ("", "t"), ("hello\nTH", "e")):
        assert candidates[int(np.argmin(ENGLISH.negative_log_likelihood(text, candidates)))] == expected, text


@settings(deadline=None)
@given(st.text(max_size=20), st.lists(st.text(max_size=2), max_size=60))
def test_every_character_has_nonzero_probability(text, candidates):
    """After any text, costs range from 0 to the limit, also for signs and for keys that write nothing."""
    nll = ENGLISH.negative_log_likelihood(text, candidates)
    assert len(nll) == len(candidates)
    assert all(0.0 <= value <= MAX_NLL_NATS for value in nll)


def test_punctuation_resets_the_context():
    """Digits and signs are followed by anything."""
    assert ENGLISH.negative_log_likelihood("room 1", list(LETTERS)) == [0.0] * 26


def test_contact_between_two_keys_selects_the_likelier():
    """Half way from r to e, after `th`: e, and the event names the key that the finger was nearer to."""
    e_m, r_m = (np.array(LAYOUT.by_text[text].center_m) for text in "er")
    layout = replace(LAYOUT, fingers={})
    decoder = KeyDecoder(layout, language=ENGLISH)
    type_text(decoder, layout, "th")
    (event,) = decoder.process([make_press(0.45 * e_m + 0.55 * r_m, 9)], POSE)
    assert (event.text, event.rejected, event.reason) == ("e", "r", "language")
    alone = KeyDecoder(layout)
    type_text(alone, layout, "th")
    (event,) = alone.process([make_press(0.45 * e_m + 0.55 * r_m, 9)], POSE)
    assert (event.text, event.rejected, event.reason) == ("r", "", None)


@pytest.mark.parametrize("text", ["th", "q", "hello", "because"])
def test_contact_on_a_key_centre_selects_that_key(text):
    """After any text, a touch on a key's middle is that key."""
    for key in LAYOUT.keys:
        decoder = KeyDecoder(LAYOUT, language=ENGLISH)
        type_text(decoder, LAYOUT, text)
        hand, finger = LAYOUT.fingers[key.name]
        point_m = POSE.apply(np.array([*key.center_m, 0.0]))
        (event,) = decoder.process([ContactEvent(99, 99, "press", 99, 1, hand, finger, point_m, 1.0)], POSE)
        assert event.key == key.name


def test_word_list_improves_scattered_typing():
    """At 5 mm of scatter, also for words that the model has not seen; random letters lose little."""
    words = load_words("english")
    held_out = dict(list(words.items())[::5])
    others = LanguageModel({word: count for word, count in words.items() if word not in held_out})
    texts = sample_texts(held_out, LAYOUT, 6, seed=11)
    alone, helped = (measure_key_accuracy(LAYOUT, texts, 0.005, model, 11).mean for model in (None, others))
    assert helped > alone + 0.03
    passwords = sample_random_texts(LAYOUT, 6, seed=11)
    alone, harmed = (measure_key_accuracy(LAYOUT, passwords, 0.003, model, 11).mean for model in (None, ENGLISH))
    assert harmed > alone - 0.05


def test_word_lists_are_read_with_and_without_counts(tmp_path):
    """One word per line, optionally with its count; comments and empty lines are ignored, and so is case."""
    path = tmp_path / "words.txt"
    path.write_text("# mine\nThe 30\ncat\n\nthe 2.5\n")
    assert load_words(path) == {"the": 32.5, "cat": 1.0}


@pytest.mark.parametrize(
    ("content", "named"),
    [(b"", "has no words"), (b"the many\n", r"words\.txt:1.*'many'"), (b"a -1\n", "'-1'"), (b"\xff\xfe", "UTF-8")],
)
def test_invalid_word_list_error_names_the_line(tmp_path, content, named):
    """File, line, value and remedy."""
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=named):
        load_language(path)


def test_missing_word_list_error_lists_available_ones():
    """The error lists the built-in names."""
    with pytest.raises(FileNotFoundError, match="english"):
        load_language("klingon")
    with pytest.raises(ValueError, match="at least one word"):
        LanguageModel({})


def test_evaluate_keys_command_prints_accuracy(capsys):
    """One row per scatter and kind of text; a layout that writes no words is rejected."""
    assert run("evaluate", "keys", "--typists", "2", "--scatter-mm", "2") == 0
    shown = capsys.readouterr().out
    assert all(text_kind in shown for text_kind in ("of the list", "held out", "random"))
    assert run("evaluate", "keys", "--layout", "piano", "--typists", "2") == 2
    assert "cannot write words" in capsys.readouterr().err
