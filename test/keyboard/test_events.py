"""Rules of key events: modifiers, repetition, rejected text, and the balance of presses and ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, FrameResult
from fingertip_contact.keyboard.key_decoder import KeyDecoder, KeyDecoderSettings
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import built_in_layouts, load_layout
from fingertip_contact.recordings.events import decode_text, event_writer, make_event_records, read_events
from fingertip_contact.text_buffer import BACKSPACE
from typing_hands import FULL, MS, POSE, TypingHands, make_contact_event

LAYOUTS = {name: load_layout(name) for name in built_in_layouts()}


def test_held_shift_writes_shifted_characters():
    """Either Shift, over several keys; the letter after it is small again. The event names the modifier."""
    hands = TypingHands()
    for shift, keys in (("shift_left", ("h", "1", "slash")), ("shift_right", ("a", "space", "tab"))):
        hands.press(shift, 0)
        for number, key in enumerate(keys):
            hands.tap(key, 100 + 100 * number)
        hands.release(shift, 500)
        hands.tap("x", 600)
    assert hands.text == "H!?xA \tx"
    written = {event.text: event.modifiers for event in hands.events if event.text}
    assert (written["H"], written["x"]) == (("shift",), ())


def test_shift_state_is_taken_at_touch_down():
    """A letter touched while Shift was down, and decided after Shift was released, is a capital."""
    hands = TypingHands()
    hands.press("shift_left", 0, 70)
    hands.release("shift_left", 120, 150)
    hands.press("h", 110, 180)
    hands.release("h", 190)
    hands.press("i", 130, 200)
    assert hands.text == "Hi"


def test_cancelled_shift_has_no_effect():
    """A finger that was lost over Shift leaves small letters."""
    hands = TypingHands()
    hands.press("shift_left", 0)
    hands.release("shift_left", 100, event_type="cancel")
    hands.tap("h", 50)
    assert hands.text == "h"


def test_shift_is_released_when_time_restarts():
    """When a recording starts again, a Shift of its first pass does not reach into the second."""
    hands = TypingHands()
    hands.press("shift_left", 1000)
    hands.release("shift_left", 2000)
    hands.tap("h", 100)
    hands.tap("i", 1500)
    assert hands.text == "hi"


def test_caps_lock_affects_letters_only():
    """Pressed once it is on, pressed again off; it does not affect digits, and Shift inverts it."""
    hands = TypingHands()
    hands.tap("caps_lock", 0)
    for number, key in enumerate(("a", "1", "slash")):
        hands.tap(key, 200 + 100 * number)
    hands.press("shift_left", 600)
    hands.tap("b", 700)
    hands.release("shift_left", 800)
    hands.tap("caps_lock", 900)
    hands.tap("c", 1000)
    assert hands.text == "A1/bc"


@pytest.mark.parametrize(("key", "modifier"), [("ctrl_left", "ctrl"), ("alt_right", "alt"), ("meta_left", "meta")])
def test_command_chords_write_nothing_and_report_the_omitted_text(key, modifier):
    """Ctrl+C is an event of the key c under ctrl, with the c that was not written."""
    hands = TypingHands()
    hands.press(key, 0)
    event = hands.press("c", 100)
    assert (event.key, event.text, event.modifiers) == ("c", "", (modifier,))
    assert (event.rejected, event.reason) == ("c", "modifier")
    assert hands.text == ""


def test_backspace_deletes_one_character_with_any_modifier():
    """It leaves an empty text empty, and works with Shift as well."""
    hands = TypingHands()
    for number, key in enumerate((BACKSPACE, "h", "i", BACKSPACE)):
        hands.tap(key, 100 * number)
    assert hands.text == "h"
    hands.press("shift_left", 1000)
    hands.tap(BACKSPACE, 1100)
    assert hands.text == ""


def test_held_key_repeats_after_the_delay():
    """At the set rate, as moves that write, until it is released; the events' texts add up to the text."""
    hands = TypingHands(settings=KeyDecoderSettings(repeat_delay_s=0.5, repeat_interval_s=0.1))
    hands.press("a", 0)
    hands.wait(0, 1020)
    hands.release("a", 1020)
    hands.wait(1020, 3000)
    assert hands.text == "a" * 7
    assert [event.repeat for event in hands.events if event.repeat] == [1, 2, 3, 4, 5, 6]
    assert {event.contact.type for event in hands.events if event.repeat} == {"move"}
    assert "".join(event.text for event in hands.events) == hands.text


def test_only_the_last_pressed_key_repeats():
    """Another key ends the repetition of the one before; modifiers do not repeat, nor end one."""
    hands = TypingHands(settings=KeyDecoderSettings(repeat_delay_s=0.5, repeat_interval_s=0.1))
    hands.decoder.text_buffer.text = "hello there"
    hands.press(BACKSPACE, 0)
    hands.wait(0, 1020)
    assert hands.text == "hell"
    hands.press("x", 1020)
    hands.press("shift_left", 1030)
    hands.wait(1040, 1700)
    assert hands.text == "hellxxx"
    assert not any(event.repeat and event.key.startswith("shift") for event in hands.events)


def test_keys_do_not_repeat_by_default():
    """A resting finger writes one letter."""
    hands = TypingHands()
    hands.press("a", 0)
    hands.wait(0, 5000)
    assert hands.text == "a"


def test_stream_dropout_does_not_burst_repeats():
    """After ten seconds without frames a held key repeats once per frame, not a hundred times at once."""
    hands = TypingHands(settings=KeyDecoderSettings(repeat_delay_s=0.5, repeat_interval_s=0.1))
    hands.press("a", 0)
    hands.wait(10_000, 10_020)
    assert hands.text == "aa"


def test_cancelled_press_reports_the_removed_text():
    """The text of its repetitions included."""
    hands = TypingHands(settings=KeyDecoderSettings(repeat_delay_s=0.5, repeat_interval_s=0.1))
    hands.tap("h", 0)
    hands.press("i", 100)
    hands.wait(100, 640)
    event = hands.release("i", 700, event_type="cancel")
    assert (event.rejected, event.reason, hands.text) == ("ii", "cancelled", "h")


def test_off_key_presses_are_reported():
    """With `report_off_key`, a press off every key, or before the sheet is found, gives an event with the reason, and
    an end."""
    decoder = KeyDecoder(FULL, KeyDecoderSettings(report_off_key=True))
    x_m, y_m = FULL.by_name["p"].center_m
    off_key_m = (x_m, y_m + 0.2)
    pressed, ended = decoder.process(
        [make_contact_event(off_key_m, "press", 1, 0), make_contact_event(off_key_m, "release", 1, 50)], POSE
    )
    assert (pressed.key, pressed.text, pressed.reason, ended.key) == ("", "", "off_key", "")
    assert pressed.rejected == FULL.keys[FULL.find_nearest(np.array([off_key_m]))[0][0]].text
    (early,) = decoder.process([make_contact_event((x_m, y_m), "press", 2, 100)], None)
    assert (early.key, early.reason, decoder.text) == ("", "no_sheet", "")


@pytest.mark.parametrize("value", [0.01, -1.0, float("nan"), 60.0])
def test_repeat_times_out_of_range_are_rejected(value):
    """The error names the setting and its range."""
    with pytest.raises(ValueError, match="repeat_delay_s"):
        KeyDecoderSettings(repeat_delay_s=value)
    if value != 0.01:
        with pytest.raises(ValueError, match="repeat_interval_s"):
            KeyDecoderSettings(repeat_interval_s=value)


def test_piano_layout_emits_events_without_text():
    """Each key, black ones over white ones included, gives a press and a release under its name, and no text."""
    piano = load_layout("piano")
    hands = TypingHands(piano)
    for number, key in enumerate(piano.keys):
        hands.tap(key.name, 200 * number)
    assert [event.key for event in hands.events[::2]] == [key.name for key in piano.keys]
    assert (hands.text, {event.text for event in hands.events}) == ("", {""})


def test_chords_keep_each_key():
    """Three fingers down, then up in another order: each keeps its key."""
    hands = TypingHands(load_layout("piano"))
    for key, ms in (("c4", 0), ("e4", 10), ("g4", 20)):
        hands.press(key, ms)
    ends = [hands.release(key, ms).key for key, ms in (("e4", 400), ("c4", 410), ("g4", 420))]
    assert ends == ["e4", "c4", "g4"]


def test_number_pad_writes_digits():
    """Including the wide zero and the tall keys."""
    hands = TypingHands(load_layout("numpad"))
    for number, key in enumerate(("1", "2", "plus", "0", "period", "5", "enter", "9", BACKSPACE)):
        hands.tap(key, 200 * number)
    assert hands.text == "12+0.5\n"


spots = st.one_of(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), st.just((float("nan"), 0.0)))
streams = st.lists(
    st.tuples(
        st.sampled_from(["press", "move", "release", "cancel"]),
        st.integers(0, 5),
        spots,
        st.integers(-(2**62), 2**62),
        st.integers(0, 10**9),
        st.sampled_from(HANDS),
        st.sampled_from(FINGERS),
        st.booleans(),
    ),
    max_size=60,
)
LANGUAGE = LanguageModel({"the": 3, "cat": 1})


@settings(deadline=None)
@given(st.sampled_from(built_in_layouts()), streams, st.booleans(), st.booleans())
def test_every_key_press_is_released_for_any_event_order(name, stream, expects, repeats):
    """For any order of events, with or without a sheet or position: nothing is raised, a press has at most one end,
    after it and under the same key, and no end comes without its press."""
    settings = KeyDecoderSettings(repeat_delay_s=0.1 if repeats else 0.0, report_off_key=True)
    decoder = KeyDecoder(LAYOUTS[name], settings, LANGUAGE if expects else None)
    open_presses = {}
    for event_type, press, point_m, stamp_ns, latency_ns, hand, finger, sheet in stream:
        event = make_contact_event(point_m, event_type, press, 0, hand=hand, finger=finger)
        event = ContactEvent(
            stamp_ns, stamp_ns - latency_ns, event_type, press, 1, hand, finger, event.point_m, event.confidence
        )
        for key_events in decoder.process([event], POSE if sheet else None, stamp_ns):
            number = key_events.contact.press
            if key_events.contact.type == "press":
                assert number not in open_presses
                open_presses[number] = key_events.key
            else:
                assert open_presses[number] == key_events.key
            if key_events.contact.type in ("release", "cancel"):
                del open_presses[number]
    leftover = [make_contact_event((0, 0), "cancel", number, 0) for number in range(6)]
    assert {key_events.contact.press for key_events in decoder.process(leftover, None)} == set(open_presses)


def test_events_file_reproduces_the_text(tmp_path):
    """Records read back give the same text and the rejected text: with repetitions, an off-key and a cancelled
    press."""
    decoder = KeyDecoder(FULL, KeyDecoderSettings(repeat_delay_s=0.1, repeat_interval_s=0.1, report_off_key=True))
    point_m = {name: FULL.by_name[name].center_m for name in ("h", "i", BACKSPACE)}
    stream = [
        (0, [make_contact_event(point_m["h"], "press", 1, 0)]),
        (250, [make_contact_event(point_m["h"], "move", 1, 250)]),
        (300, [make_contact_event(point_m["h"], "release", 1, 300)]),
        (400, [make_contact_event((0.0, 0.3), "press", 2, 400), make_contact_event((0.0, 0.3), "release", 2, 400)]),
        (
            500,
            [
                make_contact_event(point_m[BACKSPACE], "press", 3, 500),
                make_contact_event(point_m[BACKSPACE], "release", 3, 500),
            ],
        ),
        (600, [make_contact_event(point_m["i"], "press", 4, 600)]),
        (650, [make_contact_event(point_m["i"], "cancel", 4, 650)]),
    ]
    path = tmp_path / "events.jsonl"
    with event_writer(path) as write:
        for ms, events in stream:
            key_events = decoder.process(events, POSE, ms * MS)
            for record in make_event_records(FrameResult(ms * MS, (), (), tuple(events), key_events, "", None, None)):
                write(record)
    records = read_events(path)
    assert decoder.text == decode_text(records) == "h"
    assert [(r.type, r.key, r.text, r.repeat) for r in records if r.press == 1] == [
        ("press", "h", "h", 0),
        ("move", "h", "", 0),
        ("move", "h", "h", 1),
        ("release", "h", "", 0),
    ]
    assert [(r.key, r.reason) for r in records if r.press == 2] == [(None, "off_key"), (None, None)]
    assert [(r.rejected, r.reason) for r in records if r.type == "cancel"] == [("i", "cancelled")]
