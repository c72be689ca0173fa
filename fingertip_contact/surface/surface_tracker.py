"""The surface: the sheet's plane where its markers are seen, else the desk in depth; depth's own plane for heights."""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.advice import NO_SURFACE, SURFACE_MOVED, Advice, advise_print_scale, advise_tilt
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import Frame, Hand, PlacedSheet, Surface
from fingertip_contact.geometry import Camera, Plane
from fingertip_contact.surface.plane_from_depth import DepthPlaneTracker
from fingertip_contact.surface.plane_search import PlaneRegion

# Markers are searched for twice a second: unseen for longer than this, hands hide them or the camera looks elsewhere.
IN_SIGHT_S = 1.5
# Depth that is farther off the sheet is not explained by any camera: a D405's data sheet allows 2 %, and the worst of
# measured ones is off by 2.8 % (print at 41 cm).
MAX_DEPTH_BIAS = 0.06
# A bias of that size turns the plane by a degree or two; more is a sheet on a board, or depth of something else.
MAX_TILT_DEG = 5.0
# Without depth, markers that are not found within this time are hidden, or there is no sheet.
SHEET_SEARCH_S = 1.5
NO_SHEET_REASON = NO_SURFACE.message
MOVED_REASON = SURFACE_MOVED.message
# A sheet's plane that changes by more has moved against the camera; noise of the pose's first frames is less.
MOVED_M = 0.002


class SurfaceTracker:
    """Tells the surface, and why there is none.

    The markers of the sheet alone give `Surface.plane` where they are seen: depth is biased by up to 3 %, they are
    exact to a fraction of a millimetre, and need no depth. They also decide whether camera and desk have moved. A sheet
    pose that is less certain (PlacedSheet.seen_ns) only says which of the planes in depth is the desk; where no frame
    has had depth, its plane is the best that is known.

    advice: why the surface is unknown, measured again or without heights; None when all is well. reason: in words.
    """

    def __init__(self, parameters: ContactParameters) -> None:
        self._depth = DepthPlaneTracker(parameters)
        self.reset()

    def reset(self) -> None:
        """Forget the surface and measure it again from the next frame on."""
        self.advice: Advice | None = None
        self._camera: Camera | None = None
        self._first_ns: int | None = None
        self._has_depth = False
        self._sheet_plane: Plane | None = None
        self._distrusted_ns = -1
        self._depth.reset()

    @property
    def reason(self) -> str:
        return "" if self.advice is None else self.advice.message

    def update(self, frame: Frame, hands: tuple[Hand, ...], sheet: PlacedSheet | None = None) -> Surface | None:
        """The surface as known after this frame; None until the markers are seen or depth has been averaged."""
        if self._camera != frame.camera or frame.stamp_ns < self._distrusted_ns:
            self.reset()
            self._camera = frame.camera
        self._first_ns = frame.stamp_ns if self._first_ns is None else self._first_ns
        if sheet is not None and sheet.seen_ns is not None and sheet.seen_ns <= self._distrusted_ns:
            sheet = None
        self._follow_sheet(sheet)
        if frame.depth is not None:
            self._has_depth = True
            self._depth.update(frame, frame.depth, hands, sheet)
        self.advice = Advice("no_desk_in_depth", self._depth.reason) if self._depth.reason else None
        if self._depth.has_moved:
            sheet = self._judge_movement(frame.stamp_ns, sheet)
        if not self._has_depth and (sheet is None or sheet.seen_ns is None):
            return self._make_surface_without_depth(frame.stamp_ns, sheet)
        if sheet is None or sheet.seen_ns is None:
            region = self._depth.region
            return None if region is None else _make_surface(region.plane, region, self._depth.stamp_ns)
        return self._make_sheet_surface(sheet, sheet.seen_ns)

    def _make_surface_without_depth(self, stamp_ns: int, sheet: PlacedSheet | None) -> Surface | None:
        """The plane of an uncertain sheet, or none, and after a while why."""
        if sheet is not None:
            return Surface(sheet.plane, None, math.nan, math.nan, stamp_ns)
        if self._first_ns is not None and stamp_ns - self._first_ns > SHEET_SEARCH_S * 1e9:
            self.advice = NO_SURFACE
        return None

    def _follow_sheet(self, sheet: PlacedSheet | None) -> None:
        """Measure depth again, at the sheet, where the markers are new or show that the desk has moved."""
        if sheet is None or sheet.seen_ns is None:
            return
        if self._sheet_plane is None or _is_moved(self._sheet_plane, sheet):
            self._depth.reset()
            self._sheet_plane = sheet.plane

    def _judge_movement(self, stamp_ns: int, sheet: PlacedSheet | None) -> PlacedSheet | None:
        """The sheet, if it is to be believed although depth has changed: then depth is measured again, and that is all.
        Otherwise markers have to be seen again first."""
        if sheet is not None and sheet.seen_ns is not None and stamp_ns - sheet.seen_ns <= IN_SIGHT_S * 1e9:
            return sheet
        self._distrusted_ns = max(self._distrusted_ns, -1 if sheet is None or sheet.seen_ns is None else sheet.seen_ns)
        self._sheet_plane = None
        self.advice = self.advice or SURFACE_MOVED
        return None

    def _make_sheet_surface(self, sheet: PlacedSheet, seen_ns: int) -> Surface | None:
        """The sheet's plane, with depth's if that is the same desk."""
        region = self._depth.region
        if region is None:
            return Surface(sheet.plane, None, math.nan, math.nan, seen_ns)
        middle_m = sheet.camera_from_sheet.translation_m
        depth_m = float(region.plane.depth_at_m(middle_m / middle_m[2]))
        tilt_deg = math.degrees(math.acos(min(1.0, float(region.plane.normal @ sheet.plane.normal))))
        if not tilt_deg <= MAX_TILT_DEG:
            self.advice = advise_tilt(tilt_deg)
            return Surface(sheet.plane, None, math.nan, math.nan, seen_ns)
        size = depth_m / middle_m[2]
        if not abs(size - 1.0) <= MAX_DEPTH_BIAS:
            self.advice = advise_print_scale(size, middle_m[2], depth_m)
            return _make_surface(region.plane, region, self._depth.stamp_ns)
        return _make_surface(sheet.plane, region, max(seen_ns, self._depth.stamp_ns))


def _make_surface(plane: Plane, region: PlaneRegion, stamp_ns: int) -> Surface:
    return Surface(plane, region.plane, region.residual_m, region.inlier_ratio, stamp_ns)


def _is_moved(plane: Plane, sheet: PlacedSheet) -> bool:
    """Whether the sheet lies off this plane."""
    half_m = np.array([*sheet.size_m, 0.0]) / 2
    signs = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    return bool(np.abs(plane.height_m(sheet.camera_from_sheet.apply(signs * half_m))).max() > MOVED_M)
