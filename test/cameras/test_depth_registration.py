"""Depth on the grid of the colour camera, against planes that are known exactly and librealsense's own alignment."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

import librealsense_align
from fingertip_contact.cameras.depth_registration import DepthRegistration
from fingertip_contact.geometry import Camera, Plane, RigidTransform

DEPTH_CAMERA = Camera(fx=190.0, fy=190.0, cx=80.0, cy=60.0, width=160, height=120)
COLOR_CAMERA = Camera(fx=215.0, fy=214.0, cx=78.5, cy=61.0, width=160, height=120, distortion=(-0.05, 0.06, 1e-3, 0, 0))
IDENTITY = RigidTransform(np.eye(3), np.zeros(3))
TILTED = RigidTransform(cv2.Rodrigues(np.array([0.02, -0.03, 0.05]))[0], np.array([0.015, -0.004, 0.002]))
UNIT_M = 0.0001


def see_plane(camera: Camera, camera_from_depth: RigidTransform) -> np.ndarray:
    """(H, W): the depth of a desk that leans away, 0.3 m in front of the depth camera."""
    normal = np.array([0.0, -0.5, -np.sqrt(0.75)])
    plane_normal = camera_from_depth.rotate(normal)
    point_m = camera_from_depth.apply(np.array([0.0, 0.0, 0.3]))
    rows, columns = np.mgrid[: camera.height, : camera.width]
    rays = camera.rays(np.column_stack([columns.reshape(-1), rows.reshape(-1)]))
    return Plane(plane_normal, -float(plane_normal @ point_m)).depth_at_m(rays).reshape(camera.height, camera.width)


def test_equal_cameras_change_nothing():
    values = np.random.default_rng(0).integers(0, 5000, (120, 160)).astype(np.uint16)
    aligned = DepthRegistration(DEPTH_CAMERA, DEPTH_CAMERA, IDENTITY).register(values, UNIT_M)
    np.testing.assert_array_equal(aligned, values)


@pytest.mark.parametrize("pose", [IDENTITY, TILTED])
def test_plane_of_a_distorted_colour_camera(pose):
    """Without holes inside, and exact to what the desk's depth changes by within a pixel."""
    values = np.rint(see_plane(DEPTH_CAMERA, IDENTITY) / UNIT_M).astype(np.uint16)
    aligned = DepthRegistration(DEPTH_CAMERA, COLOR_CAMERA, pose).register(values, UNIT_M)
    inside = aligned[20:-20, 20:-20]
    assert np.count_nonzero(inside == 0) == 0
    error_m = inside * UNIT_M - see_plane(COLOR_CAMERA, pose)[20:-20, 20:-20]
    assert np.abs(error_m).max() < 0.0015
    assert abs(error_m.mean()) < 0.0002


def test_nearer_pixels_hide_those_behind():
    """A finger before the desk, seen from beside: it is drawn over what it hides, whatever the order."""
    values = np.full((120, 160), 4000, np.uint16)
    values[40:80, 60:70] = 2000
    moved = RigidTransform(np.eye(3), np.array([0.02, 0.0, 0.0]))
    aligned = DepthRegistration(DEPTH_CAMERA, DEPTH_CAMERA, moved).register(values, UNIT_M)
    # 0.02 m at 0.2 m are 19 px, at 0.4 m 9.5 px: the finger moves further, and leaves a shadow.
    assert (aligned[50, 80:88] == 2000).all()
    assert (aligned[50, 72:78] == 0).all()


@pytest.mark.parametrize("size", [(160, 120), (212, 120), (80, 60), (320, 240)])
def test_pinholes_at_one_place_are_gathered(size):
    """Faster, and with the same result as drawing, for colour of any size; the turn is too small to matter."""
    width, height = size
    color = Camera(1.02 * width, 1.03 * width, width / 2 - 3.2, height / 2 + 1.7, width, height)
    values = np.rint(see_plane(DEPTH_CAMERA, IDENTITY) / UNIT_M).astype(np.uint16)
    gathered = DepthRegistration(DEPTH_CAMERA, color, IDENTITY).register(values, UNIT_M)
    turned = RigidTransform(cv2.Rodrigues(np.array([0.0, 0.0, 3e-4]))[0], np.zeros(3))
    drawn = DepthRegistration(DEPTH_CAMERA, color, turned).register(values, UNIT_M)
    assert gathered.shape == (height, width)
    # Drawing goes half a pixel over the border of the depth image. The turn moves corners by a hundredth of a pixel.
    both = (gathered > 0) & (drawn > 0)
    assert np.mean(both) > 0.95 * np.mean(drawn > 0)
    assert np.mean(gathered[both] != drawn[both]) < 0.04
    assert np.abs(gathered[both].astype(int) - drawn[both]).max() <= 30


def test_librealsense_agrees():
    """Where both see depth, they differ by no more than the pixel by which librealsense grows everything."""
    realsense = pytest.importorskip("pyrealsense2", exc_type=ImportError)
    values = np.rint(see_plane(DEPTH_CAMERA, IDENTITY) / UNIT_M).astype(np.uint16)
    color = replace(COLOR_CAMERA, distortion=())
    aligned = DepthRegistration(DEPTH_CAMERA, color, IDENTITY).register(values, UNIT_M)
    theirs = librealsense_align.align(realsense, values, DEPTH_CAMERA, color)
    both = (aligned > 0) & (theirs > 0)
    assert both.mean() > 0.95
    assert np.abs(aligned[both].astype(int) - theirs[both]).max() <= 30
