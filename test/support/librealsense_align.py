"""librealsense's own alignment of depth to colour, by a software device."""

from __future__ import annotations

from typing import Any

import numpy as np

from fingertip_contact.geometry import Camera

FRAME_MS = 33.3


def align(realsense: Any, raw: np.ndarray, depth: Camera, color: Camera) -> np.ndarray:
    """Raw depth (H, W) uint16 in 0.1 mm on the depth camera's grid -> on the colour camera's."""
    device = realsense.software_device()
    sensors = [device.add_sensor(name) for name in ("depth", "color")]
    streams = [
        (realsense.stream.depth, depth, 2, realsense.format.z16),
        (realsense.stream.color, color, 3, realsense.format.bgr8),
    ]
    profiles = [
        sensor.add_video_stream(make_stream(realsense, number, *stream))
        for number, (sensor, stream) in enumerate(zip(sensors, streams, strict=True), 1)
    ]
    sensors[0].add_read_only_option(realsense.option.depth_units, 0.0001)
    same = realsense.extrinsics()
    same.rotation, same.translation = np.eye(3).ravel().tolist(), [0.0, 0.0, 0.0]
    profiles[0].register_extrinsics_to(profiles[1], same)
    device.create_matcher(realsense.matchers.default)
    syncer = realsense.syncer()
    for sensor, profile in zip(sensors, profiles, strict=True):
        sensor.open(profile)
        sensor.start(syncer)
    images = (raw, np.zeros((color.height, color.width, 3), np.uint8))
    try:
        for number in range(1, 6):
            for sensor, profile, image in zip(sensors, profiles, images, strict=True):
                sensor.on_video_frame(make_frame(realsense, number, profile, image))
            frames = syncer.wait_for_frames(2000)
            if frames.size() == 2:
                aligned = realsense.align(realsense.stream.color).process(frames)
                return np.array(aligned.get_depth_frame().get_data())
    finally:
        for sensor in sensors:
            sensor.stop()
    raise RuntimeError("the software device gave no pair of frames")


def make_stream(realsense: Any, number: int, kind: Any, camera: Camera, pixel_bytes: int, pixel_format: Any) -> Any:
    intrinsics = realsense.intrinsics()
    intrinsics.width, intrinsics.height = camera.width, camera.height
    intrinsics.fx, intrinsics.fy, intrinsics.ppx, intrinsics.ppy = camera.fx, camera.fy, camera.cx, camera.cy
    intrinsics.coeffs, intrinsics.model = [0.0] * 5, realsense.distortion.brown_conrady
    stream = realsense.video_stream()
    stream.type, stream.index, stream.uid, stream.fps = kind, 0, number, 30
    stream.width, stream.height, stream.bpp, stream.fmt = camera.width, camera.height, pixel_bytes, pixel_format
    stream.intrinsics = intrinsics
    return stream


def make_frame(realsense: Any, number: int, profile: Any, image: np.ndarray) -> Any:
    frame = realsense.software_video_frame()
    frame.pixels, frame.stride, frame.bpp = image, image.strides[0], image.strides[0] // image.shape[1]
    frame.timestamp, frame.frame_number = number * FRAME_MS, number
    frame.domain, frame.profile = realsense.timestamp_domain.system_time, profile.as_video_stream_profile()
    if hasattr(frame, "depth_units"):
        frame.depth_units = 0.0001
    return frame
