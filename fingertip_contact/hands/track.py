"""One hand over time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fingertip_contact.frames import LANDMARKS_PER_HAND, Hand, Handedness
from fingertip_contact.hands import identity, roi
from fingertip_contact.hands.landmark_model import Landmarks
from fingertip_contact.hands.roi import Roi


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
        self.landmarks_px = seen.points_px
        self.presence = seen.presence
        self.region = roi.from_landmarks(seen.points_px)
        self.stamp_ns = stamp_ns
        self.evidence = identity.add_evidence(self.evidence, seen.right)

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
