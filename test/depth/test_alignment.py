"""Rules of aligning one depth image to the scale of another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.depth.alignment import MIN_PIXELS, align


@pytest.fixture
def target_m():
    """A desk that recedes with something 5 cm high on it: (120, 160) float32 metres."""
    rows, columns = np.mgrid[0:120, 0:160]
    desk_m = 0.28 + 0.0012 * rows
    return (desk_m - 0.05 * ((rows > 60) & (columns < 60))).astype(np.float32)


def apply_error(depth_m, scale, shift_per_m):
    """Depth that `Alignment(scale, shift)` restores."""
    return (scale / (1 / depth_m - shift_per_m)).astype(np.float32)


@given(st.floats(0.5, 2.0), st.floats(-0.1, 0.1))
def test_scale_and_shift_are_found(scale, shift_per_m):
    """To a tenth of a millimetre; a shift of 0.1 is 12 mm at 35 cm."""
    rows, _ = np.mgrid[0:120, 0:160]
    target_m = (0.28 + 0.0012 * rows).astype(np.float32)
    source_m = apply_error(target_m, scale, shift_per_m)
    alignment = align(source_m, target_m)
    assert np.abs(alignment.apply(source_m) - target_m).max() < 1e-4


def test_alignment_tolerates_a_third_of_outliers(target_m):
    """Hands that moved in between do not tilt the desk."""
    source_m = apply_error(target_m, 0.9, 0.1)
    source_m[:, :53] *= 1.3
    alignment = align(source_m, target_m)
    assert np.abs(alignment.apply(source_m) - target_m)[:, 53:].max() < 0.001


def test_single_depth_gives_a_scale_and_a_bounded_shift():
    """A flat desk from straight above: an object 5 cm above it, which was not fitted, is right within 1 mm too."""
    random = np.random.default_rng(0)
    desk_m = np.full((120, 160), 0.35, np.float32) + random.normal(0, 0.001, (120, 160)).astype(np.float32)
    alignment = align(np.full_like(desk_m, 0.36), desk_m)
    hand_m = alignment.apply(np.float32([0.31]))[0]
    assert hand_m == pytest.approx(0.31 * 0.35 / 0.36, abs=0.001)


def test_too_few_common_pixels_give_no_alignment(target_m):
    """The result is None where a number would be a guess."""
    source_m = np.full_like(target_m, np.nan)
    source_m.flat[: MIN_PIXELS - 1] = 0.3
    assert align(source_m, target_m) is None
    source_m.flat[MIN_PIXELS - 1] = 0.3
    assert align(source_m, target_m) is not None


def test_invalid_pixels_stay_invalid(target_m):
    """NaN in, NaN out, and nowhere else."""
    source_m = target_m.copy()
    source_m[10:20] = np.nan
    aligned_m = align(source_m, target_m).apply(source_m)
    assert np.array_equal(np.isnan(aligned_m), np.isnan(source_m))
