"""A right index finger that presses a key and holds it, without a camera: frames and hands from the test itself, and a
contact classifier that takes the finger's first sample for a touch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.datatypes import FINGERS, HANDS, Hand
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet_pose_file import save_pose
from fingertip_contact.ros import messages, qos

CAMERA = Camera(100.0, 100.0, 80.0, 60.0, 160, 120)
# The sheet faces the camera, 35 cm below it.
CAMERA_FROM_SHEET = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.35]))
RIGHT_INDEX = HANDS.index("right") * len(FINGERS) + FINGERS.index("index")
FRAME_ID = "camera_color_optical_frame"


class HeldFinger:
    """A contact classifier: the right index finger touches in the first frame of a history, and stays."""

    needs_rims = False

    def __init__(self, parameters):
        pass

    def classify(self, history, row):
        decisions = [None] * FINGER_COUNT
        if np.isfinite(history.contact_points_m[row, RIGHT_INDEX, 0]):
            stamp_ns = int(history.stamps_ns[row])
            decisions[RIGHT_INDEX] = ContactDecision(0.0, row == 0, stamp_ns, 1.0, contact_probability=1.0)
        return decisions

    def estimate_contact_heights_m(self):
        return np.zeros(FINGER_COUNT)


def write_parameters(folder: Path, decision_delay_s: float = 0.0) -> dict[str, object]:
    """The parameters of a contact_node to which every hand is a held key; its files are written to the folder."""
    profile, pose = folder / "held.yaml", folder / "pose.yaml"
    profile.write_text(
        yaml.safe_dump({"default": {"classifier": "held_finger:HeldFinger", "decision_delay_s": decision_delay_s}})
    )
    save_pose(pose, load_layout("qwerty"), CAMERA_FROM_SHEET)
    return {"profile": profile, "sheet_pose": pose, "depth_source": "none"}


class HeldFingerCamera:
    """Publishes frames of the hand on the key `h`, with its landmarks."""

    def __init__(self, test_node, color: str, info: str, hands: str) -> None:
        self._node = test_node
        self._images = test_node.create_publisher(Image, color, qos.EVENT)
        self._infos = test_node.create_publisher(CameraInfo, info, qos.EVENT)
        self._hands = test_node.create_publisher(PointCloud2, hands, qos.EVENT)
        h = next(key for key in load_layout("qwerty").keys if key.name == "h")
        (tip_px,) = CAMERA.project(CAMERA_FROM_SHEET.apply(np.array([[*h.center_m, 0.0]])))
        # The knuckles are towards the typist, down the image.
        landmarks_px = tip_px + np.linspace([0.0, 40.0], [0.0, 0.0], 21)
        landmarks_px[8] = tip_px
        self._hand = Hand(1, "right", 1.0, 0.9, landmarks_px.astype(np.float32))

    @property
    def is_heard(self) -> bool:
        return all(publisher.get_subscription_count() for publisher in (self._images, self._infos, self._hands))

    def send(
        self,
        stamp_ns: int | None = None,
        image: Mapping[str, Any] = MappingProxyType({}),
        info: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Publish a frame, now by default. image, info: fields of the messages, to damage them."""
        stamp_ns = self._node.get_clock().now().nanoseconds if stamp_ns is None else stamp_ns
        header = messages.make_header(stamp_ns, FRAME_ID)
        fields = {"height": 120, "width": 160, "encoding": "bgr8", "step": 480, "data": bytes(160 * 120 * 3)}
        self._images.publish(Image(header=header, **(fields | dict(image))))
        camera_info = messages.make_camera_info(header, CAMERA)
        for name, value in info.items():
            setattr(camera_info, name, value)
        self._infos.publish(camera_info)
        self._hands.publish(messages.make_hands(header, [self._hand]))
