"""key_injector_node: types into the desktop by a virtual keyboard: docs/desktop.md.

Subscribes key_events, open_presses, fingertips (only to tell that the contact node is alive) and `deadman_topic`. Ends
at once unless one of `deadman_topic`, `deadman_key` and `allow` says when keys are injected.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.desktop.guard import GuardSettings, InjectionGuard
from fingertip_contact.desktop.injector import KeyInjector
from fingertip_contact.desktop.key_codes import find_key_codes
from fingertip_contact.desktop.physical_key import PhysicalKey
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.protocols import KeySink
from fingertip_contact.registry import KEY_SINKS
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.message_guard import leave_out_invalid
from fingertip_contact.ros.parameter_tables import KeyInjectorSettings
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import EXIT_USAGE, ShutdownEvent, run_node
from fingertip_contact.safe_text import describe, to_one_line

# Added to the timeouts, at most.
CHECK_PERIOD_S = 0.05
# A word is worth something only when it is new.
DEADMAN_QOS = qos.make_profile(1, reliable=False)


class KeyInjectorNode(Node):
    def __init__(self, shutdown_event: ShutdownEvent) -> None:
        """Raises ValueError or OSError where nothing allows keys, or layout or sink cannot be used."""
        self._sink: KeySink | None = None
        self._physical_key: PhysicalKey | None = None
        super().__init__("key_injector_node", namespace=PACKAGE)
        self._shutdown_event = shutdown_event
        settings = NodeParameters(self, KeyInjectorSettings).snapshot()
        guard_settings = make_guard_settings(settings)
        layout = load_layout(settings.layout)
        codes = choose_codes(layout, guard_settings)
        if mute := sorted(layout.by_name.keys() - codes.keys() - {settings.kill_key, settings.deadman_key}):
            self.get_logger().warning(f"no key code is known for {to_one_line(', '.join(mute))}: these type nothing")
        modifiers = {
            codes[key.name]: key.modifier
            for key in layout.keys
            if key.name in codes and key.modifier and key.modifier != "caps_lock"
        }
        if settings.physical_kill_key:
            self._physical_key = PhysicalKey(settings.physical_kill_key)
        sink = KEY_SINKS.make(settings.sink, tuple(sorted(set(codes.values()))), required=("write", "close"))
        self._sink = sink
        self._injector = KeyInjector(sink, codes, modifiers)
        self._guard = InjectionGuard(self._injector, guard_settings)
        self._obstacle: str | None = None
        self._subscribe(settings.deadman_topic)
        report = self._watch(self._report)
        self.create_timer(CHECK_PERIOD_S, lambda: report(None), clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy_node(self) -> None:
        """Everything comes up, and the keyboard goes."""
        if self._sink is not None:
            try:
                with closing(self._sink):
                    self._injector.release_all()
            except OSError as error:
                self.get_logger().error(f"keys may have stayed down: {to_one_line(str(error))}")
            self._sink = None
        if self._physical_key is not None:
            self._physical_key.close()
        super().destroy_node()

    def _subscribe(self, deadman_topic: str) -> None:
        for message_type, topic, receive, profile in (
            (InteractiveMarkerFeedback, "key_events", self._take_event, qos.EVENT),
            (InteractiveMarkerInit, "open_presses", self._take_open_presses, qos.LATCHED),
        ):
            qos.create_subscription(self, message_type, topic, self._watch(receive), profile)
        # Not decoded: that it came is enough.
        qos.create_subscription(
            self, PointCloud2, "fingertips", self._watch(self._hear_contact_node), qos.RESULT, raw=True
        )
        if not deadman_topic:
            return
        try:
            self.create_subscription(Bool, deadman_topic, self._watch(self._hear_deadman), DEADMAN_QOS)
        except InvalidTopicNameException as error:
            raise ValueError(f"deadman_topic is {describe(deadman_topic)}: {error}") from error

    def _watch(self, receive: Callable[[Any], None]) -> Callable[[Any], None]:
        """Invalid messages are left out. Without a keyboard of its own, or one with the kill key, the node ends."""
        receive_valid = leave_out_invalid(self, receive)

        def take(message: Any) -> None:
            try:
                receive_valid(message)
            except OSError as error:
                self.get_logger().error(f"a keyboard is gone: {to_one_line(str(error))}")
                self._shutdown_event.exit_code = EXIT_USAGE
                self._shutdown_event.set()

        return take

    def _take_event(self, message: InteractiveMarkerFeedback) -> None:
        self._guard.take_event(messages.parse_key_event(message), time.monotonic())

    def _take_open_presses(self, message: InteractiveMarkerInit) -> None:
        fingers = [marker.description for marker in message.markers]
        self._guard.take_open_presses(fingers, message.seq_num, time.monotonic())

    def _hear_contact_node(self, message: bytes) -> None:
        self._guard.hear_contact_node(time.monotonic())

    def _hear_deadman(self, message: Bool) -> None:
        self._guard.hear_deadman(message.data, time.monotonic())

    def _report(self, _: None) -> None:
        if self._physical_key is not None and self._physical_key.was_pressed():
            self._guard.kill("the kill key was pressed on a keyboard")
        obstacle = self._guard.check(time.monotonic())
        if obstacle != self._obstacle:
            self._obstacle = obstacle
            self.get_logger().info(f"keys are not injected: {obstacle}" if obstacle else "keys are injected")


def make_guard_settings(settings: KeyInjectorSettings) -> GuardSettings:
    """Raises ValueError unless exactly one thing allows keys."""
    return GuardSettings(
        allow=settings.allow,
        deadman_topic=settings.deadman_topic,
        deadman_key=settings.deadman_key,
        kill_key=settings.kill_key,
        deadman_timeout_s=settings.deadman_timeout_s,
        silence_timeout_s=settings.silence_timeout_s,
    )


def choose_codes(layout: Layout, guard_settings: GuardSettings) -> dict[str, str]:
    """The code of each key that types; deadman and kill key are none of them.

    Raises ValueError where the layout lacks those, or has no key that types.
    """
    special = {"deadman_key": guard_settings.deadman_key, "kill_key": guard_settings.kill_key}
    for parameter, name in special.items():
        if name and name not in layout.by_name:
            raise ValueError(f"{parameter} is {name!r}, which is no key of the layout {layout.name}")
    codes = find_key_codes(key for key in layout.keys if key.name not in special.values())
    if not codes:
        raise ValueError(f"no key of the layout {layout.name} has a key code; name its keys as docs/desktop.md says")
    return codes


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(KeyInjectorNode)
