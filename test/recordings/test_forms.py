"""Every form in which people have recordings is read as the plain one: pixels, stamps, intrinsics, rates."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.recordings.bag_recording import open_bag_recording
from recording_forms.camera_forms import ALL_FORMS
from small_bags import LEFT, PERIOD_NS, RIGHT, write_recording

COUNT = 5


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return write_recording(tmp_path_factory.mktemp("plain") / "plain.mcap", COUNT, imagers=(LEFT, RIGHT))


@pytest.mark.parametrize("form", ALL_FORMS, ids=lambda form: form.name)
def test_form_is_the_plain_recording(tmp_path, plain, form):
    """Pixels are equal where the form keeps them, else nearly; nothing is missing, the duration is the pictures'."""
    with open_bag_recording(plain) as recording, open_bag_recording(form.write(plain, tmp_path)) as other:
        assert other.duration_s == pytest.approx((COUNT - 1) * PERIOD_NS / 1e9)
        assert other.frames_per_second == pytest.approx(recording.frames_per_second)
        pairs = list(zip(recording.frames(), other.frames(), strict=True))
        assert (other.missing_depth_count, other.missing_stereo_count) == (0, 0)
    for expected, read in pairs:
        assert (read.stamp_ns, read.frame_id, read.camera) == (expected.stamp_ns, expected.frame_id, expected.camera)
        if form.is_exact:
            assert_same(read.stereo.left, expected.stereo.left)
            assert_same(read.color_bgr, expected.color_bgr)
            assert_same(read.depth.values, expected.depth.values)
            assert read.depth.unit_m == expected.depth.unit_m
        else:
            difference = read.color_bgr.astype(int) - expected.color_bgr
            assert np.abs(difference).mean() < 50
            assert np.abs(read.stereo.left.astype(int) - expected.stereo.left).mean() < 50
            assert_near_depth(read.depth.to_metres(), expected.depth.to_metres())


def assert_same(first, second):
    np.testing.assert_array_equal(first, second)


def assert_near_depth(depth_m, expected_m):
    """Where depth can come back: 32FC1 has a limit of 0.152 m, and 16 bits of inverse depth."""
    usable = expected_m > 0.152
    np.testing.assert_allclose(depth_m[usable], expected_m[usable], rtol=2e-3)
