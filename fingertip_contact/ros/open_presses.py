"""The presses that are down now, as a message for consumers that have missed the end of one.

visualization_msgs/InteractiveMarkerInit is the state to which the events, InteractiveMarkerFeedback, are the changes.
One marker per press: `description` is the finger, `name` the keyboard, the name of its only control the key, both empty
for a press on no key; `pose` holds the contact point, `header` stamp and frame of the press. `seq_num` is the stamp of
the list, nanoseconds, and `server_id` the node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from visualization_msgs.msg import InteractiveMarker, InteractiveMarkerControl, InteractiveMarkerInit

from fingertip_contact.datatypes import ContactEvent, KeyEvent
from fingertip_contact.ros.messages import make_contact_event


class OpenPresses:
    """Follows the events of a node."""

    def __init__(self) -> None:
        self._keys: dict[int, KeyEvent] = {}

    def update(self, contact_events: Iterable[ContactEvent], key_events: Iterable[KeyEvent]) -> bool:
        """Add the events of one frame, in order; whether a press began or ended."""
        before = list(self._keys)
        on_keys = {event.contact.press: event for event in key_events if event.contact.type == "press"}
        for event in contact_events:
            if event.type == "press":
                self._keys[event.press] = on_keys.get(event.press, KeyEvent(event, "", "", ""))
            elif event.type != "move":
                self._keys.pop(event.press, None)
        return list(self._keys) != before

    def make_cancels(self, stamp_ns: int) -> tuple[KeyEvent, ...]:
        """The cancel of each open press, at this stamp."""
        return tuple(
            replace(key, contact=replace(key.contact, type="cancel", stamp_ns=stamp_ns, contact_ns=stamp_ns), text="")
            for key in self._keys.values()
        )

    def make_message(self, node: str, stamp_ns: int, frame_id: str) -> InteractiveMarkerInit:
        """The list at this stamp. node: its full name."""
        markers = [_make_marker(frame_id, key) for key in self._keys.values()]
        return InteractiveMarkerInit(server_id=node, seq_num=max(stamp_ns, 0), markers=markers)


def _make_marker(frame_id: str, event: KeyEvent) -> InteractiveMarker:
    press = make_contact_event(frame_id, event.contact)
    return InteractiveMarker(
        header=press.header,
        pose=press.pose,
        name=event.keyboard if event.key else "",
        description=press.client_id,
        controls=[InteractiveMarkerControl(name=event.key)],
    )
