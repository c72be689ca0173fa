"""Frames of a RealSense camera without ROS, by pyrealsense2: depth in the sensor's own unit, aligned to colour.

The ROS driver truncates depth to whole millimetres; here it keeps the sensor's resolution (0.1 mm for a D405).
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.geometry import Camera

WIDTH, HEIGHT, FRAMES_PER_SECOND = 640, 480, 30
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
    Stamps are arrival times on this computer. Raises ModuleNotFoundError without pyrealsense2, ValueError if it does
    not load or no camera responds.
    """
    rs = _import_pyrealsense2()
    pipeline, config = rs.pipeline(), rs.config()
    config.enable_stream(rs.stream.depth, WIDTH, HEIGHT, rs.format.z16, FRAMES_PER_SECOND)
    config.enable_stream(rs.stream.color, WIDTH, HEIGHT, rs.format.bgr8, FRAMES_PER_SECOND)
    try:
        pipeline_profile = pipeline.start(config)
    except RuntimeError as error:
        raise ValueError(
            f"no RealSense camera responds ({error}); connect it to USB 3, close other programs"
        ) from error
    try:
        sensor = pipeline_profile.get_device().first_depth_sensor()
        if sensor.supports(rs.option.visual_preset):
            sensor.set_option(rs.option.visual_preset, AUTHORS_PRESET)
        unit_m = round(float(sensor.get_depth_scale()), 7)
        camera = _make_camera(pipeline_profile.get_stream(rs.stream.color))
        align, filters = rs.align(rs.stream.color), _make_authors_filters(rs, camera_profile) if filtered else []
        for _ in range(WARM_UP_FRAMES):
            pipeline.wait_for_frames()
        while True:
            frames = align.process(pipeline.wait_for_frames())
            stamp_ns = time.time_ns()
            color, depth = frames.get_color_frame(), frames.get_depth_frame()
            if not color or not depth:
                continue
            for step in filters:
                depth = step.process(depth)
            # Copies, since the camera reuses its buffers.
            color_bgr, values = (np.asanyarray(frame.get_data()).copy() for frame in (color, depth))
            yield Frame(stamp_ns, camera_profile.optical_frame, camera, color_bgr, DepthImage(values, unit_m))
    finally:
        pipeline.stop()


def _import_pyrealsense2() -> Any:
    try:
        import pyrealsense2
    except ModuleNotFoundError:
        raise
    except ImportError as error:
        raise ValueError(f"pyrealsense2 does not load ({error}); apt install libusb-1.0-0") from error
    return pyrealsense2


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


def _make_camera(color_stream: Any) -> Camera:
    """The intrinsics: librealsense calls the colour model inverse Brown-Conrady, the ROS driver plumb_bob."""
    intrinsics = color_stream.as_video_stream_profile().get_intrinsics()
    distortion = tuple(float(value) for value in intrinsics.coeffs)
    return Camera(
        fx=intrinsics.fx,
        fy=intrinsics.fy,
        cx=intrinsics.ppx,
        cy=intrinsics.ppy,
        width=intrinsics.width,
        height=intrinsics.height,
        distortion=distortion if any(distortion) else (),
    )
