"""Prints key events: press and release, key, finger, and how long before the deciding frame the finger touched.

A press whose node was killed hard has no release: the latched list of open presses tells of it.
"""

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

TOPIC, OPEN_PRESSES_TOPIC = "/fingertip_contact/key_events", "/fingertip_contact/open_presses"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def describe_event(message: InteractiveMarkerFeedback) -> str:
    """One line for a press, release or cancel; empty for a finger that slides and a key that repeats."""
    if message.event_type == InteractiveMarkerFeedback.MOUSE_DOWN:
        name = "press"
    elif message.event_type == InteractiveMarkerFeedback.MOUSE_UP:
        name = "release" if message.mouse_point_valid else "cancel"
    else:
        return ""
    key = message.control_name or "beside every key"
    return f"{name} {key!r} by {message.client_id}, {message.menu_entry_id / 1000:.0f} ms ago"


class KeyPrinter(Node):
    def __init__(self) -> None:
        super().__init__("key_printer")
        # The stamp of each finger's press, nanoseconds, until it ends.
        self.pressed_ns: dict[str, int] = {}
        self.create_subscription(InteractiveMarkerFeedback, TOPIC, self.print_event, QoSProfile(depth=100))
        self.create_subscription(InteractiveMarkerInit, OPEN_PRESSES_TOPIC, self.end_missed_presses, LATCHED)

    def print_event(self, message: InteractiveMarkerFeedback) -> None:
        stamp = message.header.stamp
        if message.event_type == InteractiveMarkerFeedback.MOUSE_DOWN:
            self.pressed_ns[message.client_id] = stamp.sec * 10**9 + stamp.nanosec
        elif message.event_type == InteractiveMarkerFeedback.MOUSE_UP:
            self.pressed_ns.pop(message.client_id, None)
        if line := describe_event(message):
            self.get_logger().info(line)

    def end_missed_presses(self, message: InteractiveMarkerInit) -> None:
        """A press that is not in a list of its own time or later has ended; its MOUSE_UP may still be on the way."""
        open_fingers = {marker.description for marker in message.markers}
        for finger, stamp_ns in list(self.pressed_ns.items()):
            if finger not in open_fingers and stamp_ns <= message.seq_num:
                del self.pressed_ns[finger]
                self.get_logger().info(f"the press by {finger} is over: it is not among the open ones")


def main() -> None:
    rclpy.init()
    try:
        rclpy.spin(KeyPrinter())
    except KeyboardInterrupt:
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
