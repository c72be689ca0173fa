"""The markers as RViz is told to show them, drawn by OpenCV: for pictures where RViz cannot run.

What is drawn is the message alone, from the view of config/fingertip_contact.rviz: lists of lines and of balls, and
cuboids as the plates that they are here. There is no light, and RViz draws better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import yaml
from visualization_msgs.msg import Marker, MarkerArray

from fingertip_contact.resources import find_share_file
from fingertip_contact.ros.messages import quaternion_to_rotation

# RViz's own, of its window's height.
FIELD_OF_VIEW_DEG = 45.0
LINE_SHIFT = 4


@dataclass(frozen=True)
class View:
    """An orbit around focal_m, in RViz's sense: yaw, radians, around z, pitch towards it; up is in the image."""

    focal_m: np.ndarray
    distance_m: float
    yaw: float
    pitch: float
    up: np.ndarray
    background_bgr: tuple[int, int, int]

    @property
    def eye_m(self) -> np.ndarray:
        flat = math.cos(self.pitch)
        direction = np.array([math.cos(self.yaw) * flat, math.sin(self.yaw) * flat, math.sin(self.pitch)])
        return self.focal_m + self.distance_m * direction

    @property
    def axes(self) -> np.ndarray:
        """(3, 3): right, down and forward in the image, as rows."""
        forward = (self.focal_m - self.eye_m) / self.distance_m
        right = np.cross(forward, self.up)
        right /= np.linalg.norm(right)
        return np.array([right, np.cross(forward, right), forward])


def load_view() -> View:
    """Of config/fingertip_contact.rviz."""
    manager = yaml.safe_load(find_share_file("config/fingertip_contact.rviz").read_text())["Visualization Manager"]
    view = manager["Views"]["Current"]
    red, green, blue = map(int, manager["Global Options"]["Background Color"].split(";"))
    focal_m = np.array([view["Focal Point"][axis] for axis in "XYZ"], dtype=np.float64)
    # "Invert Z Axis" turns all three, as RViz does it.
    sign = -1.0 if view["Invert Z Axis"] else 1.0
    up = np.array([0.0, 0.0, sign])
    return View(focal_m, view["Distance"], sign * view["Yaw"], sign * view["Pitch"], up, (blue, green, red))


def draw_markers(message: MarkerArray, view: View, size_px: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8. size_px: width and height."""
    width, height = size_px
    image = np.full((height, width, 3), view.background_bgr, np.uint8)
    focal_px = height / 2 / math.tan(math.radians(FIELD_OF_VIEW_DEG) / 2)

    def project(points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and distances."""
        seen = (points_m - view.eye_m) @ view.axes.T
        return seen[:, :2] / seen[:, 2:] * focal_px + (width / 2, height / 2), seen[:, 2]

    # What is seen through, first.
    for marker in sorted(message.markers, key=lambda marker: marker.type != Marker.CUBE):
        points_m = _place(marker, _list_points(marker))
        if not len(points_m):
            continue
        pixels, distances_m = project(points_m)
        if marker.type == Marker.SPHERE_LIST:
            for index in np.argsort(-distances_m):
                radius_px = focal_px * marker.scale.x / 2 / distances_m[index]
                _draw_ball(image, pixels[index], radius_px, _to_bgr(marker.colors[index]))
        elif marker.type == Marker.LINE_LIST:
            width_px = max(1, round(focal_px * marker.scale.x / float(np.median(distances_m))))
            lines = np.rint(pixels * (1 << LINE_SHIFT)).astype(np.int32).reshape(-1, 2, 2)
            cv2.polylines(image, list(lines), False, _to_bgr(marker.color), width_px, cv2.LINE_AA, LINE_SHIFT)
        elif marker.type == Marker.CUBE:
            plate = image.copy()
            corners = np.rint(pixels * (1 << LINE_SHIFT)).astype(np.int32)
            cv2.fillPoly(plate, [corners], _to_bgr(marker.color), cv2.LINE_AA, LINE_SHIFT)
            cv2.addWeighted(plate, marker.color.a, image, 1 - marker.color.a, 0, dst=image)
    return image


def _list_points(marker: Marker) -> np.ndarray:
    """(N, 3) metres, of a cuboid the corners of its plane z = 0."""
    if marker.type == Marker.CUBE:
        half = 0.5 * np.array([marker.scale.x, marker.scale.y, 0.0])
        return half * np.array([[-1, 1, 0], [1, 1, 0], [1, -1, 0], [-1, -1, 0]])
    return np.array([[point.x, point.y, point.z] for point in marker.points]).reshape(-1, 3)


def _place(marker: Marker, points_m: np.ndarray) -> np.ndarray:
    position, turn = marker.pose.position, marker.pose.orientation
    rotation = quaternion_to_rotation((turn.x, turn.y, turn.z, turn.w))
    return points_m @ rotation.T + [position.x, position.y, position.z]


def _draw_ball(image: np.ndarray, center_px: np.ndarray, radius_px: float, color: tuple[int, int, int]) -> None:
    center = tuple(np.rint(center_px * (1 << LINE_SHIFT)).astype(int).tolist())
    cv2.circle(image, center, round(radius_px * (1 << LINE_SHIFT)), color, -1, cv2.LINE_AA, LINE_SHIFT)


def _to_bgr(color: object) -> tuple[int, int, int]:
    return tuple(round(255 * getattr(color, name)) for name in "bgr")  # type: ignore[return-value]
