"""Hands from picture to picture: found by their palms, followed by their landmarks, with names that last."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fingertip_contact import weights
from fingertip_contact.datatypes import Hand
from fingertip_contact.hands import handedness as identity
from fingertip_contact.hands.landmark_model import LandmarkModel, Landmarks
from fingertip_contact.hands.palm_detector import PalmDetector
from fingertip_contact.hands.roi import Roi
from fingertip_contact.hands.track import Track

MIN_PRESENCE = 0.5
# Landmarks trusted less than this get a second look, at the palm. On rendered typing that is 3 % of the pictures; it
# puts half of those right in which fingers were taken for one another.
MIN_CONFIDENCE = 0.9
# Regions whose centres are nearer than this share of their size show one hand; hands side by side are 0.4 apart.
MAX_CENTER_DISTANCE_RATIO = 0.25
# A doubtful or lost hand may have its palm this far from where it was looked for, as a share of the region's size.
MAX_REDETECTION_DISTANCE_RATIO = 0.45
# Landmarks whose mean distance is below this share of the region's size lie on one hand.
MAX_LANDMARK_DISTANCE_RATIO = 0.2
# So many palms more than are missing are looked at: the surest palm need not be a hand.
EXTRA_PALM_CANDIDATES = 1
# A hand that is not seen for longer is gone: if it comes back it is a new track.
MAX_TRACK_LOSS_NS = 300_000_000
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
        self._palm_detector = PalmDetector(palm_model)
        self._landmark_model = LandmarkModel(landmark_model, requests=min(threads, max_hands), mirrored=mirrored)
        self._max_hands = max_hands
        self._next_track_id = 0
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
        self._image_shape: tuple[int, ...] | None = None
        self._stamp_ns: int | None = None
        self._last_search_ns: int | None = None

    def process(self, image_bgr: np.ndarray, stamp_ns: int) -> tuple[Hand, ...]:
        """The hands in a picture (H, W, 3) uint8 BGR, in the order of their tracks.

        A stamp that does not advance, or a picture of another size, starts anew. Raises ValueError for another dtype or
        shape.
        """
        _check_image(image_bgr)
        if image_bgr.shape != self._image_shape or (self._stamp_ns is not None and stamp_ns <= self._stamp_ns):
            self.reset()
        self._image_shape, self._stamp_ns = image_bgr.shape, stamp_ns

        self._tracks = [track for track in self._tracks if stamp_ns - track.stamp_ns <= MAX_TRACK_LOSS_NS]
        search = len(self._tracks) < self._max_hands and self._is_search_due()
        if search:
            self._palm_detector.start(image_bgr)  # works beside the landmark network
        observations = self._landmark_model.run(image_bgr, [track.region for track in self._tracks])
        if not search and self._is_redetection_due(observations):
            self._palm_detector.start(image_bgr)
            search = True
        palms = self._palm_detector.result() if search else []
        if search:
            self._last_search_ns = stamp_ns
        self._update_tracks(self._redetect(image_bgr, observations, palms))
        self._start_tracks(image_bgr, palms)
        self._assign_handedness()
        return tuple(track.as_hand() for track in self._active_tracks())

    def _active_tracks(self) -> list[Track]:
        """The tracks that are seen in the present picture."""
        return [track for track in self._tracks if track.stamp_ns == self._stamp_ns]

    def _is_search_due(self) -> bool:
        """Always while there is no hand; else at intervals."""
        if not self._tracks or self._last_search_ns is None or self._stamp_ns is None:
            return True
        return self._stamp_ns - self._last_search_ns >= SEARCH_INTERVAL_NS

    def _is_redetection_due(self, observations: list[Landmarks]) -> bool:
        """At once for a lost hand, at intervals for a doubtful one."""
        if any(observation.presence < MIN_PRESENCE for observation in observations):
            return True
        return self._is_search_due() and any(map(_needs_redetection, self._tracks, observations))

    def _redetect(self, image_bgr: np.ndarray, observations: list[Landmarks], palms: list[Roi]) -> list[Landmarks]:
        """Where a look is doubtful and there is a palm near by: the better of it and a look at that palm."""
        best = list(observations)
        for index, (track, observation) in enumerate(zip(self._tracks, observations, strict=True)):
            palm = min(palms, key=track.region.distance, default=None)
            if (
                palm is None
                or not _needs_redetection(track, observation)
                or track.region.distance(palm) > MAX_REDETECTION_DISTANCE_RATIO
            ):
                continue
            (redetected,) = self._landmark_model.run(image_bgr, [palm])
            best[index] = max(observation, redetected, key=track.confidence)
        return best

    def _update_tracks(self, observations: list[Landmarks]) -> None:
        """Go on with the tracks that see a hand. Of two that see the same, the one that fits it better goes on."""
        pairs = sorted(
            zip(self._tracks, observations, strict=True), key=lambda pair: pair[0].side_agreement(pair[1]), reverse=True
        )
        for track, observation in pairs:
            self._accept(track, observation)

    def _start_tracks(self, image_bgr: np.ndarray, palms: list[Roi]) -> None:
        """Begin a track at each palm where no hand is followed, as far as there is room."""
        active = self._active_tracks()
        candidates = [
            palm for palm in palms if all(palm.distance(track.region) > MAX_CENTER_DISTANCE_RATIO for track in active)
        ]
        free_slots = self._max_hands - len(active)
        candidates = candidates[: free_slots + EXTRA_PALM_CANDIDATES if free_slots else 0]
        for region, observation in zip(candidates, self._landmark_model.run(image_bgr, candidates), strict=True):
            track = Track(self._next_track_id, region)
            if len(self._active_tracks()) < self._max_hands and self._accept(track, observation):
                self._next_track_id += 1
                self._evict()
                self._tracks.append(track)

    def _accept(self, track: Track, observation: Landmarks) -> bool:
        """Let a track go on with a look, unless it shows no hand or one that is followed already."""
        is_duplicate = any(other.distance(observation) < MAX_LANDMARK_DISTANCE_RATIO for other in self._active_tracks())
        if observation.presence < MIN_PRESENCE or is_duplicate or self._stamp_ns is None:
            return False
        track.update(observation, self._stamp_ns)
        return True

    def _evict(self) -> None:
        """Give up the track lost longest where a new one would be too many."""
        if len(self._tracks) >= self._max_hands:
            self._tracks.remove(min(self._tracks, key=lambda track: track.stamp_ns))

    def _assign_handedness(self) -> None:
        sides = identity.assign_handedness(
            [track.log_odds for track in self._tracks], [track.handedness for track in self._tracks]
        )
        for track, side in zip(self._tracks, sides, strict=True):
            track.handedness = side


def _needs_redetection(track: Track, observation: Landmarks) -> bool:
    return track.confidence(observation) < MIN_CONFIDENCE


def _check_image(image_bgr: np.ndarray) -> None:
    if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or 0 in image_bgr.shape:
        raise ValueError(
            f"a picture of shape {image_bgr.shape} and type {image_bgr.dtype} cannot be searched for hands; "
            "(H, W, 3) uint8 in BGR order is needed"
        )
