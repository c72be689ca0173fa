"""Images turned, and the camera that takes such images."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.cameras.rotation import (
    ROTATIONS_DEG,
    rotate_camera,
    rotate_frame,
    rotate_image,
    rotate_optical_frame,
)
from fingertip_contact.datatypes import DepthImage, Frame, StereoImages
from fingertip_contact.geometry import Camera, RigidTransform

CAMERA = Camera(390.0, 385.0, 322.5, 238.0, 640, 480, (-0.05, 0.06, 0.002, -0.003, 0.01))
IMAGER = Camera(380.0, 380.0, 318.0, 241.0, 640, 480)
POINTS_M = np.array([[0.05, 0.02, 0.3], [-0.08, 0.04, 0.35], [0.0, -0.06, 0.28]])


@pytest.mark.parametrize("degrees", ROTATIONS_DEG)
def test_the_turned_camera_takes_the_turned_image(degrees):
    """What it sees at a pixel is what the mounted one sees at the pixel that was turned there, with distortion."""
    turned = rotate_camera(CAMERA, degrees)
    columns, rows = np.meshgrid(np.arange(640), np.arange(480))
    # Each pixel of the turned image holds its place in the mounted one.
    places = rotate_image(np.dstack([columns, rows]).astype(np.int32), degrees)
    assert (turned.height, turned.width) == places.shape[:2]
    expected = CAMERA.project(POINTS_M)
    for pixel, mounted in zip(turned.project(rotate_optical_frame(degrees).apply(POINTS_M)), expected, strict=True):
        column, row = np.rint(pixel).astype(int)
        assert np.abs(places[row, column] - mounted).max() <= 0.5 + 1e-6


def test_four_quarter_turns_change_nothing():
    frame = make_frame()
    for _ in range(4):
        frame = rotate_frame(frame, 90)
    assert frame.camera == CAMERA
    np.testing.assert_array_equal(frame.color_bgr, make_frame().color_bgr)
    np.testing.assert_array_equal(frame.depth.values, make_frame().depth.values)


def test_upside_down_the_right_imager_is_the_left_one():
    """A point lies in both turned pictures where its pixels were turned to; its disparity is positive as before."""
    frame = rotate_frame(make_frame(), 180)
    stereo = frame.stereo
    assert stereo.left[0, 0] == 2
    assert stereo.right[0, 0] == 1
    in_left_m = stereo.color_from_left.inverse.apply(rotate_optical_frame(180).apply(POINTS_M))
    left = stereo.camera.project(in_left_m)
    right = stereo.camera.project(in_left_m - [stereo.baseline_m, 0, 0])
    in_mounted_left_m = make_frame().stereo.color_from_left.inverse.apply(POINTS_M)
    np.testing.assert_allclose(right, [639, 479] - IMAGER.project(in_mounted_left_m), atol=1e-6)
    np.testing.assert_allclose(left, [639, 479] - IMAGER.project(in_mounted_left_m - [0.018, 0, 0]), atol=1e-6)
    assert rotate_frame(make_frame(), 90).stereo is None


def test_other_angles_are_refused():
    with pytest.raises(ValueError, match="by 0, 90, 180, 270 degrees, not by 45"):
        rotate_frame(make_frame(), 45)


def make_frame():
    color = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    left, right = np.full((480, 640), 1, np.uint8), np.full((480, 640), 2, np.uint8)
    color_from_left = RigidTransform(np.eye(3), np.array([0.002, 0.001, 0.0]))
    stereo = StereoImages(left, right, IMAGER, 0.018, color_from_left)
    return Frame(1, "camera", CAMERA, color, DepthImage(color[..., 0].astype(np.uint16), 0.001), stereo)
