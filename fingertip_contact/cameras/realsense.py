"""Frames of a RealSense camera without ROS: depth in the sensor's own unit, aligned to colour.

The ROS driver truncates depth to whole millimetres; here it keeps the sensor's resolution (0.1 mm for a D405).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.cameras.realsense_capture import RealsenseRequest, open_realsense
from fingertip_contact.cameras.realsense_modes import StreamMode
from fingertip_contact.datatypes import Frame

FRAMES_PER_SECOND = 30
MODE = StreamMode(640, 480, FRAMES_PER_SECOND)
# The short-range preset of the published dataset's authors; librealsense calls this number high density.
AUTHORS_PRESET = 4
# Two seconds, after which automatic exposure has settled.
WARM_UP_FRAMES = 60
# The filters that were applied to the published dataset.
AUTHORS_FILTERS = {
    "spatial_magnitude": 2,
    "spatial_alpha": 0.5,
    "spatial_delta": 20,
    "temporal_alpha": 0.4,
    "temporal_delta": 20,
    "hole_fill_mode": 1,
}


def stream_realsense_frames(
    camera_profile: CameraProfile = D405, *, filtered: bool = False
) -> Generator[Frame, None, None]:
    """Yields frames of the first connected camera until the iterator is closed.

    filtered: smooth depth and fill its holes as in the published dataset; filled pixels were never measured.
    Stamps are those of the exposures, in this computer's time. Raises ModuleNotFoundError without pyrealsense2,
    ValueError or OSError as `open_realsense` and `RealsenseCapture.read` do.
    """
    request = RealsenseRequest(color=MODE, depth=MODE)
    with open_realsense(request) as capture:
        capture.set_depth_preset(AUTHORS_PRESET)
        if filtered:
            capture.depth_filters = _make_authors_filters(capture.rs, camera_profile)
        for _ in range(WARM_UP_FRAMES):
            capture.read()
        camera = capture.cameras["color"]
        while True:
            for images in capture.read():
                if images.depth is not None:
                    yield Frame(images.stamp_ns, camera_profile.optical_frame, camera, images.color_bgr, images.depth)


def _make_authors_filters(rs: Any, camera_profile: CameraProfile) -> list[Any]:
    """Threshold, spatial, temporal and hole-filling filters, in this order."""
    threshold, spatial = rs.threshold_filter(*camera_profile.depth_range_m), rs.spatial_filter()
    temporal, holes = rs.temporal_filter(), rs.hole_filling_filter(AUTHORS_FILTERS["hole_fill_mode"])
    spatial.set_option(rs.option.filter_magnitude, AUTHORS_FILTERS["spatial_magnitude"])
    for step, name in ((spatial, "spatial"), (temporal, "temporal")):
        step.set_option(rs.option.filter_smooth_alpha, AUTHORS_FILTERS[f"{name}_alpha"])
        step.set_option(rs.option.filter_smooth_delta, AUTHORS_FILTERS[f"{name}_delta"])
    spatial.set_option(rs.option.holes_fill, AUTHORS_FILTERS["hole_fill_mode"])
    return [threshold, spatial, temporal, holes]
