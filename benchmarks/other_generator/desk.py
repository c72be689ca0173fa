"""The desk in a view."""

from __future__ import annotations

import numpy as np

from other_generator.desk_surface import DeskSurface
from other_generator.light import Lighting
from other_generator.view import HEIGHT_PX, WIDTH_PX, View

# Depth of the background, where a ray does not meet the desk.
_MAX_DEPTH_M = 4


class Desk:
    """The plane z = 0 in the view of one camera under one light; H x W pixels in rows.

    depth_m: (H * W,) along z. points_m: (H * W, 3) in the sheet frame. lamp_bgr, sky_bgr: (H * W, 3) linear radiance
    due to the lamp and to the sky without occlusion. All float32.
    """

    def __init__(self, surface: DeskSurface, view: View, lighting: Lighting) -> None:
        v, u = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
        rays = view.rays(u, v).reshape(-1, 3)
        with np.errstate(divide="ignore"):
            depth_m = -view.position_m[2] / rays[:, 2]
        self.depth_m = np.where((depth_m > 0) & (depth_m < _MAX_DEPTH_M), depth_m, _MAX_DEPTH_M).astype(np.float32)
        self.points_m = view.position_m + rays * self.depth_m[:, None]
        self.lamp_bgr, self.sky_bgr = _compute_radiance(surface, view, lighting, u, v)


def _compute_radiance(
    surface: DeskSurface, view: View, lighting: Lighting, u_px: np.ndarray, v_px: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lamp and sky radiance, averaged over nine points per pixel."""
    lamp_reflectance = sky_reflectance = 0
    for du_px in (-0.33, 0, 0.33):
        for dv_px in (-0.33, 0, 0.33):
            rays = view.rays(u_px + du_px, v_px + dv_px).reshape(-1, 3)
            depth_m = np.where(rays[:, 2] < -1e-3, -view.position_m[2] / np.minimum(rays[:, 2], -1e-3), _MAX_DEPTH_M)
            points_m = view.position_m + rays * depth_m[:, None].clip(0, _MAX_DEPTH_M)
            albedo = surface.sample_albedo(points_m)
            to_lamp_m = lighting.lamp_m - points_m
            square_m2 = (to_lamp_m * to_lamp_m).sum(1)
            facing = to_lamp_m[:, 2] / np.sqrt(square_m2) * lighting.falloff(square_m2)
            lamp_reflectance = lamp_reflectance + albedo * facing[:, None] / 9
            sky_reflectance = sky_reflectance + albedo / 9
    lamp_bgr, sky_bgr = lamp_reflectance * lighting.lamp_bgr, sky_reflectance * lighting.sky_bgr
    return lamp_bgr.astype(np.float32), sky_bgr.astype(np.float32)
