"""Rules of the JSON topics: what is told of keys, and when suggestions come."""

from __future__ import annotations

import json

import jsonschema
import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String

from fingertip_contact.keyboard.key_decoder import KeyDecoderSettings
from fingertip_contact.keyboard.language import load_language
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.ros import qos
from fingertip_contact.ros.typing_topics import TypingTopics, parse_suggestions
from repository import ROOT
from ros_harness import ros_node
from typing_hands import TypingHands

SCHEMA = json.loads((ROOT / "config" / "typing_messages.schema.json").read_text(encoding="utf-8"))


def parse(messages):
    """The values of messages, each held against the schema."""
    values = [json.loads(message.data) for message in messages]
    for value in values:
        jsonschema.validate(value, SCHEMA)
    return values


def test_keys_and_suggestions_come_as_documented():
    """Modifiers, rejected text and its reason; suggestions only when they change, and the last ones for late comers."""
    hands = TypingHands(load_layout("iso_german"), KeyDecoderSettings(report_off_key=True), load_language("german"))
    with ros_node() as node:
        details = node.subscribe(String, "key_details", qos.EVENT)
        topics = TypingTopics(node.create_publisher)
        node.wait_until(lambda: topics.publishers[0].get_subscription_count() == 1, "the subscription")
        hands.press("shift_left", 0)
        hands.tap("m", 100)
        hands.release("shift_left", 200)
        for number, key in enumerate(("a_diaeresis", "d", "c")):
            hands.tap(key, 300 + 100 * number)
        hands.press("ctrl_left", 800)
        hands.tap("s", 900)
        topics.publish_keys(hands.events)
        for stamp_ns in (1, 2):
            topics.publish_suggestions(stamp_ns, "Mädc", ("Mädchen",))
        late = node.subscribe(String, "suggestions", qos.LATCHED)
        node.wait_until(lambda: len(details) == len(hands.events) and bool(late), "the messages")
        presses = {value["key"]: value for value in parse(details) if value["type"] == "press"}
        assert (presses["m"]["text"], presses["m"]["modifiers"]) == ("M", ["shift"])
        assert presses["a_diaeresis"]["text"] == "ä"
        assert (presses["s"]["text"], presses["s"]["rejected"], presses["s"]["reason"]) == ("", "s", "modifier")
        assert parse(late) == [{"stamp_ns": 1, "word": "Mädc", "suggestions": ["Mädchen"]}]


def test_the_schema_refuses_other_messages():
    """So that the test above can fail."""
    for value in ({"stamp_ns": 1, "word": ""}, {"stamp_ns": 1, "word": "", "suggestions": [""]}, {"key": "a"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value, SCHEMA)


@pytest.mark.parametrize(
    "text", ["", "just", "[]", "{}", '{"suggestions": [1]}', '{"suggestions": "a"}', "[" * 100_000, "[" * 900]
)
def test_other_suggestions_are_refused(text):
    """Anybody may publish: what is no list of words is a ValueError, however long or deep it is."""
    with pytest.raises(ValueError, match=r"suggestions|Expecting"):
        parse_suggestions(text)


def test_at_most_three_suggestions_are_read():
    """More are left out."""
    assert parse_suggestions('{"suggestions": ["a", "b", "c", "d"]}') == ["a", "b", "c"]
