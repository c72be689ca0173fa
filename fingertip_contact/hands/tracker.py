"""Hands from picture to picture: found by their palms, followed by their landmarks, with names that last."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fingertip_contact import weights
from fingertip_contact.frames import Hand
from fingertip_contact.hands import identity
from fingertip_contact.hands.landmark_model import LandmarkModel, Landmarks
from fingertip_contact.hands.palm_detector import PalmDetector
from fingertip_contact.hands.roi import Roi
from fingertip_contact.hands.track import Track

MIN_PRESENCE = 0.5
# Regions whose centres are nearer than this share of their size show one hand; hands side by side are 0.4 apart.
SAME_HAND = 0.25
# A lost hand may reappear this far from where it was last seen, as a share of its region's size.
SAME_PLACE = 0.5
# Landmarks whose mean distance is below this share of the region's size lie on one hand.
SAME_LANDMARKS = 0.12
# A hand that is not seen for longer is gone: if it comes back it is a new track.
PATIENCE_NS = 300_000_000
# How often a further hand is looked for while one is followed: a palm costs as much as a hand.
SEARCH_INTERVAL_NS = 100_000_000


class HandTracker:
    """MediaPipe's hand pipeline on OpenVINO: process() every picture, in the order of the stamps.

    The landmark network runs for each followed hand, the palm network only where a hand is missing. Landmarks are not
    smoothed: a filter's delay would hide the moment of a touch. threads: inferences at a time (two hands, two cores).
    mirrored: the camera delivers a mirror image, as selfie cameras do. Not thread-safe.

    Raises ValueError where a model file is not the network that is expected.
    """

    def __init__(
        self, palm_model: Path, landmark_model: Path, *, max_hands: int = 2, threads: int = 2, mirrored: bool = False
    ) -> None:
        if max_hands < 1 or threads < 1:
            raise ValueError(f"max_hands={max_hands} and threads={threads} have to be 1 or more")
        self._palms = PalmDetector(palm_model)
        self._landmarks = LandmarkModel(landmark_model, requests=min(threads, max_hands), mirrored=mirrored)
        self._max_hands = max_hands
        self._next_number = 0
        self.reset()

    @classmethod
    def from_weights(cls, *, max_hands: int = 2, threads: int = 2, mirrored: bool = False) -> HandTracker:
        """A tracker with the pulled weights. Raises weights.WeightsError where they are missing or damaged."""
        palm_model, landmark_model = weights.path("palm_detection_full"), weights.path("hand_landmark_full")
        return cls(palm_model, landmark_model, max_hands=max_hands, threads=threads, mirrored=mirrored)

    def reset(self) -> None:
        """Forget every hand. Track numbers go on."""
        self._tracks: list[Track] = []
        self._shape: tuple[int, ...] | None = None
        self._stamp_ns: int | None = None
        self._searched_ns: int | None = None

    def process(self, image_bgr: np.ndarray, stamp_ns: int) -> tuple[Hand, ...]:
        """The hands in a picture (H, W, 3) uint8 BGR, in the order of their tracks.

        A stamp that does not advance, or a picture of another size, starts anew. Raises ValueError for another dtype or
        shape.
        """
        _check_image(image_bgr)
        if image_bgr.shape != self._shape or (self._stamp_ns is not None and stamp_ns <= self._stamp_ns):
            self.reset()
        self._shape, self._stamp_ns = image_bgr.shape, stamp_ns

        self._tracks = [track for track in self._tracks if stamp_ns - track.stamp_ns <= PATIENCE_NS]
        search = self._search_is_due(stamp_ns)
        if search:
            self._palms.start(image_bgr)  # works beside the landmark network
        self._follow(image_bgr, stamp_ns)
        if not search and len(self._followed()) < len(self._tracks):
            self._palms.start(image_bgr)
            search = True
        if search:
            self._find(image_bgr, stamp_ns, self._palms.result())
        self._name_hands()
        return tuple(track.as_hand() for track in self._followed())

    def _followed(self) -> list[Track]:
        """The tracks that are seen in the present picture."""
        return [track for track in self._tracks if track.stamp_ns == self._stamp_ns]

    def _search_is_due(self, stamp_ns: int) -> bool:
        if len(self._tracks) >= self._max_hands:
            return False
        waited = self._searched_ns is None or stamp_ns - self._searched_ns >= SEARCH_INTERVAL_NS
        return waited or not self._tracks

    def _follow(self, image_bgr: np.ndarray, stamp_ns: int) -> None:
        """Look where the hands were. Of two tracks that meet on one hand, the one that fits it better goes on."""
        results = self._landmarks.run(image_bgr, [track.region for track in self._tracks])
        pairs = list(zip(self._tracks, results, strict=True))
        pairs.sort(key=lambda pair: pair[0].fit(pair[1]), reverse=True)
        for track, seen in pairs:
            if seen.presence >= MIN_PRESENCE and not self._is_taken(seen):
                track.follow(seen, stamp_ns)

    def _find(self, image_bgr: np.ndarray, stamp_ns: int, palms: list[Roi]) -> None:
        """Look at palms where no hand is followed: a lost hand goes on there, or else a new one begins."""
        self._searched_ns = stamp_ns
        followed = self._followed()
        fresh = [palm for palm in palms if all(palm.distance(track.region) > SAME_HAND for track in followed)]
        fresh = fresh[: self._max_hands - len(followed)]
        for region, seen in zip(fresh, self._landmarks.run(image_bgr, fresh), strict=True):
            if seen.presence >= MIN_PRESENCE and not self._is_taken(seen):
                self._track_at(region).follow(seen, stamp_ns)

    def _is_taken(self, seen: Landmarks) -> bool:
        return any(track.distance(seen) < SAME_LANDMARKS for track in self._followed())

    def _track_at(self, region: Roi) -> Track:
        """The lost track that was last seen here, or a new one, in place of the one lost longest if there are many."""
        lost = [track for track in self._tracks if track.stamp_ns != self._stamp_ns]
        near = [track for track in lost if track.region.distance(region) < SAME_PLACE]
        if near:
            return min(near, key=lambda track: track.region.distance(region))
        if len(self._tracks) >= self._max_hands:
            self._tracks.remove(min(lost, key=lambda track: track.stamp_ns))
        track = Track(self._next_number, region)
        self._next_number += 1
        self._tracks.append(track)
        return track

    def _name_hands(self) -> None:
        names = identity.name_hands([track.evidence for track in self._tracks], [track.name for track in self._tracks])
        for track, name in zip(self._tracks, names, strict=True):
            track.name = name


def _check_image(image_bgr: np.ndarray) -> None:
    if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or 0 in image_bgr.shape:
        raise ValueError(
            f"a picture of shape {image_bgr.shape} and type {image_bgr.dtype} cannot be searched for hands; "
            "(H, W, 3) uint8 in BGR order is needed"
        )
