"""A RealSense D405 without ROS, by pyrealsense2: depth in the sensor's own steps of 0.1 mm, aligned to colour.

The driver for ROS cuts depth to whole millimetres; here it stays as it is measured.
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
# What the authors of the dataset set as their short-range preset; librealsense calls this number high density.
AUTHORS_PRESET = 4
# Automatic exposure has settled after two seconds.
WARM_UP_FRAMES = 60
# The filters that the published dataset went through.
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
    """Frames of the first camera that is plugged in, until the iterator is closed.

    filtered: smooth depth and fill its holes as the published dataset has it; what is filled was never measured.
    Stamps are the time at which a frame arrives here. Raises ModuleNotFoundError without pyrealsense2, ValueError
    where it does not load or no camera answers.
    """
    rs = _import_pyrealsense2()
    pipeline, config = rs.pipeline(), rs.config()
    config.enable_stream(rs.stream.depth, WIDTH, HEIGHT, rs.format.z16, FRAMES_PER_SECOND)
    config.enable_stream(rs.stream.color, WIDTH, HEIGHT, rs.format.bgr8, FRAMES_PER_SECOND)
    try:
        pipeline_profile = pipeline.start(config)
    except RuntimeError as error:
        raise ValueError(f"no RealSense answers ({error}); plug it into USB 3, and end other programs") from error
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
            # The camera's buffers are used again.
            images = (np.asanyarray(frame.get_data()).copy() for frame in (color, depth))
            color_bgr, values = images
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
    """Threshold, spatial, temporal, hole filling, in this order."""
    threshold, spatial = rs.threshold_filter(*camera_profile.depth_range_m), rs.spatial_filter()
    temporal, holes = rs.temporal_filter(), rs.hole_filling_filter(AUTHORS_FILTERS["hole_fill_mode"])
    spatial.set_option(rs.option.filter_magnitude, AUTHORS_FILTERS["spatial_magnitude"])
    for step, name in ((spatial, "spatial"), (temporal, "temporal")):
        step.set_option(rs.option.filter_smooth_alpha, AUTHORS_FILTERS[f"{name}_alpha"])
        step.set_option(rs.option.filter_smooth_delta, AUTHORS_FILTERS[f"{name}_delta"])
    spatial.set_option(rs.option.holes_fill, AUTHORS_FILTERS["hole_fill_mode"])
    return [threshold, spatial, temporal, holes]


def _make_camera(color_stream: Any) -> Camera:
    """librealsense calls the colour model inverse Brown-Conrady; the driver for ROS publishes it as plumb_bob."""
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
