"""Recordings that librealsense itself writes, of a software device."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform
from librealsense_align import make_frame, make_stream

DEPTH_CAMERA = Camera(fx=60.0, fy=60.0, cx=31.5, cy=23.5, width=64, height=48)
COLOR_CAMERA = Camera(fx=62.0, fy=62.0, cx=31.0, cy=23.0, width=64, height=48)
START_MS, PERIOD_MS = 1_700_000_000_000.0, 33.25
# Of the colour stream's stamps against those of depth.
LAG_MS = 0.5
DEADLINE_S = 20.0


def write_librealsense(
    realsense: Any, path: Path, depths: list[np.ndarray], colors: list[np.ndarray], color_from_depth: RigidTransform
) -> Path:
    """depths: (48, 64) uint16 in 0.1 mm. colors: (48, 64, 3) uint8 RGB."""
    device = realsense.software_device()
    sensors = [device.add_sensor(name) for name in ("Stereo Module", "RGB Camera")]
    sensors[0].add_read_only_option(realsense.option.depth_units, 0.0001)
    streams = [
        (realsense.stream.depth, DEPTH_CAMERA, 2, realsense.format.z16),
        (realsense.stream.color, COLOR_CAMERA, 3, realsense.format.rgb8),
    ]
    profiles = [
        sensor.add_video_stream(make_stream(realsense, number, *stream))
        for number, (sensor, stream) in enumerate(zip(sensors, streams, strict=True), 1)
    ]
    pose = realsense.extrinsics()
    # By columns.
    pose.rotation = color_from_depth.rotation.T.ravel().tolist()
    pose.translation = color_from_depth.translation_m.tolist()
    profiles[0].register_extrinsics_to(profiles[1], pose)
    recorder = realsense.recorder(str(path), device)
    queue = realsense.frame_queue(2 * len(depths))
    recorded = recorder.query_sensors()
    for sensor, profile in zip(recorded, profiles, strict=True):
        sensor.open(profile)
        sensor.start(queue)
    for number, images in enumerate(zip(depths, colors, strict=True)):
        for index, (sensor, profile, image) in enumerate(zip(sensors, profiles, images, strict=True)):
            frame = make_frame(realsense, number + 1, profile, image)
            frame.timestamp = START_MS + number * PERIOD_MS + index * LAG_MS
            sensor.on_video_frame(frame)
    # The recorder writes in a thread of its own.
    deadline_s = time.monotonic() + DEADLINE_S
    for _ in range(2 * len(depths)):
        queue.wait_for_frame(max(1, int(1000 * (deadline_s - time.monotonic()))))
    for sensor in recorded:
        sensor.stop()
        sensor.close()
    return path
