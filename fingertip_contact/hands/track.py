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
# A hand rests while none of its landmarks has moved by more than this ratio of the region's size: 2 to 4 pixels of 640.
REST_RATIO = 0.01
# What the network sees of a resting hand counts half: its landmarks scatter by 0.3 pixels from image to image, those
# that are followed by 0.1, so the mean over time is better than either.
REST_GAIN = 0.5
# Landmarks that are farther from those that were followed, as a ratio of the region's size, are no scatter: one of the
# two is wrong, and it is the network that is asked.
MAX_SCATTER_RATIO = 0.05


@dataclass(eq=False)
class Track:
    """One hand: its last landmarks and their stamp (-1: not seen yet), the region to search in the next frame, and its
    handedness with the evidence for it (`log_odds` of "right"). patch: what it looked like when the network saw it
    last, at seen_ns, if its landmarks can be followed from there into the next images. predicted_px: (21, 2), where
    they are in the present one; None where they were lost."""

    track_id: int
    region: Roi
    landmarks_px: np.ndarray = field(default_factory=lambda: np.full((LANDMARKS_PER_HAND, 2), np.nan, np.float32))
    presence: float = 0.0
    stamp_ns: int = -1
    log_odds: float = 0.0
    handedness: Handedness | None = None
    patch: HandPatch | None = None
    seen_ns: int = -1
    predicted_px: np.ndarray | None = None

    def predict(self, image_bgr: np.ndarray) -> None:
        """Find the landmarks of the patch in the present image. Once they are lost, the next ones are the network's."""
        self.predicted_px = None if self.patch is None else self.patch.follow(image_bgr)
        if self.predicted_px is None:
            self.patch = None

    @property
    def is_resting(self) -> bool:
        """Whether the hand has not moved since the network saw it."""
        if self.patch is None or self.predicted_px is None:
            return False
        moved_px = np.abs(self.predicted_px - self.patch.landmarks_px).max()
        return bool(moved_px <= REST_RATIO * self.region.size)

    def follow(self, stamp_ns: int) -> None:
        """Take the predicted landmarks."""
        assert self.predicted_px is not None
        self.landmarks_px, self.stamp_ns = self.predicted_px, stamp_ns
        self.region = roi.from_landmarks(self.landmarks_px)

    def update(self, observation: Landmarks, stamp_ns: int) -> None:
        """Take what the network saw; of a resting hand, the mean with the predicted landmarks."""
        points_px = (
            observation.points_px[MIRRORED_LANDMARKS] if self.is_mirrored(observation) else observation.points_px
        )
        self.landmarks_px = self._average(points_px) if self.is_resting else points_px
        self.presence = observation.presence
        self.region = roi.from_landmarks(self.landmarks_px)
        interval_ns = None if self.seen_ns < 0 else stamp_ns - self.seen_ns
        self.log_odds = update_log_odds(self.log_odds, observation.right_hand_probability, interval_ns)
        self.stamp_ns = self.seen_ns = stamp_ns

    def _average(self, points_px: np.ndarray) -> np.ndarray:
        scatter_px = points_px - self.predicted_px
        if np.abs(scatter_px).max() > MAX_SCATTER_RATIO * self.region.size:
            return points_px
        return points_px - (1 - REST_GAIN) * scatter_px

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
