"""Records survive the conversion to messages and back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.datatypes import FINGER_STATES, FINGERS, HANDS, ContactEvent, Fingertip, Hand, KeyEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.ros import messages

STAMP_NS = 1_700_000_000_123_456_789
HEAD = messages.make_header(STAMP_NS, "camera_color_optical_frame")
pixels = st.floats(-1000, 2000, width=32)


def make_hand(landmarks_px, track=7, handedness="right", score=0.75):
    return Hand(track, handedness, 0.9, score, np.asarray(landmarks_px, dtype=np.float32))


def make_event(contact_type="press", point_m=(0.01, -0.02, 0.33), early_us=70_000):
    return ContactEvent(
        STAMP_NS, STAMP_NS - early_us * 1000, contact_type, 3, 7, "left", "ring", np.asarray(point_m, dtype=float), 0.8
    )


@given(st.lists(st.lists(st.tuples(pixels, pixels), min_size=21, max_size=21), max_size=2))
def test_hands_round_trip_is_exact(landmarks):
    """Positions, score, side and track survive; without hands the message is empty."""
    sent = tuple(make_hand(points, track=i + 1, handedness=HANDS[i]) for i, points in enumerate(landmarks))
    received = messages.parse_hands(messages.make_hands(HEAD, sent))
    assert [(h.track, h.handedness, h.score) for h in received] == [(h.track, h.handedness, h.score) for h in sent]
    for before, after in zip(sent, received, strict=True):
        np.testing.assert_array_equal(after.landmarks_px, before.landmarks_px)


def test_hands_message_has_the_documented_fields():
    """Other programs find the fields by these names: 21 points per hand, stamp and frame of the image."""
    message = messages.make_hands(HEAD, [make_hand(np.zeros((21, 2)))])
    assert [field.name for field in message.fields] == ["u", "v", "score", "hand", "landmark", "track"]
    assert (message.width, message.height, len(message.data)) == (21, 1, 21 * message.point_step)
    assert message.header == HEAD


def test_hands_are_read_by_field_name():
    """A sender may order and pad its fields freely."""
    layout = np.dtype(
        {
            "names": ["track", "landmark", "hand", "score", "v", "u"],
            "formats": ["<u4", "u1", "u1", "<f4", "<f4", "<f4"],
            "offsets": [4, 8, 9, 12, 20, 16],
            "itemsize": 32,
        }
    )
    points = np.zeros(21, layout)
    points["landmark"], points["u"], points["v"], points["track"] = np.arange(21), 5.0, 6.0, 9
    kinds = {"<u4": PointField.UINT32, "|u1": PointField.UINT8, "<f4": PointField.FLOAT32}
    fields = [
        PointField(name=name, offset=layout.fields[name][1], datatype=kinds[layout.fields[name][0].str], count=1)
        for name in layout.names
    ]
    message = PointCloud2(height=1, width=21, fields=fields, point_step=32, row_step=32 * 21, data=points.tobytes())
    (received,) = messages.parse_hands(message)
    assert received.track == 9
    np.testing.assert_array_equal(received.landmarks_px, np.tile([5.0, 6.0], (21, 1)))


@pytest.mark.parametrize(
    ("damage", "message_pattern"),
    [
        (lambda m: setattr(m, "data", m.data[:-1]), "21 little-endian points"),
        (lambda m: setattr(m, "is_bigendian", True), "little-endian"),
        (lambda m: m.fields.pop(0), "no field 'u'"),
        (lambda m: setattr(m.fields[0], "datatype", PointField.FLOAT64), "no field 'u'"),
    ],
)
def test_damaged_hands_are_rejected(damage, message_pattern):
    """An inconsistent message is a ValueError that names the inconsistency."""
    message = messages.make_hands(HEAD, [make_hand(np.zeros((21, 2)))])
    damage(message)
    with pytest.raises(ValueError, match=message_pattern):
        messages.parse_hands(message)


def test_hands_with_nan_are_rejected():
    """A landmark that is nowhere must not reach the contact stage."""
    with pytest.raises(ValueError, match="not finite"):
        messages.parse_hands(messages.make_hands(HEAD, [make_hand(np.full((21, 2), np.nan))]))
    with pytest.raises(ValueError, match="score that is not finite"):
        messages.parse_hands(messages.make_hands(HEAD, [make_hand(np.zeros((21, 2)), score=math.nan)]))


def test_fingertips_round_trip_and_are_valid_point_clouds():
    """Metres as x, y, z; the rest by name; a lost finger is NaN and makes the cloud not dense."""
    seen = Fingertip(4, "left", "little", (1, 2), np.array([0.1, 0.2, 0.3]), 0.004, -0.1, 0.9, "approach")
    missing = Fingertip(4, "left", "thumb", (1, 2), np.full(3, np.nan), math.nan, math.nan, 0.9, "lost")
    message = messages.make_fingertips(HEAD, [seen, missing])
    assert [field.name for field in message.fields][:3] == ["x", "y", "z"]
    assert not message.is_dense
    assert messages.make_fingertips(HEAD, [seen]).is_dense
    first, second = messages.parse_fingertips(message)
    assert (first.hand, first.finger, first.state, first.track) == ("left", "little", "approach", 4)
    np.testing.assert_allclose([*first.point_m, first.height_m, first.speed_mps], [0.1, 0.2, 0.3, 0.004, -0.1], 1e-6)
    assert second.state == "lost"
    assert np.isnan(second.point_m).all()


@pytest.mark.parametrize("state", FINGER_STATES)
@pytest.mark.parametrize("unknown", ["point_m", "height_m", "speed_mps"])
def test_only_a_lost_fingertip_holds_nan(state, unknown):
    """`lost` is the only state with NaN, and in it everything measured is NaN."""
    known = Fingertip(4, "left", "little", (1, 2), np.array([0.1, 0.2, 0.3]), 0.004, -0.1, 0.9, state)
    tip = replace(known, **{unknown: np.array([0.1, math.nan, 0.3]) if unknown == "point_m" else math.nan})
    (received,) = messages.parse_fingertips(messages.make_fingertips(HEAD, [tip]))
    assert received.state == "lost"
    assert np.isnan([*received.point_m, received.height_m, received.speed_mps]).all()
    (received,) = messages.parse_fingertips(messages.make_fingertips(HEAD, [known]))
    assert received.state == state
    assert np.isnan(received.height_m) == (state == "lost")


@pytest.mark.parametrize(("early_us", "sent_us"), [(70_000, 70_000), (-1, 0), (2**32, 2**32 - 1), (10**15, 2**32 - 1)])
def test_the_time_since_the_touch_down_is_bounded(early_us, sent_us):
    """It does not wrap round where stamps have jumped."""
    assert messages.make_contact_event("camera", make_event(early_us=early_us)).menu_entry_id == sent_us


@pytest.mark.parametrize(
    ("contact_type", "event_type", "valid"),
    [
        ("press", InteractiveMarkerFeedback.MOUSE_DOWN, True),
        ("move", InteractiveMarkerFeedback.POSE_UPDATE, True),
        ("release", InteractiveMarkerFeedback.MOUSE_UP, True),
        ("cancel", InteractiveMarkerFeedback.MOUSE_UP, False),
    ],
)
def test_events_are_pointer_events(contact_type, event_type, valid):
    """Press, move, release and cancel keep their meaning, finger, point and both times."""
    message = messages.make_key_event("camera", KeyEvent(make_event(contact_type), "qwerty", "a", "a"))
    assert (message.event_type, message.mouse_point_valid) == (event_type, valid)
    assert (message.client_id, message.marker_name, message.control_name) == ("left_ring", "qwerty", "a")
    assert message.header == messages.make_header(STAMP_NS, "camera")
    received = messages.parse_key_event(message)
    assert (received.keyboard, received.key) == ("qwerty", "a")
    contact = received.contact
    assert (contact.type, contact.hand, contact.finger) == (contact_type, "left", "ring")
    assert (contact.stamp_ns, contact.contact_ns) == (STAMP_NS, STAMP_NS - 70_000_000)
    np.testing.assert_allclose(contact.point_m, make_event().point_m)


def test_off_key_event_names_the_surface():
    """contact_events carry no key name."""
    message = messages.make_contact_event("camera", make_event())
    assert (message.marker_name, message.control_name) == ("surface", "")


def test_an_event_never_holds_nan():
    """rosbridge converts NaN to invalid JSON: an unknown point is marked invalid instead."""
    message = messages.make_contact_event("camera", make_event("cancel", (math.nan,) * 3))
    assert not message.mouse_point_valid
    assert math.isfinite(message.mouse_point.x)
    assert math.isfinite(message.pose.position.x)


def test_foreign_messages_are_ignored():
    """Other programs may publish the same message type for their own markers."""
    with pytest.raises(ValueError, match="not a contact event"):
        messages.parse_contact_event(InteractiveMarkerFeedback(client_id="rviz"))


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamps_are_exact(stamp_ns):
    """A header keeps every nanosecond."""
    assert messages.stamp_to_ns(messages.make_header(stamp_ns, "").stamp) == stamp_ns


@pytest.mark.parametrize("stamp", [Time(sec=-1), Time(nanosec=1_000_000_000)])
def test_invalid_stamps_are_rejected(stamp):
    """Negative seconds, or nanoseconds of a second and more, are errors of the sender."""
    with pytest.raises(ValueError, match="not valid"):
        messages.stamp_to_ns(stamp)


@given(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_quaternions_match_the_rotation_matrix(raw):
    """Compared with the textbook formula from quaternion to matrix, at every angle."""
    x, y, z, w = np.array(raw) / np.linalg.norm(raw)
    matrix = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    found = np.array(messages.rotation_to_quaternion(matrix))
    assert abs(found @ (x, y, z, w)) == pytest.approx(1.0, abs=1e-9)
    assert found[3] >= 0


def test_a_transform_names_parent_and_child():
    """TF: the header's frame is the parent."""
    pose = RigidTransform(np.eye(3), np.array([1.0, 2.0, 3.0]))
    message = messages.make_transform(Header(frame_id="camera"), "keyboard", pose)
    assert (message.header.frame_id, message.child_frame_id) == ("camera", "keyboard")
    assert (message.transform.translation.z, message.transform.rotation.w) == (3.0, 1.0)


def test_message_indices_are_fixed():
    """The numbers in messages are indices into these tuples: their order is part of the interface."""
    assert HANDS == ("left", "right")
    assert FINGERS == ("thumb", "index", "middle", "ring", "little")
    assert FINGER_STATES == ("hover", "approach", "contact", "retract", "lost")
