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
# Landmarks trusted less than this get a second look, at the palm. On rendered typing that is 3 % of the pictures; it
# puts half of those right in which fingers were taken for one another.
MIN_TRUST = 0.9
# Regions whose centres are nearer than this share of their size show one hand; hands side by side are 0.4 apart.
SAME_HAND = 0.25
# A doubtful or lost hand may have its palm this far from where it was looked for, as a share of the region's size.
SAME_PLACE = 0.45
# Landmarks whose mean distance is below this share of the region's size lie on one hand.
SAME_LANDMARKS = 0.2
# So many palms more than are missing are looked at: the surest palm need not be a hand.
SPARE_PALMS = 1
# A hand that is not seen for longer is gone: if it comes back it is a new track.
PATIENCE_NS = 300_000_000
# How often palms are looked for while every known hand is still seen: a palm costs as much as a hand.
SEARCH_INTERVAL_NS = 100_000_000


class HandTracker:
    """MediaPipe's hand pipeline on OpenVINO: process() every picture, in the order of the stamps.

    The landmark network runs for each followed hand, the palm network only where a hand is missing or in doubt.
    Landmarks are not smoothed: a filter's delay would hide the moment of a touch. threads: inferences at a time (two
    hands, two cores). mirrored: the camera delivers a mirror image, as selfie cameras do. Not thread-safe.

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
        palm_model, landmark_model = (
            weights.get_verified_path("palm_detection_full"),
            weights.get_verified_path("hand_landmark_full"),
        )
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
        search = len(self._tracks) < self._max_hands and self._search_is_due()
        if search:
            self._palms.start(image_bgr)  # works beside the landmark network
        looks = self._landmarks.run(image_bgr, [track.region for track in self._tracks])
        if not search and self._second_look_is_due(looks):
            self._palms.start(image_bgr)
            search = True
        palms = self._palms.result() if search else []
        if search:
            self._searched_ns = stamp_ns
        self._follow(self._second_looks(image_bgr, looks, palms))
        self._find(image_bgr, palms)
        self._name_hands()
        return tuple(track.as_hand() for track in self._followed())

    def _followed(self) -> list[Track]:
        """The tracks that are seen in the present picture."""
        return [track for track in self._tracks if track.stamp_ns == self._stamp_ns]

    def _search_is_due(self) -> bool:
        """Always while there is no hand; else at intervals."""
        if not self._tracks or self._searched_ns is None or self._stamp_ns is None:
            return True
        return self._stamp_ns - self._searched_ns >= SEARCH_INTERVAL_NS

    def _second_look_is_due(self, looks: list[Landmarks]) -> bool:
        """At once for a lost hand, at intervals for a doubtful one."""
        if any(seen.presence < MIN_PRESENCE for seen in looks):
            return True
        return self._search_is_due() and any(map(_is_doubtful, self._tracks, looks))

    def _second_looks(self, image_bgr: np.ndarray, looks: list[Landmarks], palms: list[Roi]) -> list[Landmarks]:
        """Where a look is doubtful and there is a palm near by: the better of it and a look at that palm."""
        best = list(looks)
        for index, (track, seen) in enumerate(zip(self._tracks, looks, strict=True)):
            palm = min(palms, key=track.region.distance, default=None)
            if palm is None or not _is_doubtful(track, seen) or track.region.distance(palm) > SAME_PLACE:
                continue
            (again,) = self._landmarks.run(image_bgr, [palm])
            best[index] = max(seen, again, key=track.trust)
        return best

    def _follow(self, looks: list[Landmarks]) -> None:
        """Go on with the tracks that see a hand. Of two that see the same, the one that fits it better goes on."""
        pairs = sorted(zip(self._tracks, looks, strict=True), key=lambda pair: pair[0].fit(pair[1]), reverse=True)
        for track, seen in pairs:
            self._accept(track, seen)

    def _find(self, image_bgr: np.ndarray, palms: list[Roi]) -> None:
        """Begin a track at each palm where no hand is followed, as far as there is room."""
        followed = self._followed()
        fresh = [palm for palm in palms if all(palm.distance(track.region) > SAME_HAND for track in followed)]
        room = self._max_hands - len(followed)
        fresh = fresh[: room + SPARE_PALMS if room else 0]
        for region, seen in zip(fresh, self._landmarks.run(image_bgr, fresh), strict=True):
            track = Track(self._next_number, region)
            if len(self._followed()) < self._max_hands and self._accept(track, seen):
                self._next_number += 1
                self._make_room()
                self._tracks.append(track)

    def _accept(self, track: Track, seen: Landmarks) -> bool:
        """Let a track go on with a look, unless it shows no hand or one that is followed already."""
        taken = any(other.distance(seen) < SAME_LANDMARKS for other in self._followed())
        if seen.presence < MIN_PRESENCE or taken or self._stamp_ns is None:
            return False
        track.follow(seen, self._stamp_ns)
        return True

    def _make_room(self) -> None:
        """Give up the track lost longest where a new one would be too many."""
        if len(self._tracks) >= self._max_hands:
            self._tracks.remove(min(self._tracks, key=lambda track: track.stamp_ns))

    def _name_hands(self) -> None:
        names = identity.name_hands([track.evidence for track in self._tracks], [track.name for track in self._tracks])
        for track, name in zip(self._tracks, names, strict=True):
            track.name = name


def _is_doubtful(track: Track, seen: Landmarks) -> bool:
    return track.trust(seen) < MIN_TRUST


def _check_image(image_bgr: np.ndarray) -> None:
    if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or 0 in image_bgr.shape:
        raise ValueError(
            f"a picture of shape {image_bgr.shape} and type {image_bgr.dtype} cannot be searched for hands; "
            "(H, W, 3) uint8 in BGR order is needed"
        )
