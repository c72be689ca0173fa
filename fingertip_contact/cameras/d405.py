"""The Intel RealSense D405."""

from __future__ import annotations

import numpy as np

from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.geometry import RigidTransform

D405 = CameraProfile(
    name="Intel RealSense D405",
    # Data sheet.
    baseline_m=0.018,
    # Keselman et al., "Intel RealSense Stereoscopic Depth Cameras", 2017: 0.05 to 0.1 px.
    disparity_sigma_px=0.08,
    depth_unit_m=0.0001,
    # Data sheet; the far end is that of the published training data.
    depth_range_m=(0.07, 0.50),
    focal_px=390.0,
    # realsense2_camera since 4.57.4, before it, and this package's own inputs.
    color_topics=("/color/image_raw", "/color/image_rect_raw", "/color/image"),
    depth_topics=("/aligned_depth_to_color/image_raw", "/depth/image"),
    driver_topics=(
        "/camera/camera/color/image_raw",
        "/camera/camera/color/camera_info",
        "/camera/camera/aligned_depth_to_color/image_raw",
    ),
    optical_frame="camera_color_optical_frame",
    # The driver's names, and this package's own inputs.
    left_topics=("/infra1/image_rect_raw", "/infra1/image"),
    right_topics=("/infra2/image_rect_raw", "/infra2/image"),
    # Data sheet: it has no colour sensor, colour is the left imager's.
    color_from_left=RigidTransform(np.eye(3), np.zeros(3)),
)
