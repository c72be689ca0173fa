"""The node of a selftest: it publishes what nodes read, and keeps what they say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import qos
from fingertip_contact.selftest.finding import FindingError, require

SPIN_S = 0.02
# A loaded machine delivers late.
DEADLINE_S = 30.0
# No API reports when a server has discovered a client's reader; an earlier response is lost.
DISCOVERY_S = 1.0
DOWN, UP = InteractiveMarkerFeedback.MOUSE_DOWN, InteractiveMarkerFeedback.MOUSE_UP


class Listener(Node):
    """Lists grow with the messages of each topic."""

    def __init__(self) -> None:
        super().__init__("selftest", namespace=PACKAGE)
        self._executor_of_one = SingleThreadedExecutor()
        self._executor_of_one.add_node(self)
        self._clients_by_name: dict[str, Any] = {}
        self.keys: list[InteractiveMarkerFeedback] = self.listen(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        self.contacts: list[InteractiveMarkerFeedback] = self.listen(
            InteractiveMarkerFeedback, "contact_events", qos.EVENT
        )
        self.open_lists: list[InteractiveMarkerInit] = self.listen(InteractiveMarkerInit, "open_presses", qos.LATCHED)
        self.texts: list[String] = self.listen(String, "typed_text", qos.LATCHED)
        self.fingertips: list[PointCloud2] = self.listen(PointCloud2, "fingertips", qos.RESULT)
        self.diagnostics: list[DiagnosticArray] = self.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

    def listen(self, message_type: type, topic: str, profile: Any) -> list[Any]:
        """A list that grows with the messages of a topic."""
        received: list[Any] = []
        self.create_subscription(message_type, topic, received.append, profile)
        return received

    def close(self) -> None:
        """Before rclpy ends."""
        self._executor_of_one.shutdown()
        self.destroy_node()

    def spin(self, seconds: float = 0.0) -> None:
        """Receive for this long; once where it is zero."""
        expires_s = time.monotonic() + seconds
        self._executor_of_one.spin_once(timeout_sec=min(seconds, SPIN_S))
        while (remaining_s := expires_s - time.monotonic()) > 0:
            self._executor_of_one.spin_once(timeout_sec=min(remaining_s, SPIN_S))

    def wait_until(self, condition: Callable[[], bool], description: str, deadline_s: float = DEADLINE_S) -> None:
        """Receive until the condition holds. Raises FindingError after the deadline."""
        expires_s = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() > expires_s:
                raise FindingError(f"waited {deadline_s:g} s for {description}")
            self.spin(SPIN_S)

    def call(self, service_type: type, name: str, request: Any) -> Any:
        """The response of a service of another node in this namespace. Raises FindingError if there is none."""
        client = self._clients_by_name.get(name)
        if client is None:
            client = self._clients_by_name[name] = self.create_client(service_type, name)
            self.wait_until(client.service_is_ready, f"the service {name}")
            self.spin(DISCOVERY_S)
        future = client.call_async(request)
        self.wait_until(future.done, f"a response of {name}")
        return future.result()

    def statuses(self, since: int = 0) -> list[DiagnosticStatus]:
        """Of all nodes, from this message of /diagnostics on."""
        return [status for message in self.diagnostics[since:] for status in message.status]

    def check_presses(self) -> int:
        """The number of presses that are down, of all key events so far. Raises FindingError where a finger is pressed
        twice, or ends without a press."""
        down: dict[str, str] = {}
        for event in self.keys:
            if event.event_type == DOWN:
                require(event.client_id not in down, f"{event.client_id} is pressed twice")
                down[event.client_id] = event.control_name
            elif event.event_type == UP:
                require(
                    down.pop(event.client_id, None) == event.control_name,
                    f"{event.client_id} ends on {event.control_name!r} without a press",
                )
        return len(down)


def read_values(status: DiagnosticStatus) -> dict[str, str]:
    """The values of a status by their keys."""
    return {entry.key: entry.value for entry in status.values}
