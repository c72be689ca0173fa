"""A keyboard that types nowhere, and a hand tracker and a contact classifier that read what an artificial image tells
them, so that keys are pressed and released at will, without weights.

The brightness of an image is the code: DARK, no hand; HOVER, a right hand whose index finger is beside the key; TOUCH,
it is on the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERS, HANDS, LANDMARKS_PER_HAND, Hand
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet_pose_file import save_pose

DARK, HOVER, TOUCH = 10, 90, 170
KEY = "h"
CAMERA = Camera(100.0, 100.0, 80.0, 60.0, 160, 120)
# The sheet faces the camera, 35 cm below it.
DISTANCE_M = 0.35
CAMERA_FROM_SHEET = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, DISTANCE_M]))
# Farther than a key is wide.
HOVER_OFFSET_M = np.array([0.03, 0.0, 0.0])
TOUCH_RADIUS_M = 0.01
INDEX_TIP, INDEX = 8, HANDS.index("right") * len(FINGERS) + FINGERS.index("index")
# From the wrist to the fingertip, towards the typist, down the image.
HAND_LENGTH_PX = 40.0


def find_key_m(name: str = KEY) -> np.ndarray:
    """(3,) the centre of a key of the layout qwerty in the camera's frame, metres."""
    key = next(key for key in load_layout("qwerty").keys if key.name == name)
    return CAMERA_FROM_SHEET.apply(np.array([[*key.center_m, 0.0]]))[0]


def make_hand(is_touching: bool) -> Hand:
    """The hand that the tracker finds in an image of TOUCH, or of HOVER."""
    (tip_px,) = CAMERA.project((find_key_m() + (0.0 if is_touching else HOVER_OFFSET_M))[None])
    landmarks_px = tip_px + np.linspace([0.0, HAND_LENGTH_PX], [0.0, 0.0], LANDMARKS_PER_HAND)
    landmarks_px[INDEX_TIP] = tip_px
    return Hand(1, "right", 1.0, 0.9, landmarks_px.astype(np.float32))


class CodedHands:
    """A hand tracker; see protocols.HandTracker."""

    def __init__(self, max_hands: int = 2, threads: int = 2, mirrored: bool = False) -> None:
        self._hands = {is_touching: (make_hand(is_touching),) for is_touching in (False, True)}

    def process(self, image_bgr: np.ndarray, stamp_ns: int) -> tuple[Hand, ...]:
        code = float(image_bgr.mean())
        return () if code < (DARK + HOVER) / 2 else self._hands[code > (HOVER + TOUCH) / 2]

    def reset(self) -> None:
        pass


class CodedTouch:
    """A contact classifier: the right index finger touches while it is on the key; see protocols.ContactClassifier."""

    needs_rims = False
    needs_appearance = False

    def __init__(self, parameters: ContactParameters) -> None:
        self._key_m = find_key_m()

    def classify(self, history: FingertipHistory, row: int) -> Sequence[ContactDecision | None]:
        decisions: list[ContactDecision | None] = [None] * FINGER_COUNT
        if np.isfinite(history.contact_points_m[row, INDEX, 0]):
            is_touching = self._is_touching(history, row)
            is_touch_down = is_touching and not (row > 0 and self._is_touching(history, row - 1))
            stamp_ns = int(history.stamps_ns[row])
            decisions[INDEX] = ContactDecision(0.0, is_touch_down, stamp_ns, 1.0, float(is_touching))
        return decisions

    def estimate_contact_heights_m(self) -> np.ndarray:
        return np.zeros(FINGER_COUNT)

    def _is_touching(self, history: FingertipHistory, row: int) -> bool:
        return bool(np.linalg.norm(history.contact_points_m[row, INDEX] - self._key_m) < TOUCH_RADIUS_M)


class NoKeys:
    """A KeySink for key_injector_node: nothing is typed."""

    def __init__(self, codes: Sequence[str]) -> None:
        """Takes the codes as every sink does."""

    def write(self, code: str, is_down: bool) -> None:
        """To nowhere."""

    def close(self) -> None:
        """Nothing is open."""


def write_parameters(folder: Path) -> dict[str, object]:
    """The parameters of a node that uses both; the files that they name are written to the folder."""
    profile, pose = folder / "profile.yaml", folder / "pose.yaml"
    parameters = {"classifier": f"{__name__}:CodedTouch", "decision_delay_s": 0.0, "refractory_s": 0.0}
    profile.write_text(yaml.safe_dump({"default": parameters}), encoding="utf-8")
    save_pose(pose, load_layout("qwerty"), CAMERA_FROM_SHEET)
    return {"profile": profile, "sheet_pose": pose, "hand_tracker": f"{__name__}:CodedHands"}
