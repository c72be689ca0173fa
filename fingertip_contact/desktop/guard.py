"""When keys may be injected: a deadman, a kill key, and a contact node that is alive."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from fingertip_contact.datatypes import KeyEvent
from fingertip_contact.desktop.injector import KeyInjector


@dataclass(frozen=True)
class GuardSettings:
    """allow: always, without a deadman. deadman_topic: its name, for messages. deadman_key, kill_key: names of keys;
    empty: none. deadman_timeout_s: how long a word of the deadman topic holds. silence_timeout_s: how long keys may be
    down without a word from the contact node."""

    allow: bool = False
    deadman_topic: str = ""
    deadman_key: str = ""
    kill_key: str = ""
    deadman_timeout_s: float = 0.5
    silence_timeout_s: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError unless exactly one thing allows keys."""
        if sum(map(bool, (self.allow, self.deadman_topic, self.deadman_key))) != 1:
            raise ValueError(
                "exactly one thing has to allow keys into the desktop: set deadman_topic, deadman_key, or allow to true"
            )
        if self.kill_key and self.kill_key == self.deadman_key:
            raise ValueError(f"kill_key and deadman_key are both {self.kill_key!r}; choose two keys")


class InjectionGuard:
    """Passes key events on while that is allowed; while it is not, nothing is down. All times are of one monotonic
    clock, seconds."""

    def __init__(self, injector: KeyInjector, settings: GuardSettings) -> None:
        self._injector = injector
        self._settings = settings
        self._killed_by = ""
        self._deadman_s = -math.inf
        self._word_s = -math.inf
        # The fingers on the deadman key, and the stamps of their presses.
        self._deadman_holds: dict[str, int] = {}

    def take_event(self, event: KeyEvent, now_s: float) -> None:
        """A key event of the contact node, in order. A press that comes while keys are not allowed is lost."""
        self.hear_contact_node(now_s)
        contact = event.contact
        finger = f"{contact.hand}_{contact.finger}"
        if contact.type == "move":
            return
        self._deadman_holds.pop(finger, None)
        if contact.type != "press":
            self._injector.end(finger, contact.contact_ns)
        elif event.key and event.key == self._settings.kill_key:
            self.kill(f"the kill key {event.key} was pressed")
        elif event.key and event.key == self._settings.deadman_key:
            self._injector.end(finger, contact.contact_ns)
            self._deadman_holds[finger] = contact.stamp_ns
        elif not self.find_obstacle(now_s):
            self._injector.press(finger, event.key, contact.stamp_ns, contact.contact_ns)
        self.check(now_s)

    def take_open_presses(self, fingers: Iterable[str], stamp_ns: int, now_s: float) -> None:
        """The fingers that are down at this stamp: presses that were decided until then, of others, have ended."""
        self.hear_contact_node(now_s)
        kept = set(fingers)
        for finger, press_ns in list(self._deadman_holds.items()):
            if finger not in kept and press_ns <= stamp_ns:
                del self._deadman_holds[finger]
        self._injector.keep_only(kept, stamp_ns)
        self.check(now_s)

    def hear_contact_node(self, now_s: float) -> None:
        """The contact node is alive. What was held before a silence has come up."""
        self.check(now_s)
        self._word_s = now_s

    def hear_deadman(self, is_on: bool, now_s: float) -> None:
        """A word of the deadman topic; false lets everything go at once."""
        self.check(now_s)
        self._deadman_s = now_s if is_on else -math.inf
        self.check(now_s)

    def kill(self, reason: str) -> None:
        """No key is injected any more; the next check lets everything go."""
        self._killed_by = reason

    def check(self, now_s: float) -> str:
        """Let everything go where keys are not allowed; why they are not, empty where they are."""
        obstacle = self.find_obstacle(now_s)
        if obstacle:
            self._injector.release_all()
        if self._is_silent(now_s):
            self._deadman_holds.clear()
        return obstacle

    def find_obstacle(self, now_s: float) -> str:
        """Why keys are not allowed now; empty where they are."""
        settings = self._settings
        if self._killed_by:
            return f"{self._killed_by}; start the node again"
        if settings.deadman_topic and now_s - self._deadman_s > settings.deadman_timeout_s:
            return f"{settings.deadman_topic} has not said true within {settings.deadman_timeout_s:g} s"
        if settings.deadman_key and not self._deadman_holds:
            return f"no finger holds the deadman key {settings.deadman_key}"
        return "the contact node is silent" if self._is_silent(now_s) else ""

    def _is_silent(self, now_s: float) -> bool:
        return now_s - self._word_s > self._settings.silence_timeout_s
