"""One hand over time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fingertip_contact.datatypes import LANDMARKS_PER_HAND, WRIST, Hand, Handedness
from fingertip_contact.hands import roi
from fingertip_contact.hands.follower import HandPatch
from fingertip_contact.hands.handedness import compute_handedness_probability, update_log_odds
from fingertip_contact.hands.landmark_model import Landmarks
from fingertip_contact.hands.roi import Roi

# The order of the landmarks when the network mistakes the fingers for those of the other hand: thumb and little finger
# swapped, index and ring finger swapped.
MIRRORED_LANDMARKS = [0, 17, 18, 19, 20, 13, 14, 15, 16, 9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4]
INDEX_KNUCKLE, LITTLE_KNUCKLE = 5, 17


@dataclass(eq=False)
class Track:
    """One hand: its last landmarks and their stamp (-1: not seen yet), the region to search in the next frame, and its
    handedness with the evidence for it (`log_odds` of "right"). patch: what it looked like when the network saw it
    last, at seen_ns, if its landmarks can be followed from there into the next images."""

    track_id: int
    region: Roi
    landmarks_px: np.ndarray = field(default_factory=lambda: np.full((LANDMARKS_PER_HAND, 2), np.nan, np.float32))
    presence: float = 0.0
    stamp_ns: int = -1
    log_odds: float = 0.0
    handedness: Handedness | None = None
    patch: HandPatch | None = None
    seen_ns: int = -1

    def follow(self, image_bgr: np.ndarray, stamp_ns: int) -> None:
        """Take the landmarks from the patch, unless they are lost: the next ones are then the network's."""
        landmarks_px = None if self.patch is None else self.patch.follow(image_bgr)
        if landmarks_px is None:
            self.patch = None
            return
        self.landmarks_px, self.stamp_ns = landmarks_px, stamp_ns
        self.region = roi.from_landmarks(landmarks_px)

    def update(self, observation: Landmarks, stamp_ns: int) -> None:
        self.landmarks_px = (
            observation.points_px[MIRRORED_LANDMARKS] if self.is_mirrored(observation) else observation.points_px
        )
        self.presence = observation.presence
        self.region = roi.from_landmarks(self.landmarks_px)
        interval_ns = None if self.stamp_ns < 0 else stamp_ns - self.stamp_ns
        self.log_odds = update_log_odds(self.log_odds, observation.right_hand_probability, interval_ns)
        self.stamp_ns = stamp_ns

    def is_mirrored(self, observation: Landmarks) -> bool:
        """Whether the network mistook the back of this hand for that of the other one, and so swapped its fingers."""
        if self.handedness is None or (observation.right_hand_probability > 0.5) == (self.handedness == "right"):
            return False
        return infer_dorsal_side(observation.points_px) != self.handedness

    def confidence(self, observation: Landmarks) -> float:
        """0..1: confidence that an observation shows a hand, and the hand of this track.

        When the network mistakes a right hand for a left one, it also swaps its fingers.
        """
        agreement = {
            "right": observation.right_hand_probability,
            "left": 1 - observation.right_hand_probability,
            None: 1.0,
        }[self.handedness]
        return observation.presence * min(1.0, 0.2 + 1.6 * agreement)

    def side_agreement(self, observation: Landmarks) -> float:
        """How well an observation agrees with the track's evidence: positive if it shows the same side of the body."""
        return self.log_odds * (observation.right_hand_probability - 0.5)

    def distance(self, observation: Landmarks) -> float:
        """Mean distance of the landmarks as a ratio of the region's size."""
        return float(np.linalg.norm(self.landmarks_px - observation.points_px, axis=1).mean()) / self.region.size

    def as_hand(self) -> Hand:
        """The hand as a record. Raises RuntimeError before the track has a handedness."""
        if self.handedness is None:
            raise RuntimeError(f"hand {self.track_id} has no handedness yet")
        return Hand(
            track=self.track_id,
            handedness=self.handedness,
            handedness_score=compute_handedness_probability(self.log_odds, self.handedness),
            score=self.presence,
            landmarks_px=self.landmarks_px,
        )


def infer_dorsal_side(landmarks_px: np.ndarray) -> Handedness:
    """The hand whose back has these landmarks, (21, 2) pixels: with fingers up, a right hand's thumb is on the left."""
    index, little = landmarks_px[[INDEX_KNUCKLE, LITTLE_KNUCKLE]] - landmarks_px[WRIST]
    return "right" if index[0] * little[1] > index[1] * little[0] else "left"
