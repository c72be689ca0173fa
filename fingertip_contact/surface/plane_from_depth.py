"""The desk as depth shows it: a plane fitted to its bare pixels over many frames, and checked continuously."""

from __future__ import annotations

from dataclasses import dataclass

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import DepthImage, Frame, Hand, PlacedSheet
from fingertip_contact.numerics import stereo_inverse_depth_sigma
from fingertip_contact.surface.desk_depth import MeanDepth, extract_desk_depth, make_grid_rays
from fingertip_contact.surface.drift import DeskReference
from fingertip_contact.surface.plane_choice import choose_plane
from fingertip_contact.surface.plane_search import PlaneRegion, compute_tolerance, find_planes

CHECK_PERIOD_S = 0.5
# Frames that follow sooner are left out: 30 a second are enough, and each costs half a millisecond.
MIN_INTERVAL_NS = 25_000_000
# So many checks in a row have to agree that the desk has moved, or that the hands type on another one.
CHECKS_TO_DECIDE = 3
# Of the depth's noise; of pixels on the plane it loses 1 %.
TOLERANCE_SIGMAS = 2.5
# Lower than this the desk is seen edge-on, and depth noise along the ray is all height noise.
MIN_ELEVATION_DEG = 12.0


@dataclass(frozen=True)
class _Desk:
    """A plane that may be typed on, and its depth to compare later depth with."""

    region: PlaneRegion
    reference: DeskReference


class DepthPlaneTracker:
    """Finds the desk in `calibration_seconds` of depth, and notices when it has moved.

    region: the desk, None until it is found. stamp_ns: last frame that confirmed it. reason: why the last search was in
    vain, empty if it was not. has_moved: whether the desk, as depth shows it, is not where it was; the old plane stays
    until the new one is there. The plane of one second is not refined later: noise moves it by a tenth of what drift
    may (see docs/surface.md), and contact heights are learnt over it.
    """

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self.reset()

    def reset(self) -> None:
        """Forget the desk and search it from the next frame on."""
        self.region: PlaneRegion | None = None
        self.stamp_ns = 0
        self.reason = ""
        self.has_moved = False
        self._mean = MeanDepth()
        self._added_ns: int | None = None
        self._desks: list[_Desk] = []
        self._is_calibrating = True
        self._moved_count = self._other_count = 0

    def update(self, frame: Frame, depth: DepthImage, hands: tuple[Hand, ...], sheet: PlacedSheet | None) -> None:
        """depth: of the frame. sheet: where it is known, its plane is the desk."""
        if self._added_ns is not None and 0 <= frame.stamp_ns - self._added_ns < MIN_INTERVAL_NS:
            return
        self._added_ns = frame.stamp_ns
        self._mean.add(frame.stamp_ns, extract_desk_depth(depth, hands))
        period_s = self._parameters.calibration_seconds if self._is_calibrating else CHECK_PERIOD_S
        if self._mean.duration_s < period_s:
            return
        if self._is_calibrating:
            self._calibrate(frame, depth, hands, sheet)
        else:
            self._check_drift(frame)
            self._check_choice(frame, depth, hands, sheet)
        self._mean = MeanDepth()

    def _calibrate(self, frame: Frame, depth: DepthImage, hands: tuple[Hand, ...], sheet: PlacedSheet | None) -> None:
        parameters, camera = self._parameters, frame.camera
        inverse_depth = self._mean.compute()
        rays = make_grid_rays(camera, inverse_depth.shape)
        tolerance_px = TOLERANCE_SIGMAS * parameters.surface_noise_px
        tolerance = compute_tolerance(
            inverse_depth, camera.fx, parameters.baseline_m, tolerance_px, parameters.surface_tolerance_m
        )
        try:
            regions = self._select_usable(find_planes(rays, inverse_depth, tolerance))
            chosen = choose_plane(regions, camera, sheet, hands, depth)
        except ValueError as error:
            # The old plane, if there is one, stays in use; the next calibration_seconds try again.
            self.reason = str(error)
            return
        noise = stereo_inverse_depth_sigma(camera.fx, parameters.baseline_m, parameters.surface_noise_px)
        self.region, self.stamp_ns, self.reason, self.has_moved = chosen, frame.stamp_ns, "", False
        self._desks = [
            _Desk(region, DeskReference(rays, region.coefficients, region.mask, self._mean, noise))
            for region in regions
        ]
        self._is_calibrating = False
        self._moved_count = self._other_count = 0

    def _select_usable(self, regions: list[PlaneRegion]) -> list[PlaneRegion]:
        """Those that can be a desk under a camera. Raises ValueError, with the reason against the largest, if none."""
        refusals = [self._find_refusal(region) for region in regions]
        usable = [region for region, refusal in zip(regions, refusals, strict=True) if not refusal]
        if not usable:
            raise ValueError(refusals[0])
        return usable

    def _find_refusal(self, region: PlaneRegion) -> str:
        parameters = self._parameters
        elevation_deg = region.plane.elevation_deg
        distance_m = float(region.plane.offset_m)
        low_m, high_m = parameters.surface_distance_min_m, parameters.surface_distance_max_m
        if elevation_deg < MIN_ELEVATION_DEG:
            return (
                f"the camera looks along the surface ({elevation_deg:.0f} degrees above it): "
                f"raise it to {MIN_ELEVATION_DEG:.0f} degrees or more, best 45 to 65"
            )
        if not low_m <= distance_m <= high_m:
            return (
                f"the camera is {distance_m * 100:.0f} cm above the surface; "
                f"{low_m * 100:.0f} to {high_m * 100:.0f} cm can be used"
            )
        if region.inlier_ratio < parameters.surface_inlier_ratio_min:
            return (
                f"only {region.inlier_ratio:.0%} of the depth around the surface lies on it, "
                f"{parameters.surface_inlier_ratio_min:.0%} are needed: clear the desk or move the camera"
            )
        return ""

    def _check_drift(self, frame: Frame) -> None:
        """Compare the mean depth with that of the calibration; after some disagreements in a row, calibrate again."""
        reference = next(desk.reference for desk in self._desks if desk.region is self.region)
        change = reference.compare(self._mean)
        if change is None:
            return
        if not change.is_larger_than(self._parameters.surface_drift_m):
            self._moved_count, self.stamp_ns = 0, frame.stamp_ns
            return
        self._moved_count += 1
        if self._moved_count >= CHECKS_TO_DECIDE:
            self.has_moved = self._is_calibrating = True

    def _check_choice(
        self, frame: Frame, depth: DepthImage, hands: tuple[Hand, ...], sheet: PlacedSheet | None
    ) -> None:
        """Take another of the planes after hands have been over it, or the sheet on it, for some checks in a row."""
        if not hands and sheet is None:
            return
        try:
            chosen = choose_plane([desk.region for desk in self._desks], frame.camera, sheet, hands, depth)
        except ValueError:
            # The sheet's markers show that it has left all of them.
            self._is_calibrating = True
            return
        self._other_count = 0 if chosen is self.region else self._other_count + 1
        if self._other_count >= CHECKS_TO_DECIDE:
            self.region, self._other_count, self._moved_count = chosen, 0, 0
