"""Messages from this package's records, and back. Pure: no node, no clock.

Only standard messages. Each carries stamp and frame of the image that it derives from.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, TransformStamped
from sensor_msgs.msg import CameraInfo, PointCloud2, PointField
from std_msgs.msg import Header, String
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.datatypes import (
    FINGER_STATES,
    FINGERS,
    HANDS,
    LANDMARKS_PER_HAND,
    ContactEvent,
    EventType,
    FingerState,
    Fingertip,
    Hand,
    KeyEvent,
)
from fingertip_contact.geometry import Camera, RigidTransform

SURFACE = "surface"
MICROSECOND_NS = 1000
# `menu_entry_id` is a uint32: a longer time, of stamps that jumped, is cut to 71 minutes and does not wrap round.
MAX_MENU_ENTRY_ID = 2**32 - 1

# `hand`, `finger` and `state` are indices in datatypes.HANDS, FINGERS and FINGER_STATES.
HANDS_DTYPE = np.dtype(
    [("u", "<f4"), ("v", "<f4"), ("score", "<f4"), ("hand", "u1"), ("landmark", "u1"), ("track", "<u4")]
)
FINGERTIPS_DTYPE = np.dtype(
    [
        *[(name, "<f4") for name in ("x", "y", "z", "height", "speed", "score")],
        *[(name, "u1") for name in ("hand", "finger", "state")],
        ("track", "<u4"),
    ]
)
# x, y, z, height and speed of a finger that is lost.
_LOST_VALUES = (math.nan,) * 5
_POINT_FIELD_TYPES = {"f4": PointField.FLOAT32, "u1": PointField.UINT8, "u4": PointField.UINT32}

_EVENT_TYPES: dict[EventType, int] = {
    "press": InteractiveMarkerFeedback.MOUSE_DOWN,
    "move": InteractiveMarkerFeedback.POSE_UPDATE,
    "release": InteractiveMarkerFeedback.MOUSE_UP,
    "cancel": InteractiveMarkerFeedback.MOUSE_UP,
}

_EVENT_NAMES: dict[int, EventType] = {event_code: name for name, event_code in _EVENT_TYPES.items() if name != "cancel"}


def stamp_to_ns(message_stamp: Time) -> int:
    """A message's stamp in nanoseconds. Raises ValueError for an invalid one: negative, or nanoseconds >= 1e9."""
    if message_stamp.sec < 0 or message_stamp.nanosec >= 1_000_000_000:
        raise ValueError(f"the stamp {message_stamp.sec} s {message_stamp.nanosec} ns is not valid")
    return message_stamp.sec * 1_000_000_000 + message_stamp.nanosec


def make_header(stamp_ns: int, frame_id: str) -> Header:
    """A header with a stamp in nanoseconds."""
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    return Header(stamp=Time(sec=seconds, nanosec=nanoseconds), frame_id=frame_id)


def make_camera_info(header: Header, camera: Camera) -> CameraInfo:
    """The intrinsics of the image with this header, which is not rectified."""
    projection = np.column_stack([camera.matrix, np.zeros(3)])
    return CameraInfo(
        header=header,
        width=camera.width,
        height=camera.height,
        distortion_model="plumb_bob" if len(camera.distortion) <= 5 else "rational_polynomial",
        d=list(camera.distortion or (0.0,) * 5),
        k=camera.matrix.ravel(),
        r=np.eye(3).ravel(),
        p=projection.ravel(),
    )


def make_hands(header: Header, hands: Iterable[Hand]) -> PointCloud2:
    """21 points per hand, pixels, never NaN; no points without a hand."""
    hands = tuple(hands)
    points = np.zeros((len(hands), LANDMARKS_PER_HAND), HANDS_DTYPE)
    points["landmark"] = np.arange(LANDMARKS_PER_HAND)
    for row, hand in zip(points, hands, strict=True):
        row["u"], row["v"] = hand.landmarks_px.T
        row["score"], row["hand"], row["track"] = hand.score, HANDS.index(hand.handedness), hand.track
    return _make_cloud(header, points.ravel(), is_dense=True)


def parse_hands(message: PointCloud2) -> tuple[Hand, ...]:
    """The hands of a `hands` message. handedness_score is 1: the tracker has already decided between left and right.

    Raises ValueError where fields, length or values are not those of `hands`.
    """
    points = _parse_points(message, HANDS_DTYPE)
    if len(points) % LANDMARKS_PER_HAND:
        raise ValueError(f"the hands message holds {len(points)} points, not a multiple of {LANDMARKS_PER_HAND}")
    rows = points.reshape(-1, LANDMARKS_PER_HAND)
    if np.any(rows["landmark"] != np.arange(LANDMARKS_PER_HAND)) or np.any(rows["hand"] >= len(HANDS)):
        raise ValueError("the hands message does not list landmarks 0 to 20 of hands 0 or 1, hand by hand")
    landmarks_px = np.stack([rows["u"], rows["v"]], axis=-1)
    if not np.all(np.isfinite(landmarks_px)):
        raise ValueError("the hands message holds a landmark that is not finite")
    if not np.all(np.isfinite(rows["score"])):
        raise ValueError("the hands message holds a score that is not finite")
    return tuple(
        Hand(
            track=int(row["track"][0]),
            handedness=HANDS[row["hand"][0]],
            handedness_score=1.0,
            score=float(row["score"][0]),
            landmarks_px=landmark_px,
        )
        for row, landmark_px in zip(rows, landmarks_px, strict=True)
    )


def make_fingertips(header: Header, tips: Iterable[Fingertip]) -> PointCloud2:
    """One point per finger, metres in the camera's optical frame; x, y, z, height and speed are all NaN if it is lost,
    and none of them otherwise: a finger of which one is unknown counts as lost."""
    rows = []
    for tip in tips:
        values = (*map(float, tip.point_m), tip.height_m, tip.speed_mps)
        is_lost = tip.state == "lost" or not all(map(math.isfinite, values))
        state: FingerState = "lost" if is_lost else tip.state
        indices = (HANDS.index(tip.hand), FINGERS.index(tip.finger), FINGER_STATES.index(state))
        rows.append((*(_LOST_VALUES if is_lost else values), tip.score, *indices, tip.track))
    points = np.array(rows, FINGERTIPS_DTYPE)
    return _make_cloud(header, points, is_dense=all(map(math.isfinite, points["x"])))


def parse_fingertips(message: PointCloud2) -> tuple[Fingertip, ...]:
    """The fingertips of a `fingertips` message, which carries no pixel: it is NaN.

    Raises ValueError where fields, length or values are not those of `fingertips`.
    """
    points = _parse_points(message, FINGERTIPS_DTYPE)
    limits = {"hand": len(HANDS), "finger": len(FINGERS), "state": len(FINGER_STATES)}
    if any(np.any(points[name] >= limit) for name, limit in limits.items()):
        raise ValueError(f"the fingertips message holds an index that is not below {limits}")
    return tuple(
        Fingertip(
            track=int(point["track"]),
            hand=HANDS[point["hand"]],
            finger=FINGERS[point["finger"]],
            pixel=(math.nan, math.nan),
            point_m=np.array([point["x"], point["y"], point["z"]], dtype=np.float64),
            height_m=float(point["height"]),
            speed_mps=float(point["speed"]),
            score=float(point["score"]),
            state=FINGER_STATES[point["state"]],
        )
        for point in points
    )


def make_contact_event(frame_id: str, event: ContactEvent) -> InteractiveMarkerFeedback:
    """A finger on the surface: `client_id` right_index, `marker_name` surface, no `control_name`.

    MOUSE_DOWN for a press, POSE_UPDATE for a move, MOUSE_UP for a release; for a cancelled press MOUSE_UP with
    `mouse_point_valid` false. The stamp is the deciding frame's; `menu_entry_id` is the time from touch-down or
    lift-off to that stamp, microseconds.
    """
    message = InteractiveMarkerFeedback(
        header=make_header(event.stamp_ns, frame_id),
        client_id=f"{event.hand}_{event.finger}",
        marker_name=SURFACE,
        event_type=_EVENT_TYPES[event.type],
        menu_entry_id=min(max(round((event.stamp_ns - event.contact_ns) / MICROSECOND_NS), 0), MAX_MENU_ENTRY_ID),
    )
    if all(map(math.isfinite, event.point_m)):
        x, y, z = map(float, event.point_m)
        message.mouse_point = Point(x=x, y=y, z=z)
        message.pose.position = Point(x=x, y=y, z=z)
        message.mouse_point_valid = event.type != "cancel"
    return message


def parse_contact_event(message: InteractiveMarkerFeedback) -> ContactEvent:
    """The event of a message. Messages carry no press, track and confidence: they are 0, 0 and 1.

    Raises ValueError if the message is not a contact event.
    """
    if message.event_type not in _EVENT_NAMES or message.client_id.count("_") != 1:
        raise ValueError(f"a message of {message.client_id!r}, event type {message.event_type}, is not a contact event")
    hand, finger = message.client_id.split("_")
    decision_ns = stamp_to_ns(message.header.stamp)
    cancelled = message.event_type == InteractiveMarkerFeedback.MOUSE_UP and not message.mouse_point_valid
    point = message.mouse_point
    return ContactEvent(
        stamp_ns=decision_ns,
        contact_ns=decision_ns - message.menu_entry_id * MICROSECOND_NS,
        type="cancel" if cancelled else _EVENT_NAMES[message.event_type],
        press=0,
        track=0,
        hand=HANDS[HANDS.index(hand)],
        finger=FINGERS[FINGERS.index(finger)],
        point_m=np.array([point.x, point.y, point.z]),
        confidence=1.0,
    )


def make_key_event(frame_id: str, event: KeyEvent) -> InteractiveMarkerFeedback:
    """A finger on a key: as `make_contact_event`; `marker_name` is the keyboard's name, `control_name` the key's."""
    message = make_contact_event(frame_id, event.contact)
    message.marker_name = event.keyboard
    message.control_name = event.key
    return message


def parse_key_event(message: InteractiveMarkerFeedback) -> KeyEvent:
    """The event of a message, which carries no text: it is empty. Raises as `parse_contact_event` does."""
    return KeyEvent(parse_contact_event(message), message.marker_name, message.control_name, "")


def make_text(text: str) -> String:
    """The text typed since the last clear."""
    return String(data=text)


def make_transform(header: Header, child_frame_id: str, parent_from_child: RigidTransform) -> TransformStamped:
    """A transform for TF; the header's frame is the parent."""
    message = TransformStamped(header=header, child_frame_id=child_frame_id)
    x, y, z = map(float, parent_from_child.translation_m)
    message.transform.translation.x, message.transform.translation.y, message.transform.translation.z = x, y, z
    qx, qy, qz, qw = rotation_to_quaternion(parent_from_child.rotation)
    rotation = message.transform.rotation
    rotation.x, rotation.y, rotation.z, rotation.w = qx, qy, qz, qw
    return message


def rotation_to_quaternion(rotation: np.ndarray) -> tuple[float, float, float, float]:
    """A rotation matrix (3, 3) as x, y, z, w with w >= 0: the eigenvector of Bar-Itzhack's symmetric 4x4 matrix
    (J. Guidance 23(6), 2000), accurate for every angle."""
    r = np.asarray(rotation, dtype=np.float64)
    skew = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    symmetric = np.zeros((4, 4))
    symmetric[:3, :3] = r + r.T - np.trace(r) * np.eye(3)
    symmetric[:3, 3] = symmetric[3, :3] = skew
    symmetric[3, 3] = np.trace(r)
    eigenvector = np.linalg.eigh(symmetric)[1][:, -1]
    x, y, z, w = (eigenvector if eigenvector[3] >= 0 else -eigenvector).tolist()
    return x, y, z, w


def quaternion_to_rotation(quaternion: tuple[float, float, float, float]) -> np.ndarray:
    """x, y, z, w of any length as a rotation matrix (3, 3). Raises ValueError where they are zero or not finite."""
    length = math.hypot(*quaternion)
    if not (math.isfinite(length) and length > 0):
        raise ValueError(f"the orientation {quaternion} is not valid")
    x, y, z, w = (value / length for value in quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _make_cloud(header: Header, points: np.ndarray, is_dense: bool) -> PointCloud2:
    """points: (N,) of a structured dtype, whose fields become the message's."""
    point_dtype = points.dtype
    assert point_dtype.fields is not None
    fields = [
        PointField(name=name, offset=offset, datatype=_POINT_FIELD_TYPES[field_dtype.str[1:]], count=1)
        for name, (field_dtype, offset, *_) in point_dtype.fields.items()
    ]
    return PointCloud2(
        header=header,
        height=1,
        width=len(points),
        fields=fields,
        is_bigendian=False,
        point_step=point_dtype.itemsize,
        row_step=points.nbytes,
        data=array("B", points.tobytes()),
        is_dense=is_dense,
    )


def _parse_points(message: PointCloud2, point_dtype: np.dtype) -> np.ndarray:
    """(N,) points of this dtype, read by field names at any offset. Raises ValueError where a field is missing."""
    count = message.width * message.height
    if message.is_bigendian or len(message.data) != count * message.point_step:
        raise ValueError(f"the point cloud does not hold {count} little-endian points of {message.point_step} bytes")
    sent_fields = {field.name: field for field in message.fields}
    assert point_dtype.fields is not None
    for name, (field_dtype, *_) in point_dtype.fields.items():
        if name not in sent_fields or sent_fields[name].datatype != _POINT_FIELD_TYPES[field_dtype.str[1:]]:
            raise ValueError(
                f"the point cloud has no field '{name}' of type {field_dtype}; it has {', '.join(sent_fields)}"
            )
    sent_dtype = np.dtype(
        {
            "names": list(point_dtype.fields),
            "formats": [field_dtype for field_dtype, *_ in point_dtype.fields.values()],
            "offsets": [sent_fields[name].offset for name in point_dtype.fields],
            "itemsize": message.point_step,
        }
    )
    return np.frombuffer(message.data, sent_dtype)
