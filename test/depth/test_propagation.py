"""Depth of images that the network did not process."""

import numpy as np
import pytest

from depth_world import render_views
from fingertip_contact.datatypes import Hand
from fingertip_contact.depth.propagation import Keyframe, Propagator, to_flow_image
from fingertip_contact.depth.region import RegionFinder
from fingertip_contact.depth.stream import FULL_IMAGE_PERIOD_NS, DepthStream

FRAME_NS = 33_333_333
HEIGHT, WIDTH = 480, 640
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
DESK_M = (0.28 + 0.0003 * ROWS + 0.00005 * COLUMNS).astype(np.float32)


@pytest.fixture(scope="module")
def typing():
    """Eight frames of a quick typist."""
    return list(render_views("hello", 3, 60.0, "normal", range(90, 98)))


def make_textured(seed=0):
    """An image with texture that flow can follow: (480, 640, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 255, (HEIGHT // 8, WIDTH // 8), dtype=np.uint8)
    return np.repeat(np.kron(coarse, np.ones((8, 8), np.uint8))[..., None], 3, axis=2)


def test_depth_moves_with_the_image_content():
    """The depth of an image shifted by 12 pixels is shifted too."""
    image = make_textured()
    depth_m = DESK_M + 0.05 * (to_flow_image(image).repeat(2, 0).repeat(2, 1) > 127).astype(np.float32)
    shifted_m = Propagator().propagate(
        Keyframe(0, to_flow_image(image), depth_m), to_flow_image(np.roll(image, 12, axis=1))
    )
    inside = (slice(40, -40), slice(60, -60))
    assert np.median(np.abs(shifted_m - np.roll(depth_m, 12, axis=1))[inside]) < 0.001


def test_static_pixels_keep_their_depth_exactly():
    """Image noise does not change depth, and NaN keeps its place; the outermost pixel may be its neighbour's."""
    image = make_textured()
    noisy = np.clip(image + np.random.default_rng(1).normal(0, 2, image.shape), 0, 255).astype(np.uint8)
    depth_m = DESK_M.copy()
    depth_m[100:130, 200:260] = np.nan
    propagated_m = Propagator().propagate(Keyframe(0, to_flow_image(image), depth_m), to_flow_image(noisy))
    inside = (slice(1, -1), slice(1, -1))
    assert np.array_equal(propagated_m[inside], depth_m[inside], equal_nan=True)


@pytest.mark.parametrize("age", [2, 4, 7])
def test_propagated_depth_is_more_accurate_than_held_depth(typing, age):
    """Near typing hands its error is below 80 % of the error of unchanged depth."""
    propagator = Propagator()
    unchanged_mm, propagated_mm = [], []
    for keyframe, current in zip(typing, typing[age:], strict=False):
        propagated_m = propagator.propagate(
            Keyframe(0, to_flow_image(keyframe.color_bgr), keyframe.ground_truth_m), to_flow_image(current.color_bgr)
        )
        near = current.near_hands | keyframe.near_hands
        unchanged_mm.append(np.nanmean(np.abs(keyframe.ground_truth_m - current.ground_truth_m)[near]) * 1e3)
        propagated_mm.append(np.nanmean(np.abs(propagated_m - current.ground_truth_m)[near]) * 1e3)
    assert np.mean(propagated_mm) < 0.8 * np.mean(unchanged_mm)


@pytest.mark.parametrize("corner", [(0, 0), (476, 636), (0, 636)])
def test_motion_in_an_image_corner_is_propagated(corner):
    """Even where the margin for the flow is cut off; the rest keeps its depth."""
    image = make_textured()
    modified = image.copy()
    modified[corner[0] : corner[0] + 4, corner[1] : corner[1] + 4] ^= 255
    propagated_m = Propagator().propagate(Keyframe(0, to_flow_image(image), DESK_M), to_flow_image(modified))
    assert np.array_equal(propagated_m[100:380, 100:540], DESK_M[100:380, 100:540])
    assert np.isfinite(propagated_m).all()


def test_images_of_any_size_are_propagated():
    """Also smaller than the flow image, and with an odd number of rows."""
    for height, width in ((720, 1280), (135, 241)):
        image = (
            make_textured()[:height, :width]
            if height <= HEIGHT
            else np.kron(make_textured(), np.ones((2, 2, 1), np.uint8))
        )
        image = np.ascontiguousarray(image[:height, :width])
        depth_m = np.full((height, width), 0.3, np.float32)
        assert np.array_equal(
            Propagator().propagate(Keyframe(0, to_flow_image(image), depth_m), to_flow_image(image)), depth_m
        )


class FlatDepthEstimator:
    """A network that decodes a pixel's position from its colour and outputs the desk's depth there, with a scale and a
    shift error."""

    def __init__(self, scale=1.0, shift_per_m=0.0):
        self.scale, self.shift_per_m = scale, shift_per_m
        self.image_shapes = []

    def infer(self, image_bgr):
        self.image_shapes.append(image_bgr.shape[:2])
        columns, rows = image_bgr[..., 0].astype(np.float32) * 4, image_bgr[..., 1].astype(np.float32) * 4
        depth_m = 0.28 + 0.0003 * rows + 0.00005 * columns
        return (self.scale / (1 / depth_m - self.shift_per_m)).astype(np.float32)


@pytest.fixture
def image():
    """Columns in blue, rows in green."""
    return np.dstack([COLUMNS // 4, ROWS // 4, np.zeros_like(ROWS)]).astype(np.uint8)


@pytest.fixture
def hands():
    landmarks = np.linspace((250, 150), (400, 280), 21).astype(np.float32)
    return (Hand(1, "left", 1.0, 1.0, landmarks),)


def test_region_depth_is_aligned_to_the_full_image(image, hands):
    """A window has another scale and shift: errors of 10 % and a shift are below 1 mm after alignment."""
    full_image, region = FlatDepthEstimator(), FlatDepthEstimator(1.1, 0.05)
    stream = DepthStream(full_image, region, RegionFinder(0.5, 0.5))
    before_m = stream.infer(0, image, hands).depth_m
    after_m = stream.infer(FRAME_NS, image, hands).depth_m
    assert (full_image.image_shapes, region.image_shapes) == ([(HEIGHT, WIDTH)], [(HEIGHT // 2, WIDTH // 2)])
    assert np.abs(after_m - before_m).max() < 0.001


def test_full_image_is_inferred_periodically(image, hands):
    """At first, without hands, and after five seconds."""
    full_image, region = FlatDepthEstimator(), FlatDepthEstimator()
    stream = DepthStream(full_image, region, RegionFinder(0.5, 0.5))
    for stamp_ns, known_hands in (
        (0, hands),
        (1, hands),
        (2, ()),
        (FULL_IMAGE_PERIOD_NS + 2, hands),
        (FULL_IMAGE_PERIOD_NS + 3, hands),
    ):
        stream.infer(stamp_ns, image, known_hands)
    assert (len(full_image.image_shapes), len(region.image_shapes)) == (3, 2)


def test_depth_reports_the_stamp_of_the_inferred_frame(image):
    """The age of depth is the difference of the stamps."""
    stream = DepthStream(FlatDepthEstimator())
    stream.infer(5 * FRAME_NS, image, ())
    assert stream.propagate(8 * FRAME_NS, image).keyframe_stamp_ns == 5 * FRAME_NS
    stream.infer(9 * FRAME_NS, image, ())
    assert stream.propagate(9 * FRAME_NS, image).keyframe_stamp_ns == 9 * FRAME_NS


def test_no_depth_before_the_first_inference(image):
    """Before the first, after a reset, for another size, and when time runs backwards."""
    stream = DepthStream(FlatDepthEstimator())
    assert stream.propagate(0, image) is None
    stream.infer(10 * FRAME_NS, image, ())
    assert stream.propagate(9 * FRAME_NS, image) is None
    assert stream.propagate(11 * FRAME_NS, image[::2, ::2]) is None
    stream.infer(2 * FRAME_NS, image, ())
    assert stream.propagate(3 * FRAME_NS, image).keyframe_stamp_ns == 2 * FRAME_NS
    stream.reset()
    assert stream.propagate(4 * FRAME_NS, image) is None
