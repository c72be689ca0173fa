"""Windows out of images: where they lie, what is between pixels, how close to a border they may be."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.contact.measurement.patches import (
    extract_patches,
    has_margin,
    interpolate_bilinear,
    make_gaussian_weights,
)

# Grey 10 more per row and 1 more per column.
RAMP = (10 * np.arange(12)[:, None] + np.arange(16)).astype(np.uint8)


def test_patch_is_the_part_of_the_image_around_its_origin() -> None:
    """Two pixels before and one after, in both directions; beyond the border the border's own grey."""
    inside, corner = extract_patches(RAMP, np.array([[5, 4], [0, 11]]), 2, 1)
    np.testing.assert_array_equal(inside, RAMP[2:6, 3:7])
    np.testing.assert_array_equal(corner[:, :3], np.repeat(RAMP[[9, 10, 11, 11], :1], 3, axis=1))


@pytest.mark.parametrize(("right_px", "down_px"), [(0.0, 0.0), (0.25, 0.0), (0.0, 0.75), (0.4, 0.9)])
def test_interpolation_is_exact_on_a_ramp(right_px: float, down_px: float) -> None:
    """A fraction to the right adds as much of a column's step, one down of a row's."""
    patches = extract_patches(RAMP, np.array([[5, 4]]), 2, 3)
    found = interpolate_bilinear(patches, np.array([[right_px, down_px]]))
    np.testing.assert_allclose(found, patches[:, :-1, :-1] + right_px + 10 * down_px, atol=1e-4)


@pytest.mark.parametrize(
    ("point", "expected"),
    [((3, 3), True), ((12, 8), True), ((2, 5), False), ((13, 5), False), ((5, 2), False), ((5, 9), False)],
)
def test_margin_is_kept_to_every_border(point: tuple[int, int], expected: bool) -> None:
    """A window of three pixels to each side fits, and touches no border."""
    assert has_margin(np.array([point]), RAMP.shape, 3).tolist() == [expected]


def test_gaussian_falls_off_by_half_widths() -> None:
    """1 in the middle; a sigma of half widths away its exp(-1/2)."""
    steps = np.arange(-4, 5)
    weights = make_gaussian_weights(np.stack(np.meshgrid(steps, steps), axis=-1), 0.5)
    assert weights[4, 4] == 1.0
    assert weights[4, 6] == weights[2, 4] == pytest.approx(np.exp(-0.5))
