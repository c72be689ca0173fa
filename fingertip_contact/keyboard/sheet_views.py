"""Collects distinct views of the sheet: where its markers' corners lie in the image."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.markers import MarkerDetector

# With two markers the perspective of a view is as uncertain as that of one large marker.
MIN_MARKERS = 3
# Part of the image's width by which corners move between distinct views: more than they tremble on a desk.
DISTINCT_RATIO = 0.01


@dataclass(frozen=True)
class SheetView:
    """points_m: (N, 2) of the sheet. pixels: (N, 2) where the camera sees them."""

    points_m: np.ndarray
    pixels: np.ndarray


@dataclass
class _Sighting:
    """The markers of the images of one view, summed up: hands hide different ones in each."""

    sums_px: dict[int, np.ndarray] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, quads_px: dict[int, np.ndarray]) -> None:
        for marker_id, quad in quads_px.items():
            self.sums_px[marker_id] = self.sums_px.get(marker_id, 0.0) + quad
            self.counts[marker_id] = self.counts.get(marker_id, 0) + 1

    @property
    def means_px(self) -> dict[int, np.ndarray]:
        return {marker_id: total / self.counts[marker_id] for marker_id, total in self.sums_px.items()}

    def distance_px(self, quads_px: dict[int, np.ndarray]) -> float:
        """The largest distance of a corner from its mean; infinite without a common marker."""
        means_px = self.means_px
        shifts_px = [np.linalg.norm(quad - means_px[n], axis=1).max() for n, quad in quads_px.items() if n in means_px]
        return float(max(shifts_px, default=np.inf))


class SheetViews:
    """Collects views from images. Those of a camera and a sheet at rest are one view, with averaged corners."""

    def __init__(self, layout: Layout) -> None:
        """Raises ValueError for a layout with too few markers."""
        if not can_calibrate(layout):
            raise ValueError(
                f"layout {layout.name} has {len(layout.markers)} markers; a camera is calibrated on {MIN_MARKERS} or "
                "more: use a sheet with markers, for example --layout qwerty"
            )
        self._detector = MarkerDetector(layout.dictionary)
        self._corners_m = {marker.marker_id: marker.corners_m for marker in layout.markers}
        self._sightings: list[_Sighting] = []

    def __len__(self) -> int:
        return len(self._sightings)

    def add(self, image_bgr: np.ndarray) -> bool:
        """Look for the sheet in an image (H, W, 3) uint8; whether enough of its markers were seen."""
        detected = self._detector.detect(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY))
        quads_px = {marker_id: quad for marker_id, quad in detected.items() if marker_id in self._corners_m}
        if len(quads_px) < MIN_MARKERS:
            return False
        max_shift_px = DISTINCT_RATIO * image_bgr.shape[1]
        same = (sighting for sighting in self._sightings if sighting.distance_px(quads_px) <= max_shift_px)
        sighting = next(same, None)
        if sighting is None:
            sighting = _Sighting()
            self._sightings.append(sighting)
        sighting.add(quads_px)
        return True

    def make_views(self, min_images: int = 1) -> list[SheetView]:
        """The distinct views so far, in the order in which they were first seen; only those that lasted for so many
        images."""
        return [
            self._match(sighting.means_px)
            for sighting in self._sightings
            if max(sighting.counts.values()) >= min_images
        ]

    def _match(self, quads_px: dict[int, np.ndarray]) -> SheetView:
        """Markers may be printed upright, sideways or upside down, all alike: the best-fitting turn is used."""
        points_m = np.concatenate([self._corners_m[marker_id] for marker_id in quads_px])
        turned = [np.concatenate([np.roll(quad, turn, axis=0) for quad in quads_px.values()]) for turn in range(4)]
        return SheetView(points_m, min(turned, key=lambda pixels: _fit_error_px(points_m, pixels)))


def can_calibrate(layout: Layout) -> bool:
    """Whether a camera can be estimated from this sheet."""
    return len(layout.markers) >= MIN_MARKERS


def _fit_error_px(points_m: np.ndarray, pixels: np.ndarray) -> float:
    homography, _ = cv2.findHomography(points_m, pixels)
    if homography is None:
        return np.inf
    projected = cv2.perspectiveTransform(points_m.reshape(-1, 1, 2), homography).reshape(-1, 2)
    return float(np.mean(np.linalg.norm(projected - pixels, axis=1)))
