"""Heights of a finger's middle in aligned depth: at the undistorted pixel, in melted depth, with holes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from contact_world import CAMERA, make_desk_plane, make_hand
from fingertip_contact.contact.measurement.finger_depth import MIN_PIXELS, measure_finger_heights_m
from fingertip_contact.contact.measurement.finger_region import TIP_LANDMARKS, find_finger_pixels, stack_tips_px
from fingertip_contact.contact.measurement.fingertip_flow import make_window_px
from fingertip_contact.datatypes import DepthImage, Hand
from fingertip_contact.geometry import Camera, Plane

DESK = make_desk_plane(60)
HAND = make_hand(0)
PIXELS_PER_M = 1000.0
WINDOW = make_window_px(PIXELS_PER_M)
PINHOLE = replace(CAMERA, distortion=())
RAYS = PINHOLE.rays(np.stack(np.meshgrid(np.arange(640), np.arange(480)), axis=-1).reshape(-1, 2)).reshape(480, 640, 3)


def make_depth_m(height_m: np.ndarray | float) -> np.ndarray:
    """(H, W) depth of what stands at these heights over the desk, parallel to it; a scalar or (H, W)."""
    return (np.asarray(height_m) - DESK.offset_m) / (RAYS @ DESK.normal)


def paint_fingers(height_m: float, hand: Hand = HAND, half_width_px: float = 8.0) -> np.ndarray:
    """(H, W) heights: fingers on a desk."""
    heights_m = np.zeros((480, 640))
    rows, columns = np.mgrid[:480, :640]
    for tip, knuckle in zip(hand.landmarks_px[TIP_LANDMARKS], hand.landmarks_px[1::4], strict=True):
        is_finger = (np.abs(columns - tip[0]) < half_width_px) & (rows < tip[1] + 3) & (rows > knuckle[1])
        heights_m[is_finger] = height_m
    return heights_m


def measure_mm(depth_m: np.ndarray, camera: Camera = PINHOLE, hand: Hand = HAND, plane: Plane = DESK) -> np.ndarray:
    depth = DepthImage(depth_m.astype(np.float32), 1.0)
    return 1e3 * measure_finger_heights_m(depth, camera, plane, (hand,), WINDOW, PIXELS_PER_M)


@pytest.mark.parametrize("height_m", [0.0, 0.011, 0.04])
def test_height_is_that_of_the_fingers_middle(height_m: float) -> None:
    """Within 0.2 mm in exact depth, desk beside the finger notwithstanding."""
    np.testing.assert_allclose(measure_mm(make_depth_m(paint_fingers(height_m))), 1e3 * height_m, atol=0.2)


def test_integer_depth_is_read_in_its_unit() -> None:
    """16UC1 with zeros for holes: within half a step of depth."""
    values = np.rint(1e4 * make_depth_m(paint_fingers(0.011))).astype(np.uint16)
    values[::7] = 0
    heights_m = measure_finger_heights_m(DepthImage(values, 1e-4), PINHOLE, DESK, (HAND,), WINDOW, PIXELS_PER_M)
    np.testing.assert_allclose(1e3 * heights_m, 11.0, atol=0.2)


def test_height_is_read_at_the_undistorted_pixel() -> None:
    """Depth is aligned without the colour camera's distortion: what colour shows 4 px further in lies further out in
    depth. A step 2 px beside the finger's middle would be on the wrong side of it."""
    camera = replace(CAMERA, distortion=(-0.15, 0.0, 0.0, 0.0, 0.0))
    # Where depth has the fingers, and where distorted colour shows them.
    true_px = HAND.landmarks_px
    seen = replace(HAND, landmarks_px=camera.project(PINHOLE.rays(true_px)).astype(np.float32))
    shift_px = (seen.landmarks_px - true_px)[TIP_LANDMARKS]
    assert np.all((shift_px[:3, 0] > 3.0) & (shift_px[:3, 0] < 8.0))
    heights_m = np.zeros((480, 640))
    columns = np.arange(640)
    for column in true_px[TIP_LANDMARKS, 0]:
        heights_m[:, (columns > column - 9) & (columns <= column + 2)] = 0.011
        heights_m[:, (columns > column + 2) & (columns < column + 12)] = 0.03
    depth_m = make_depth_m(heights_m)
    np.testing.assert_allclose(measure_mm(depth_m, camera, seen)[:3], 11.0, atol=0.3)
    np.testing.assert_allclose(measure_mm(depth_m, PINHOLE, seen)[:3], 30.0, atol=0.3)


def test_melted_edges_hardly_change_the_height() -> None:
    """Depth whose edges melt over 9 px: the middle of the finger keeps its height within 2 mm, its edge does not."""
    depth_m = cv2.blur(make_depth_m(paint_fingers(0.011)), (9, 9))
    np.testing.assert_allclose(measure_mm(depth_m), 11.0, atol=2.0)
    column, row = np.rint(HAND.landmarks_px[8]).astype(int)
    edge_m = DESK.height_m(RAYS[row, column + 8] * depth_m[row, column + 8])
    assert edge_m < 0.007


def test_holes_do_not_count() -> None:
    """Half of each finger without depth: the other half tells. One hole less than MIN_PIXELS of depth: NaN."""
    depth_m = make_depth_m(paint_fingers(0.011))
    holes = depth_m.copy()
    for column, _ in np.rint(HAND.landmarks_px[TIP_LANDMARKS]).astype(int):
        holes[:, column - 12 : column] = np.nan
    np.testing.assert_allclose(measure_mm(holes), 11.0, atol=0.2)
    for count, has_height in ((MIN_PIXELS, True), (MIN_PIXELS - 1, False)):
        empty = np.full_like(depth_m, np.nan)
        for tip_px, region in zip(stack_tips_px((HAND,)), find_regions(), strict=True):
            columns, rows = (np.rint(tip_px).astype(int) + WINDOW[region][:count]).T
            empty[rows, columns] = depth_m[rows, columns]
        assert (np.isfinite(measure_mm(empty)) == has_height).all()


def find_regions() -> np.ndarray:
    return find_finger_pixels((HAND,), WINDOW, PIXELS_PER_M, half_width_m=0.005, forward_m=0.0)


def test_height_is_over_the_given_plane() -> None:
    """Depth 2.5 % too near, over a desk that is as near: the finger's height, less as much."""
    depth_m = 0.975 * make_depth_m(paint_fingers(0.011))
    desk = Plane(DESK.normal, 0.975 * DESK.offset_m)
    np.testing.assert_allclose(measure_mm(depth_m, plane=desk), 0.975 * 11.0, atol=0.2)


@pytest.mark.parametrize("place", [(np.nan, np.nan), (1e7, 1e7), (-60.0, 200.0)])
def test_landmarks_outside_the_image_have_no_height(place: tuple[float, float]) -> None:
    """Nor does one that is no number; nothing is raised, and other fingers are measured."""
    hand = make_hand(0)
    depth_m = make_depth_m(paint_fingers(0.011))
    hand.landmarks_px[8] = place
    heights_mm = measure_mm(depth_m, hand=hand)
    assert np.isnan(heights_mm[1])
    np.testing.assert_allclose(heights_mm[[0, 2, 3, 4]], 11.0, atol=0.2)
