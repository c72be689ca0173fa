"""Publishes a goal above each key that is pressed, as a geometry_msgs/PoseStamped."""

import argparse

import rclpy
from geometry_msgs.msg import PoseStamped, Quaternion
from rclpy.node import Node
from rclpy.qos import QoSProfile
from visualization_msgs.msg import InteractiveMarkerFeedback, MarkerArray

EVENTS, MARKERS = "/fingertip_contact/key_events", "/fingertip_contact/markers"
SURFACE = "surface"


def find_normal(sheet: Quaternion) -> tuple[float, float, float]:
    """The sheet's z axis in the camera's frame: up from the desk."""
    x, y, z, w = sheet.x, sheet.y, sheet.z, sheet.w
    return 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)


def turn_over(sheet: Quaternion) -> Quaternion:
    """Half a turn about the sheet's x axis: a tool's z axis points at the desk, its x to the typist's right."""
    return Quaternion(x=sheet.w, y=sheet.z, z=-sheet.y, w=-sheet.x)


class GoalPublisher(Node):
    def __init__(self, height_m: float) -> None:
        super().__init__("robot_goal")
        self._height_m = height_m
        self._sheet: Quaternion | None = None
        self._goals = self.create_publisher(PoseStamped, "goal", QoSProfile(depth=10))
        self.create_subscription(MarkerArray, MARKERS, self.update_sheet, QoSProfile(depth=1))
        self.create_subscription(InteractiveMarkerFeedback, EVENTS, self.publish_goal, QoSProfile(depth=100))

    def update_sheet(self, message: MarkerArray) -> None:
        """How the sheet lies, once it has been found."""
        for marker in message.markers:
            if marker.ns == SURFACE:
                self._sheet = marker.pose.orientation

    def publish_goal(self, message: InteractiveMarkerFeedback) -> None:
        if message.event_type != InteractiveMarkerFeedback.MOUSE_DOWN or self._sheet is None:
            return
        # The event's header names the camera's frame, and the image in which the touch was decided.
        goal = PoseStamped(header=message.header)
        normal, touch, position = find_normal(self._sheet), message.mouse_point, goal.pose.position
        position.x = touch.x + self._height_m * normal[0]
        position.y = touch.y + self._height_m * normal[1]
        position.z = touch.z + self._height_m * normal[2]
        goal.pose.orientation = turn_over(self._sheet)
        self._goals.publish(goal)
        self.get_logger().info(f"key {message.control_name}: a goal {self._height_m * 100:.0f} cm above it")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height-m", type=float, default=0.05, help="how far above the key, metres")
    arguments, _ = parser.parse_known_args()
    rclpy.init()
    try:
        rclpy.spin(GoalPublisher(arguments.height_m))
    except KeyboardInterrupt:
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
