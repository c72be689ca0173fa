"""Rules of the keystrokes that suggestions save, and of spelling with dead keys."""

from __future__ import annotations

import pytest

from cli_harness import run
from fingertip_contact.keyboard.language import LanguageModel, load_language
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.dead_keys import spell
from fingertip_research.evaluation.suggestion_savings import SuggestionSavings, measure_savings
from fingertip_research.evaluation.text_decoding import decode_phrases, load_phrases, summarize
from fingertip_research.evaluation.uncertain_taps import DETECTORS

LANGUAGES = {"german": "iso_german", "french": "iso_french", "spanish": "iso_spanish"}


def test_a_word_that_is_offered_at_once_costs_two_keys():
    """Its first letter and the suggestion; of a word that is never offered nothing is saved."""
    language = LanguageModel({"keyboard": 1.0})
    found = measure_savings(load_layout("qwerty"), ["keyboard", "zzz"], language)
    assert found == SuggestionSavings(keys=9 + 4, taken_keys=2 + 4, words=2, taken_words=1)
    assert found.saved_ratio == pytest.approx(7 / 13)


def test_dead_keys_count():
    """está takes five keys and a space."""
    layout = load_layout("iso_spanish")
    assert [key.name for key in spell(layout, "está")] == ["e", "s", "t", "acute", "a"]
    assert measure_savings(layout, ["está"], LanguageModel({"zzz": 1.0})).keys == 6
    with pytest.raises(KeyError):
        spell(layout, "ß")


@pytest.mark.parametrize("name", LANGUAGES)
def test_words_help_in_every_language(name):
    """The layout writes all phrases; with words a medium detector makes less than half of the errors, and a quarter of
    the keys is saved."""
    layout, phrases, language = load_layout(LANGUAGES[name]), load_phrases(name), load_language(name)
    assert all(spell(layout, phrase) for phrase in phrases)
    found = summarize(decode_phrases(layout, phrases[::4], DETECTORS["medium"], language, 3))
    assert found.cer_with < 0.5 * found.cer_without
    assert measure_savings(layout, phrases[:6], language).saved_ratio > 0.25


def test_command_tells_what_is_saved(capsys, monkeypatch):
    """In one line."""
    monkeypatch.setattr("fingertip_research.evaluation.text_decoding.load_phrases", lambda name: ["hello world"])
    assert run("evaluate", "suggestions") == 0
    assert "of 12 keys" in capsys.readouterr().out
