"""Rules of reading text with a language model: what it may revise, and what stays as typed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.datatypes import ContactEvent, TapCandidate
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.key_decoder import PAUSE_NS, KeyDecoder, KeyDecoderSettings
from fingertip_contact.keyboard.language import load_language
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.text_buffer import BACKSPACE

FULL = load_layout("qwerty_full")
POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.5]))
ENGLISH = load_language("english")
INTERVAL_NS = 200_000_000


class Typist:
    """Types keys one after the other, in their middle and with certainty unless said otherwise."""

    def __init__(self, language=ENGLISH, typing_settings=None):
        self.decoder = KeyDecoder(FULL, typing_settings, language)
        self.key_events = []
        self.now_ns = 0
        self.presses = 0

    @property
    def text(self):
        return self.decoder.text

    def type(self, text, confidence=0.99):
        for character in text:
            self.tap(FULL.by_text[character].name, confidence)
        return self

    def tap(self, key, confidence=0.99, offset_mm=(0.0, 0.0)):
        self.press(key, confidence, offset_mm)
        self.end("release", key)

    def tap_between(self, text, other):
        """On the first key, towards the other one."""
        there, here = (np.array(FULL.by_text[key].center_m) for key in (other, text))
        self.tap(FULL.by_text[text].name, offset_mm=300 * (there - here))

    def press(self, key, confidence=0.99, offset_mm=(0.0, 0.0)):
        self.now_ns += INTERVAL_NS
        self.presses += 1
        self._process(self._make_event("press", key, confidence, offset_mm))

    def end(self, event_type, key):
        self._process(self._make_event(event_type, key, 0.99, (0.0, 0.0)))

    def touch(self, text, confidence):
        """A touch that the detector does not take for a press."""
        self.now_ns += INTERVAL_NS
        point_m, hand, finger = self._place(FULL.by_text[text].name, (0.0, 0.0))
        candidate = TapCandidate(self.now_ns, self.now_ns, hand, finger, point_m, confidence)
        self.key_events += self.decoder.process([], POSE, self.now_ns, [candidate])
        return self

    def _process(self, event):
        self.key_events += self.decoder.process([event], POSE, self.now_ns)

    def _make_event(self, event_type, key, confidence, offset_mm):
        point_m, hand, finger = self._place(key, offset_mm)
        return ContactEvent(self.now_ns, self.now_ns, event_type, self.presses, 1, hand, finger, point_m, confidence)

    def _place(self, key, offset_mm):
        hand, finger = FULL.fingers.get(key, ("right", "index"))
        return (
            POSE.apply(np.array([*np.add(FULL.by_name[key].center_m, np.array(offset_mm) / 1000), 0.0])),
            hand,
            finger,
        )


def test_false_presses_are_dropped():
    """A press that is as likely none, and makes no word, is not in the text; its key event was sent all the same."""
    typist = Typist().type("the ho").type("m", confidence=0.55).type("use ")
    assert typist.text == "the house "
    assert "".join(event.text for event in typist.key_events) == "the homuse "


def test_missed_taps_are_filled_in():
    """A touch under the threshold becomes a letter or a space where the word needs it, and gives no event."""
    typist = Typist().type("the ho").touch("u", 0.35).type("se").touch(" ", 0.35).type("is ")
    assert typist.text == "the house is "
    assert "".join(event.text for event in typist.key_events) == "the hoseis "


def test_unlikely_touches_stay_out():
    """The same touches in a word that does not need them change nothing."""
    assert Typist().type("the ho").touch("m", 0.35).type("use ").text == "the house "


def test_a_tap_without_any_touch_is_filled_in():
    """Where all other letters of a word are there."""
    assert Typist().type("please answer the qestion ").text == "please answer the question "


def test_neighbouring_keys_are_corrected():
    """A touch between two keys is the one that makes a word; so is a digit beside its middle."""
    for pressed in ("j", "7"):
        typist = Typist().type("the ho")
        typist.tap_between(pressed, "u")
        assert typist.key_events[-1].key == pressed
        assert typist.type("se ").text == "the house "


@pytest.mark.parametrize(
    "text", ["meet zbigniew ", "wojcik and thibault ", "quokka ", "xkqz7v ", "asdfgh ", "yuki harumi ", "teh ", "thw "]
)
def test_words_outside_the_list_stay_as_typed(text):
    """Names and passwords of well-centred, certain touches."""
    assert Typist().type(text).text == text


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789.,;-/'\n "), max_size=25))
def test_certain_touches_in_the_middle_of_keys_write_those_keys(text):
    """Whatever the text is, but for letters that were added."""
    found = iter(Typist().type(text).text)
    assert all(character in found for character in text)


@pytest.mark.parametrize("text", ["room 42 ", "r2d2 ", "3.14, 2.72 ", "3pm; 5/7 "])
def test_digits_and_signs_stay(text):
    """Also where the detector is less certain; and letters between digits are not judged."""
    assert Typist().type(text, confidence=0.8).text == text


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abdehilmnorstuw  ,3"),
            st.floats(0.05, 0.99),
            st.floats(-9, 9),
            st.floats(-9, 9),
        ),
        min_size=10,
        max_size=60,
    )
)
def test_only_the_last_two_words_change(touches):
    """For any touches: of each text, everything before its last two words is also the next text's beginning."""
    typist = Typist()
    for text, confidence, x_mm, y_mm in touches:
        before = typist.text
        if confidence < 0.5:
            typist.touch(text, confidence)
        else:
            typist.tap(FULL.by_text[text].name, confidence, (x_mm, y_mm))
        starts = [match.start() for match in re.finditer(r"\S+", before)]
        if before[-1:].isspace():
            starts.append(len(before))
        fixed = before[: starts[-2]] if len(starts) >= 2 else ""
        assert typist.text.startswith(fixed)


def test_backspace_takes_the_last_character_of_the_shown_text():
    """What is left stays as it is, and typing goes on there."""
    typist = Typist().type("the ho").touch("u", 0.35).type("se")
    assert typist.text == "the house"
    typist.tap(BACKSPACE)
    assert typist.text == "the hous"
    typist.type("es ")
    assert typist.text == "the houses "


def test_a_cancelled_press_is_taken_back():
    """The last one only, with touches since kept."""
    typist = Typist().type("the hous")
    typist.press(FULL.by_text["x"].name)
    assert typist.text == "the housx"
    typist.end("cancel", FULL.by_text["x"].name)
    assert typist.text == "the hous"
    assert typist.type("e ").text == "the house "


def test_capitals_are_kept():
    """Shift and Caps Lock make capitals; a corrected letter has the case of its touch."""
    typist = Typist()
    typist.press("shift_left")
    shift = typist.presses
    typist.tap("t")
    typist.presses, presses = shift, typist.presses
    typist.end("release", "shift_left")
    typist.presses = presses
    typist.type("he ")
    typist.tap("caps_lock")
    typist.type("ho")
    typist.tap_between("j", "u")
    assert typist.type("se").text == "The HOUSE"


def test_held_keys_repeat_in_the_text():
    """A held letter is written again, and a held backspace deletes again."""
    typist = Typist(typing_settings=KeyDecoderSettings(repeat_delay_s=0.2, repeat_interval_s=0.1))
    typist.type("so")
    typist.press("o")
    for _ in range(2):
        typist.now_ns += INTERVAL_NS
        typist.decoder.process([], POSE, typist.now_ns)
    assert typist.text == "soooo"
    typist.end("release", "o")
    typist.press(BACKSPACE)
    typist.now_ns += INTERVAL_NS
    typist.decoder.process([], POSE, typist.now_ns)
    assert typist.text == "soo"


def test_the_text_before_a_command_is_fixed():
    """Escape, function keys and the like may have sent it or moved the cursor; Shift does neither."""
    typist = Typist().type("the ho").type("m", confidence=0.55)
    typist.tap("f1")
    assert typist.type("use ").text == "the homuse "
    typist = Typist().type("the ho").type("m", confidence=0.55)
    typist.tap("shift_left")
    assert typist.type("use ").text == "the house "


def test_a_command_writes_nothing():
    """With Ctrl held, presses and touches are not text."""
    typist = Typist().type("the ")
    typist.press("ctrl_left")
    typist.press("c")
    typist.touch("a", 0.45)
    assert typist.text == "the "


def test_a_pause_completes_the_word():
    """A false press at the end of a word goes when the typist stops, and comes back if the word goes on."""
    typist = Typist().type("the house").type("s", confidence=0.51)
    typist.decoder.process([], POSE, typist.now_ns + 2 * PAUSE_NS)
    assert typist.text.startswith("the house")
    assert typist.type(" ").text.startswith("the house")


def test_suggestions_complete_or_replace_the_word_in_progress():
    """At most three, the likeliest first, in the case that was typed; none between words or without a model."""
    assert Typist().type("the keyb").decoder.suggestions()[0] == "keyboard"
    typist = Typist()
    typist.tap("caps_lock")
    assert typist.type("").decoder.suggestions() == ()
    suggestions = Typist().type("i th").decoder.suggestions()
    assert len(suggestions) == 3
    assert "the" in suggestions
    assert Typist().type("the ").decoder.suggestions() == ()
    assert Typist(language=None).type("th").decoder.suggestions() == ()


def test_without_a_language_model_the_text_is_what_was_pressed():
    """Touches below the threshold count for nothing."""
    typist = Typist(language=None).type("tge ").touch("a", 0.49).type("x")
    assert typist.text == "tge x"


def test_key_events_write_the_text_of_the_buffer():
    """The events file gives what was sent at once, not what was made of it later."""
    typist = Typist().type("the ho").type("m", confidence=0.55).type("use ")
    assert typist.decoder.text_buffer.text == "the homuse "
