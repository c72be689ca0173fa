"""Rules of the window that the network infers."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from fingertip_contact.datatypes import WRIST, Hand
from fingertip_contact.depth.region import Region, RegionFinder

HEIGHT, WIDTH = 480, 640
SIZE_RATIOS = (210 / 336, 154 / 252)
SIZE = (400, 293)


def make_hand(left, top, right, bottom, wrist=None):
    """A hand whose fingers span a box, pixels; its wrist is in the box by default."""
    landmarks = np.linspace((left, top), (right, bottom), 21).astype(np.float32)
    landmarks[WRIST] = (left, top) if wrist is None else wrist
    landmarks[1] = (left, top)
    return Hand(1, "right", 1.0, 1.0, landmarks)


def contains(region, box):
    left, top, right, bottom = np.clip(box, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
    return (
        region.left <= left
        and right <= region.left + region.width
        and region.top <= top
        and bottom <= region.top + region.height
    )


@given(st.floats(-50, 640), st.floats(-50, 480), st.floats(10, 390), st.floats(10, 280))
def test_region_of_fixed_size_contains_the_fingers(left, top, width, height):
    """For hands anywhere it lies in the image and has the magnification that the network was trained with."""
    assume(left + width > 0)
    assume(top + height > 0)
    box = (left, top, left + width, top + height)
    region = RegionFinder(*SIZE_RATIOS).find((make_hand(*box),), HEIGHT, WIDTH)
    assert (region.width, region.height) == SIZE
    assert 0 <= region.left <= WIDTH - region.width
    assert 0 <= region.top <= HEIGHT - region.height
    assert contains(region, box)


def test_region_is_stable_while_it_contains_the_hands():
    """Typing does not move it, reaching far does."""
    finder = RegionFinder(*SIZE_RATIOS)
    first = finder.find((make_hand(200, 100, 440, 270),), HEIGHT, WIDTH)
    assert finder.find((make_hand(210, 110, 455, 260),), HEIGHT, WIDTH) == first
    assert finder.find((make_hand(330, 100, 560, 270),), HEIGHT, WIDTH) != first


def test_two_hands_share_a_region():
    """Both are in it."""
    boxes = ((180, 120, 290, 250), (330, 110, 470, 260))
    region = RegionFinder(*SIZE_RATIOS).find([make_hand(*box) for box in boxes], HEIGHT, WIDTH)
    assert all(contains(region, box) for box in boxes)


def test_full_image_is_used_without_hands():
    """Without hands there is no window."""
    assert RegionFinder(*SIZE_RATIOS).find((), HEIGHT, WIDTH) is None


def test_full_image_is_used_for_distant_hands():
    """A window must not cut off a finger."""
    far_apart = (make_hand(20, 100, 120, 200), make_hand(500, 100, 620, 200))
    assert RegionFinder(*SIZE_RATIOS).find(far_apart, HEIGHT, WIDTH) is None


def test_region_may_exclude_wrists():
    """Fingers touch, wrists do not."""
    region = RegionFinder(*SIZE_RATIOS).find((make_hand(250, 180, 400, 420, wrist=(320, -200)),), HEIGHT, WIDTH)
    assert contains(region, (250, 180, 400, 420))


def test_region_as_large_as_the_image_is_the_full_image():
    """A window of the whole image needs no second network."""
    assert RegionFinder(1.0, 1.2).find((make_hand(200, 100, 440, 270),), HEIGHT, WIDTH) is None


def test_region_follows_the_image_size():
    """Its size is a fraction of the image's."""
    finder = RegionFinder(0.5, 0.5)
    finder.find((make_hand(200, 100, 440, 270),), HEIGHT, WIDTH)
    region = finder.find((make_hand(200, 100, 440, 270),), 720, 1280)
    assert (region.width, region.height) == (640, 360)


def test_region_crops_an_image():
    """Rows first."""
    image = np.arange(48).reshape(6, 8)
    assert np.array_equal(image[Region(2, 1, 4, 3).window], image[1:4, 2:6])
