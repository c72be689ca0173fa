"""Prints key events: press and release, key, finger, and how long before the deciding frame the finger touched."""

import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from visualization_msgs.msg import InteractiveMarkerFeedback

TOPIC = "/fingertip_contact/key_events"


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
        self.create_subscription(InteractiveMarkerFeedback, TOPIC, self.print_event, QoSProfile(depth=100))

    def print_event(self, message: InteractiveMarkerFeedback) -> None:
        if line := describe_event(message):
            self.get_logger().info(line)


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
