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
# After 20 s with the sheet, the guess is kept: the camera is above it, and stays there.
MAX_SHEET_IMAGES = 100


class LiveCamera:
    """Gives a camera for each image. It changes once at most while the image keeps its size, from the guess to what the
    sheet gives, because a new camera makes trackers begin anew."""

    def __init__(self, layout: Layout, calibrated: Camera | None = None) -> None:
        self._layout = layout
        self._calibrated = calibrated
        self._size: tuple[int, int] | None = None
        self._views: SheetViews | None = None
        self._next_search_ns = 0
        self._sheet_images = 0

    def update(self, stamp_ns: int, image_bgr: np.ndarray) -> CameraEstimate:
        """The camera of an image (H, W, 3) uint8. Raises ValueError if it was calibrated for another shape of image."""
        size = (image_bgr.shape[1], image_bgr.shape[0])
        if size != self._size:
            self._begin(size)
        if self._views is not None and stamp_ns >= self._next_search_ns:
            self._next_search_ns = stamp_ns + SEARCH_PERIOD_NS
            self._search(self._views, image_bgr)
        return self._estimate

    def _begin(self, size: tuple[int, int]) -> None:
        if self._calibrated is not None:
            self._estimate = CameraEstimate(scale_camera(self._calibrated, *size), "camera as calibrated")
        elif can_calibrate(self._layout):
            self._views = SheetViews(self._layout)
            self._estimate = guess_camera(*size, "the sheet has not been seen yet")
        else:
            self._estimate = guess_camera(*size, f"layout {self._layout.name} has too few markers")
        self._size, self._sheet_images = size, 0

    def _search(self, views: SheetViews, image_bgr: np.ndarray) -> None:
        if not views.add(image_bgr):
            return
        self._sheet_images += 1
        if self._sheet_images % MIN_SHEET_IMAGES:
            return
        size = (image_bgr.shape[1], image_bgr.shape[0])
        estimate = estimate_camera(views.make_views(), *size)
        is_certain = estimate is not None and estimate.focal_uncertainty <= MAX_GUESS_UNCERTAINTY
        # A guess says once why it is one.
        if is_certain or self._sheet_images == MIN_SHEET_IMAGES:
            self._estimate = describe_sheet_camera(estimate, *size)
        if is_certain or self._sheet_images >= MAX_SHEET_IMAGES or len(views) >= MAX_VIEWS:
            self._views = None
