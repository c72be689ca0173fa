"""Rules of the national layouts: AltGr, dead accents, key codes; and of the word lists that go with them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.desktop.key_codes import find_key_code
from fingertip_contact.keyboard.accents import COMBINING, compose, decompose
from fingertip_contact.keyboard.labels import rectangle_m
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.word_list import load_words
from typing_hands import TypingHands

NATIONAL = ("iso_british", "iso_french", "iso_german", "iso_spanish", "jis")
# What is written in each language, in small letters.
LETTERS = {"iso_german": "äöüß", "iso_french": "àâçéèêëîïôùûüÿ", "iso_spanish": "áéíñóúü", "iso_british": "é"}
WORDS = {"german": ("straße", "mädchen"), "french": ("été", "garçon", "aujourd'hui"), "spanish": ("está", "niño")}


def find_keys(layout):
    """Character -> level and key that write it without a dead key."""
    return {
        text: (level, key)
        for key in layout.keys
        for level, text in (("altgr", key.altgr), ("shift", key.shifted), ("", key.text))
        if text
    }


def type_text(layout, text):
    """Types a text with Shift, AltGr and dead keys where it needs them; returns what was written."""
    hands, places, now_ms = TypingHands(layout), find_keys(layout), 0
    modifiers = {"shift": "shift_left", "altgr": "altgr"}
    for character in text:
        accent, letter = decompose(character) if character not in places else ("", character)
        for part in filter(None, (accent, letter)):
            level, key = places[part]
            if level:
                hands.press(modifiers[level], now_ms)
            hands.tap(key.name, now_ms + 100)
            if level:
                hands.release(modifiers[level], now_ms + 200)
            now_ms += 300
    return hands.text


@pytest.mark.parametrize("name", NATIONAL)
def test_every_printable_character_can_be_written(name):
    """All of ASCII but what waits for a letter, with Shift and AltGr; JIS has the yen beside it."""
    layout = load_layout(name)
    dead = set("".join((key.text + key.shifted) for key in layout.keys if key.is_dead)) & COMBINING.keys()
    expected = "".join(chr(code) for code in range(33, 127) if chr(code) not in dead)
    lacking = set(expected) - find_keys(layout).keys()
    assert lacking == set()
    assert type_text(layout, expected) == expected
    assert set(layout.fingers) == {key.name for key in layout.keys}


@pytest.mark.parametrize("name", LETTERS)
def test_the_letters_of_the_language_can_be_written(name):
    """Directly, or by a dead key and the letter."""
    assert type_text(load_layout(name), LETTERS[name]) == LETTERS[name]


@pytest.mark.parametrize("name", NATIONAL)
def test_keys_do_not_overlap(name):
    """Printed edges are at least 0.5 mm apart."""
    boxes = [rectangle_m(key) * 1000 for key in load_layout(name).keys]
    for index, ((left, top), (right, bottom)) in enumerate(boxes):
        for (other_left, other_top), (other_right, other_bottom) in boxes[:index]:
            gaps = (other_left - right, left - other_right, bottom - other_top, other_bottom - top)
            assert max(gaps) >= 0.5


@pytest.mark.parametrize("name", NATIONAL)
def test_each_key_has_its_own_place_on_a_desktop(name):
    """Every key has a Linux code, and no two the same: z of a German sheet is where a US keyboard has y."""
    codes = [find_key_code(key) for key in load_layout(name).keys]
    assert "" not in codes
    assert len(set(codes)) == len(codes)
    assert find_key_code(load_layout("iso_german").by_name["z"]) == "KEY_Y"
    assert find_key_code(load_layout("iso_french").by_name["a"]) == "KEY_Q"


def test_altgr_without_a_character_is_told():
    """Nothing is written, and the event says what was not."""
    hands = TypingHands(load_layout("iso_german"))
    hands.press("altgr", 0)
    assert hands.tap("e", 100).text == ""
    hands.press("r", 200)
    event = hands.events[-1]
    assert (hands.text, event.text, event.rejected, event.reason, event.modifiers) == (
        "€",
        "",
        "r",
        "modifier",
        ("altgr",),
    )


def test_caps_lock_leaves_keys_whose_shift_is_no_capital():
    """ß and é stay; ö becomes Ö."""
    german, french = load_layout("iso_german"), load_layout("iso_french")
    assert [german.by_name[name].text_with_modifiers(False, True) for name in ("sharp_s", "o_diaeresis", "1")] == [
        "ß",
        "Ö",
        "1",
    ]
    assert french.by_name["e_acute"].text_with_modifiers(False, True) == "é"


@pytest.mark.parametrize(
    ("taps", "text"),
    [
        (("acute", "e"), "é"),
        (("acute", "space"), "´"),
        (("acute", "acute", "e"), "´é"),
        (("acute", "x", "e"), "´xe"),
        (("e", "acute", "backspace", "e"), "e"),
        (("acute", "left_of_nothing", "e"), "é"),
    ],
)
def test_a_dead_key_waits_for_its_letter(taps, text):
    """A letter without that accent follows it, a space gives it alone, backspace drops it with the last character."""
    hands = TypingHands(load_layout("iso_spanish"))
    for number, key in enumerate(taps):
        hands.tap({"left_of_nothing": "shift_left"}.get(key, key), 100 * number)
    assert hands.text == text


def test_a_cancelled_dead_key_waits_no_more():
    """And a cancelled letter is taken back with its accent."""
    hands = TypingHands(load_layout("iso_spanish"))
    hands.press("acute", 0)
    hands.release("acute", 50, event_type="cancel")
    hands.tap("a", 100)
    hands.tap("acute", 200)
    hands.press("e", 300)
    assert hands.text == "aé"
    hands.release("e", 350, event_type="cancel")
    assert hands.text == "a"


@given(st.sampled_from(sorted(COMBINING)), st.characters(codec="utf-8"))
def test_composing_loses_nothing(accent, character):
    """One character with the accent, or both one after the other."""
    composed = compose(accent, character)
    if character == " ":
        assert composed == accent
    elif len(composed) == 1:
        assert unicodedata.normalize("NFD", composed).endswith(COMBINING[accent])
    else:
        assert composed == accent + character


@pytest.mark.parametrize("name", WORDS)
def test_word_lists_hold_their_languages(name):
    """Words with the language's letters, in small letters and composed; none of the commonest English ones."""
    words = load_words(name)
    assert 29_000 < len(words) <= 30_000
    assert all(word in words for word in WORDS[name])
    assert not {"the", "of", "with"} & words.keys()
    assert all(unicodedata.is_normalized("NFC", word) for word in words)


def test_words_read_letters_of_the_language():
    """With a word list, an ß that landed near its neighbour is read as the word has it."""
    language = LanguageModel({"straße": 10.0, "straf": 1.0, "grün": 5.0})
    assert {"ß", "ü"} <= language.letters
    hands = TypingHands(load_layout("iso_german"), language=language)
    for number, key in enumerate(("s", "t", "r", "a", "sharp_s", "e")):
        hands.tap(key, 200 * number)
    assert hands.text == "straße"


def test_a_dead_key_does_not_end_the_word():
    """The word goes on under the language model, and is completed by it."""
    hands = TypingHands(load_layout("iso_spanish"), language=LanguageModel({"está": 10.0, "estábamos": 5.0}))
    for number, key in enumerate(("e", "s", "t", "acute", "a")):
        hands.tap(key, 200 * number)
    assert hands.text == "está"
    assert hands.decoder.word_in_progress == "está"
    assert "estábamos" in hands.decoder.suggestions()


def test_suggestions_after_a_backspace_are_whole_words():
    """What was fixed by the backspace is a part of the word."""
    hands = TypingHands(load_layout("qwerty"), language=LanguageModel({"keyboard": 10.0, "keys": 5.0}))
    for number, key in enumerate(("k", "e", "y", "x", "backspace", "b", "o")):
        hands.tap(key, 200 * number)
    assert hands.decoder.word_in_progress == "keybo"
    assert hands.decoder.suggestions()[0] == "keyboard"
