"""The camera of a stream of images: as calibrated, or estimated from the sheet as soon as that is seen."""

from __future__ import annotations

import numpy as np

from fingertip_contact.cameras.intrinsics import CameraEstimate, guess_camera, scale_camera
from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.camera_calibration import MAX_GUESS_UNCERTAINTY, MAX_VIEWS, describe_sheet_camera
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet_camera import estimate_camera
from fingertip_contact.keyboard.sheet_views import SheetViews, can_calibrate

# Finding markers costs 10 ms or more of a frame.
SEARCH_PERIOD_NS = 200_000_000
# The corners of so many images are averaged before the first estimate.
MIN_SHEET_IMAGES = 5


class LiveCamera:
    """Gives a camera for each image. It changes once at most while the image keeps its size, from the guess to what the
    sheet gives, because a new camera makes trackers begin anew."""

    def __init__(self, layout: Layout, calibrated: Camera | None = None) -> None:
        self._layout = layout
        self._calibrated = calibrated
        self._size: tuple[int, int] | None = None

    def update(self, stamp_ns: int, image_bgr: np.ndarray) -> CameraEstimate:
        """The camera of an image (H, W, 3) uint8. Raises ValueError if it was calibrated for another shape of image."""
        size = (image_bgr.shape[1], image_bgr.shape[0])
        if size != self._size:
            self._estimate = self._begin(size)
            self._size = size
        if self._is_searching and stamp_ns >= self._next_search_ns:
            self._next_search_ns = stamp_ns + SEARCH_PERIOD_NS
            self._search(image_bgr, size)
        return self._estimate

    def _begin(self, size: tuple[int, int]) -> CameraEstimate:
        self._is_searching = self._calibrated is None and can_calibrate(self._layout)
        self._next_search_ns = 0
        self._sheet_images = 0
        self._views = SheetViews(self._layout) if self._is_searching else None
        if self._calibrated is not None:
            return CameraEstimate(scale_camera(self._calibrated, *size), "camera as calibrated")
        reason = "the sheet has not been seen yet" if self._is_searching else "the sheet has no markers"
        return guess_camera(*size, reason)

    def _search(self, image_bgr: np.ndarray, size: tuple[int, int]) -> None:
        assert self._views is not None
        has_sheet = self._views.add(image_bgr)
        self._sheet_images += has_sheet
        if not has_sheet or self._sheet_images % MIN_SHEET_IMAGES:
            return
        estimate = estimate_camera(self._views.make_views(), *size)
        self._estimate = describe_sheet_camera(estimate, *size)
        is_certain = estimate is not None and estimate.focal_uncertainty <= MAX_GUESS_UNCERTAINTY
        self._is_searching = not is_certain and len(self._views) < MAX_VIEWS
