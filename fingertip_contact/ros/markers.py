"""Markers for RViz, in the overlay's colours: keys, fingertips by state, the surface."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from fingertip_contact.datatypes import Fingertip, FrameResult
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.ros.messages import SURFACE, quaternion_to_rotation, rotation_to_quaternion
from fingertip_contact.visualization.overlay import KEY_COLOR_BGR, STATE_COLORS_BGR, compute_key_corners_m

# Markers disappear when the camera stops.
LIFETIME = Duration(sec=1)
FINGERTIP_DIAMETER_M = 0.008
KEY_LINE_WIDTH_M = 0.0008


def make_markers(header: Header, result: FrameResult, layout: Layout) -> MarkerArray:
    """All markers of a frame: fingertips, and keys and surface once the sheet has been found."""
    markers = [make_fingertip_marker(header, result.fingertips)]
    if result.camera_from_sheet is not None:
        markers += [
            make_key_marker(header, layout, result.camera_from_sheet),
            make_surface_marker(header, layout, result.camera_from_sheet),
        ]
    return MarkerArray(markers=markers)


def make_fingertip_marker(header: Header, tips: Iterable[Fingertip]) -> Marker:
    """A sphere for every fingertip that is not lost."""
    marker = _make_marker(header, "fingertips", Marker.SPHERE_LIST, FINGERTIP_DIAMETER_M)
    for tip in tips:
        if np.all(np.isfinite(tip.point_m)):
            marker.points.append(_make_point(tip.point_m))
            marker.colors.append(_make_color(STATE_COLORS_BGR[tip.state]))
    return marker


def make_key_marker(header: Header, layout: Layout, camera_from_sheet: RigidTransform) -> Marker:
    """The outline of every key."""
    marker = _make_marker(header, "keys", Marker.LINE_LIST, KEY_LINE_WIDTH_M)
    marker.pose = _make_pose(camera_from_sheet)
    marker.color = _make_color(KEY_COLOR_BGR)
    for key in layout.keys:
        corners = [_make_point(corner_m) for corner_m in compute_key_corners_m(key)]
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            marker.points += [start, end]
    return marker


def make_surface_marker(header: Header, layout: Layout, camera_from_sheet: RigidTransform) -> Marker:
    """The sheet on the surface, a thin glass plate."""
    marker = _make_marker(header, SURFACE, Marker.CUBE, 0.0)
    width_m, height_m = layout.sheet_size_m
    marker.scale = Vector3(x=float(width_m), y=float(height_m), z=0.0005)
    marker.pose = _make_pose(camera_from_sheet)
    marker.color = ColorRGBA(r=0.8, g=0.8, b=0.8, a=0.25)
    return marker


def parse_sheet_pose(message: MarkerArray) -> RigidTransform | None:
    """camera_from_sheet, by the marker of the surface; None where it is not there.

    Raises ValueError if the marker's orientation is none.
    """
    for marker in message.markers:
        if marker.ns == SURFACE:
            position, turn = marker.pose.position, marker.pose.orientation
            rotation = quaternion_to_rotation((turn.x, turn.y, turn.z, turn.w))
            return RigidTransform(rotation, np.array([position.x, position.y, position.z]))
    return None


def _make_marker(header: Header, namespace: str, marker_type: int, size_m: float) -> Marker:
    pose = Pose(orientation=Quaternion(w=1.0))
    scale = Vector3(x=size_m, y=size_m, z=size_m)
    return Marker(
        header=header,
        ns=namespace,
        id=0,
        type=marker_type,
        action=Marker.ADD,
        pose=pose,
        scale=scale,
        lifetime=LIFETIME,
    )


def _make_pose(camera_from_sheet: RigidTransform) -> Pose:
    x, y, z, w = rotation_to_quaternion(camera_from_sheet.rotation)
    return Pose(position=_make_point(camera_from_sheet.translation_m), orientation=Quaternion(x=x, y=y, z=z, w=w))


def _make_point(point_m: np.ndarray) -> Point:
    x, y, z = map(float, point_m)
    return Point(x=x, y=y, z=z)


def _make_color(bgr: tuple[int, int, int]) -> ColorRGBA:
    blue, green, red = (value / 255 for value in bgr)
    return ColorRGBA(r=red, g=green, b=blue, a=1.0)
