"""What the standard messages have no room for, as JSON: `key_details` and `suggestions`.

config/typing_messages.schema.json describes both; docs/ros.md says when they come.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from fingertip_contact.datatypes import KeyEvent
from fingertip_contact.ros import qos

# Of what other nodes publish as suggestions: four words of MAX_WORD_LENGTH, with escapes.
_MAX_LENGTH = 1000
_MAX_SUGGESTIONS = 3


class TypingTopics:
    """Publishes each key event, and the suggestions when they change."""

    def __init__(self, make_publisher: Callable[[type, str, QoSProfile], Publisher]) -> None:
        """make_publisher: gets message type, topic and quality of service."""
        self._key_details = make_publisher(String, "key_details", qos.EVENT)
        self._suggestions = make_publisher(String, "suggestions", qos.LATCHED)
        self._last: tuple[str, tuple[str, ...]] | None = None

    @property
    def publishers(self) -> tuple[Publisher, ...]:
        return self._key_details, self._suggestions

    def publish_keys(self, key_events: Iterable[KeyEvent]) -> None:
        for event in key_events:
            self._key_details.publish(_make_message(describe_key_event(event)))

    def publish_suggestions(self, stamp_ns: int, word: str, suggestions: tuple[str, ...]) -> None:
        """word: what each of them would replace at the end of the text. Nothing is sent if both are as before."""
        if (word, suggestions) != self._last:
            self._last = word, suggestions
            value = {"stamp_ns": stamp_ns, "word": word, "suggestions": list(suggestions)}
            self._suggestions.publish(_make_message(value))


def parse_suggestions(text: str) -> list[str]:
    """The words of a message of `suggestions`, which may be anybody's. Raises ValueError if it is not one."""
    value = json.loads(text) if len(text) <= _MAX_LENGTH else None
    words = value.get("suggestions") if isinstance(value, dict) else None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("a message of `suggestions` is none; see config/typing_messages.schema.json")
    return words[:_MAX_SUGGESTIONS]


def describe_key_event(event: KeyEvent) -> dict[str, Any]:
    """The fields of `KeyEvent` under the names of an events file (recordings/events.py)."""
    contact = event.contact
    return {
        "stamp_ns": contact.contact_ns,
        "decided_ns": contact.stamp_ns,
        "type": contact.type,
        "hand": contact.hand,
        "finger": contact.finger,
        "press": contact.press,
        "confidence": round(float(contact.confidence), 4),
        "keyboard": event.keyboard,
        "key": event.key or None,
        "text": event.text,
        "modifiers": list(event.modifiers),
        "rejected": event.rejected,
        "reason": event.reason,
        "repeat": event.repeat,
    }


def _make_message(value: dict[str, Any]) -> String:
    return String(data=json.dumps(value, allow_nan=False, ensure_ascii=False))
