"""Tracks hands from frame to frame: detects palms, follows landmarks, and keeps a stable handedness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact import weights
from fingertip_contact.datatypes import Hand
from fingertip_contact.hands.follower import HandPatch
from fingertip_contact.hands.handedness import assign_handedness
from fingertip_contact.hands.landmark_model import LandmarkModel, Landmarks, Precision
from fingertip_contact.hands.palm_detector import PalmDetector
from fingertip_contact.hands.roi import Roi
from fingertip_contact.hands.scene_watch import SceneWatch
from fingertip_contact.hands.track import Track

MIN_PRESENCE = 0.5
# Landmarks of lower confidence are estimated again from a detected palm. On rendered typing that affects 3 % of the
# frames, and corrects half of those in which fingers were confused.
MIN_CONFIDENCE = 0.9
# Regions whose centres are closer than this ratio of their size show one hand; hands side by side are 0.4 apart.
MAX_CENTER_DISTANCE_RATIO = 0.25
# Maximum distance of a palm from the region of a doubtful or lost hand, as a ratio of the region's size.
MAX_REDETECTION_DISTANCE_RATIO = 0.45
# Landmarks whose mean distance is below this ratio of the region's size lie on one hand.
MAX_LANDMARK_DISTANCE_RATIO = 0.2
# Number of palms to check beyond the missing hands: the palm of the highest score may not be a hand.
EXTRA_PALM_CANDIDATES = 1
# A hand that is unseen for longer is lost: if it returns it is a new track.
MAX_TRACK_LOSS_NS = 300_000_000
# Period of the search for palms while every known hand is seen, and while none is known: a palm detection costs as much
# as three hands.
SEARCH_INTERVAL_NS, FIRST_SEARCH_INTERVAL_NS = 100_000_000, 50_000_000
# The same while nothing moves in the images.
STILL_SEARCH_INTERVAL_NS = 1_000_000_000
# The same after a hand was lost: faster cameras would have one in every image, at more than their interval's cost.
LOST_SEARCH_INTERVAL_NS = 30_000_000
# Landmarks of a moving hand are followed over no longer interval: the network then sees it 30 times a second or more.
# Following them at 30 frames a second too costs 0.01 to 0.02 of the events' F1 (docs/hands.md).
MAX_FOLLOWED_NS = 25_000_000
# The same of a hand that rests, as one of two mostly does: three images at 30 Hz. Longer saves little more.
MAX_RESTED_NS = 110_000_000


class HandTracker:
    """MediaPipe's hand pipeline on OpenVINO: process() every image, in the order of the stamps.

    The landmark network runs for each hand that moves; of cameras faster than 40 Hz in every second or third image,
    between which landmarks are followed; for a hand that rests nine times a second. The palm network runs only if a
    hand is missing or in doubt. Landmarks of moving hands are not smoothed: a filter's delay would hide the instant of
    touch-down.

    threads: concurrent inferences (two hands, two cores). mirrored: the camera mirrors its images, as selfie cameras
    do. precision: of the landmark network, see LandmarkModel. Not thread-safe.

    Raises ValueError if a model file is not the expected network.
    """

    def __init__(
        self,
        palm_model: Path,
        landmark_model: Path,
        *,
        max_hands: int = 2,
        threads: int = 2,
        mirrored: bool = False,
        precision: Precision = "auto",
    ) -> None:
        if max_hands < 1 or threads < 1:
            raise ValueError(f"max_hands={max_hands} and threads={threads} have to be 1 or more")
        self._palm_detector = PalmDetector(palm_model)
        self._landmark_model = LandmarkModel(
            landmark_model, requests=min(threads, max_hands), mirrored=mirrored, precision=precision
        )
        self._max_hands = max_hands
        self._next_track_id = 0
        self.reset()

    @classmethod
    def from_weights(cls, **options: Any) -> HandTracker:
        """A tracker with the pulled weights. Raises weights.WeightsError if they are missing or damaged."""
        palm_model, landmark_model = (
            weights.get_verified_path("palm_detection_full"),
            weights.get_verified_path("hand_landmark_full"),
        )
        return cls(palm_model, landmark_model, **options)

    @classmethod
    def from_weights_f32(cls, **options: Any) -> HandTracker:
        """The same in single precision."""
        return cls.from_weights(precision="f32", **options)

    def reset(self) -> None:
        """Forget every hand. Track numbers are not reused."""
        self._tracks: list[Track] = []
        self._image_shape: tuple[int, ...] | None = None
        self._stamp_ns: int | None = None
        self._last_search_ns: int | None = None
        self._scene = SceneWatch()

    def process(self, image_bgr: np.ndarray, stamp_ns: int) -> tuple[Hand, ...]:
        """The hands in an image (H, W, 3) uint8 BGR, in the order of their tracks.

        A stamp that does not advance, or an image of another size, resets the tracker. Raises ValueError for another
        dtype or shape.
        """
        _check_image(image_bgr)
        if image_bgr.shape != self._image_shape or (self._stamp_ns is not None and stamp_ns <= self._stamp_ns):
            self.reset()
        self._image_shape, self._stamp_ns = image_bgr.shape, stamp_ns

        self._tracks = [track for track in self._tracks if stamp_ns - track.stamp_ns <= MAX_TRACK_LOSS_NS]
        search = len(self._tracks) < self._max_hands and self._is_search_due() and not self._was_searched(image_bgr)
        if search:
            self._palm_detector.start(image_bgr)  # runs concurrently with the landmark network
        self._follow(image_bgr, stamp_ns)
        tracks = [track for track in self._tracks if track.stamp_ns != stamp_ns]
        observations = self._landmark_model.run(image_bgr, [track.region for track in tracks])
        if not search and self._is_redetection_due(tracks, observations):
            self._palm_detector.start(image_bgr)
            search = True
        palms = self._palm_detector.result() if search else []
        if search:
            self._last_search_ns = stamp_ns
        self._update_tracks(image_bgr, tracks, self._redetect(image_bgr, tracks, observations, palms))
        self._start_tracks(image_bgr, palms)
        self._assign_handedness()
        return tuple(track.as_hand() for track in self._active_tracks())

    def _active_tracks(self) -> list[Track]:
        """The tracks that are seen in the present frame."""
        return [track for track in self._tracks if track.stamp_ns == self._stamp_ns]

    def _follow(self, image_bgr: np.ndarray, stamp_ns: int) -> None:
        """Hands that rest, or that the network saw lately, do without it. Of two moving ones that it saw in one image
        only one does: from then on they take turns."""
        followed_ns: set[int] = set()
        for track in self._tracks:
            track.predict(image_bgr)
            if track.predicted_px is None:
                continue
            interval_ns = stamp_ns - track.seen_ns
            if track.is_resting and interval_ns <= MAX_RESTED_NS:
                track.follow(stamp_ns)
            elif interval_ns <= MAX_FOLLOWED_NS and track.seen_ns not in followed_ns:
                followed_ns.add(track.seen_ns)
                track.follow(stamp_ns)

    def _is_search_due(self) -> bool:
        return self._has_passed(SEARCH_INTERVAL_NS if self._tracks else FIRST_SEARCH_INTERVAL_NS)

    def _was_searched(self, image_bgr: np.ndarray) -> bool:
        """Whether the last search was of the same scene: nothing has moved since, and it is not long ago."""
        is_still = self._scene.is_still(image_bgr, self._stamp_ns or 0, [track.region for track in self._tracks])
        return is_still and not self._has_passed(STILL_SEARCH_INTERVAL_NS)

    def _has_passed(self, interval_ns: int) -> bool:
        """Whether the last search for palms is so long ago."""
        if self._last_search_ns is None or self._stamp_ns is None:
            return True
        return self._stamp_ns - self._last_search_ns >= interval_ns

    def _is_redetection_due(self, tracks: list[Track], observations: list[Landmarks]) -> bool:
        """Soon for a lost hand, periodically for a doubtful one."""
        if any(observation.presence < MIN_PRESENCE for observation in observations):
            return self._has_passed(LOST_SEARCH_INTERVAL_NS)
        return self._is_search_due() and any(map(_needs_redetection, tracks, observations))

    def _redetect(
        self, image_bgr: np.ndarray, tracks: list[Track], observations: list[Landmarks], palms: list[Roi]
    ) -> list[Landmarks]:
        """Replaces doubtful observations by one at the nearest palm, if that has a higher confidence."""
        best = list(observations)
        for index, (track, observation) in enumerate(zip(tracks, observations, strict=True)):
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

    def _update_tracks(self, image_bgr: np.ndarray, tracks: list[Track], observations: list[Landmarks]) -> None:
        """Continue the tracks that see a hand. Of two tracks on one hand, the one that fits it better continues."""
        pairs = sorted(
            zip(tracks, observations, strict=True), key=lambda pair: pair[0].side_agreement(pair[1]), reverse=True
        )
        for track, observation in pairs:
            is_sure = not _needs_redetection(track, observation)
            is_seen = self._accept(track, observation)
            track.patch = HandPatch.cut(image_bgr, track.landmarks_px) if is_seen and is_sure else None

    def _start_tracks(self, image_bgr: np.ndarray, palms: list[Roi]) -> None:
        """Start a track at each palm that is not on a tracked hand, up to the maximum number of hands."""
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
        """Update a track, unless the observation shows no hand, or a hand that another track has. Returns whether."""
        is_duplicate = any(other.distance(observation) < MAX_LANDMARK_DISTANCE_RATIO for other in self._active_tracks())
        if observation.presence < MIN_PRESENCE or is_duplicate or self._stamp_ns is None:
            return False
        track.update(observation, self._stamp_ns)
        return True

    def _evict(self) -> None:
        """Drop the track that was lost first if there is no slot for a new one."""
        if len(self._tracks) >= self._max_hands:
            self._tracks.remove(min(self._tracks, key=lambda track: track.stamp_ns))

    def _assign_handedness(self) -> None:
        sides = assign_handedness(
            [track.log_odds for track in self._tracks], [track.handedness for track in self._tracks]
        )
        for track, side in zip(self._tracks, sides, strict=True):
            track.handedness = side


def _needs_redetection(track: Track, observation: Landmarks) -> bool:
    return track.confidence(observation) < MIN_CONFIDENCE


def _check_image(image_bgr: np.ndarray) -> None:
    if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or 0 in image_bgr.shape:
        raise ValueError(
            f"an image of shape {image_bgr.shape} and type {image_bgr.dtype} cannot be searched for hands; "
            "(H, W, 3) uint8 in BGR order is needed"
        )
