"""One hand over time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fingertip_contact.frames import LANDMARKS_PER_HAND, WRIST, Hand, Handedness
from fingertip_contact.hands import identity, roi
from fingertip_contact.hands.landmark_model import Landmarks
from fingertip_contact.hands.roi import Roi

# The landmarks of a hand as they are called where its fingers are taken in the opposite order: thumb for little finger,
# index for ring finger, and back.
EXCHANGED = [0, 17, 18, 19, 20, 13, 14, 15, 16, 9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4]
INDEX_KNUCKLE, LITTLE_KNUCKLE = 5, 17


@dataclass(eq=False)
class Track:
    """Where a hand was seen last (`stamp_ns`, `landmarks_px`), where to look next (`region`), and which it is."""

    number: int
    region: Roi
    landmarks_px: np.ndarray = field(default_factory=lambda: np.full((LANDMARKS_PER_HAND, 2), np.nan, np.float32))
    presence: float = 0.0
    stamp_ns: int = -1
    evidence: float = 0.0
    name: Handedness | None = None

    def follow(self, seen: Landmarks, stamp_ns: int) -> None:
        self.landmarks_px = seen.points_px[EXCHANGED] if self.is_mistaken(seen) else seen.points_px
        self.presence = seen.presence
        self.region = roi.from_landmarks(self.landmarks_px)
        self.stamp_ns = stamp_ns
        self.evidence = identity.add_evidence(self.evidence, seen.right)

    def is_mistaken(self, seen: Landmarks) -> bool:
        """Whether a look takes the back of this hand for that of the other one, and so each finger for its opposite."""
        if self.name is None or (seen.right > 0.5) == (self.name == "right"):
            return False
        return back_of(seen.points_px) != self.name

    def trust(self, seen: Landmarks) -> float:
        """0..1: how sure a look is of a hand, and of the hand that this track is.

        Where the network takes a right hand for a left one, it also takes its fingers for one another.
        """
        agreement = {"right": seen.right, "left": 1 - seen.right, None: 1.0}[self.name]
        return seen.presence * min(1.0, 0.2 + 1.6 * agreement)

    def fit(self, seen: Landmarks) -> float:
        """How well a hand agrees with what this track was so far: positive where it is the same side of the body."""
        return self.evidence * (seen.right - 0.5)

    def distance(self, seen: Landmarks) -> float:
        """Mean distance of the landmarks as a share of the region's size."""
        return float(np.linalg.norm(self.landmarks_px - seen.points_px, axis=1).mean()) / self.region.size

    def as_hand(self) -> Hand:
        """The hand as it travels on. Raises RuntimeError before the track has a name."""
        if self.name is None:
            raise RuntimeError(f"hand {self.number} has no name yet")
        return Hand(
            track=self.number,
            handedness=self.name,
            handedness_score=identity.certainty(self.evidence, self.name),
            score=self.presence,
            landmarks_px=self.landmarks_px,
        )


def back_of(landmarks_px: np.ndarray) -> Handedness:
    """Whose back lies so in the picture: with the fingers up, the right hand's thumb is left. (21, 2) pixels."""
    index, little = landmarks_px[[INDEX_KNUCKLE, LITTLE_KNUCKLE]] - landmarks_px[WRIST]
    return "right" if index[0] * little[1] > index[1] * little[0] else "left"
