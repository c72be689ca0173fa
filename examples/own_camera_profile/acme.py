"""The profile of a stereo camera with a wider baseline. Take the numbers of yours from its data sheet."""

from fingertip_contact.cameras.profile import CameraProfile

ACME = CameraProfile(
    name="Acme Stereo 50",
    baseline_m=0.050,
    disparity_sigma_px=0.1,
    depth_unit_m=0.001,
    depth_range_m=(0.20, 2.0),
    focal_px=600.0,
    color_topics=("/rgb/image_raw",),
    depth_topics=("/depth_to_rgb/image_raw",),
    driver_topics=("/acme/rgb/image_raw", "/acme/rgb/camera_info", "/acme/depth_to_rgb/image_raw"),
    optical_frame="acme_rgb_optical_frame",
)
