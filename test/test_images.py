"""Rules of reading pixels: exact, without a copy where that is possible, and never a guess."""

from __future__ import annotations

from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.images import (
    COLOR_ENCODINGS,
    ENCODINGS,
    decode_color_image,
    decode_stereo_images,
    parse_camera_info,
    parse_stereo_info,
    to_bgr,
    view_pixels,
)

IDENTITY = RigidTransform(np.eye(3), np.zeros(3))
BGR = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)


def make_image(pixels: np.ndarray, encoding: str, **changes) -> SimpleNamespace:
    fields = {
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "encoding": encoding,
        "step": pixels.strides[0],
        "data": pixels.tobytes(),
        "is_bigendian": 0,
    }
    return SimpleNamespace(**fields | changes)


def test_bgr_is_not_copied():
    """A bgr8 image of a node or a bag is not copied."""
    data = array("B", BGR.tobytes())
    pixels = decode_color_image(make_image(BGR, "bgr8", data=data))
    np.testing.assert_array_equal(pixels, BGR)
    assert np.shares_memory(pixels, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("rgb8", BGR[..., ::-1]),
        ("bgra8", np.dstack([BGR, np.full((6, 8), 255, np.uint8)])),
        ("rgba8", np.dstack([BGR[..., ::-1], np.full((6, 8), 7, np.uint8)])),
        ("8UC3", BGR),
    ],
)
def test_colour_encodings_give_the_same_bgr(encoding, pixels):
    """Every colour encoding gives the same BGR image."""
    pixels = np.ascontiguousarray(pixels)
    np.testing.assert_array_equal(decode_color_image(make_image(pixels, encoding)), BGR)


@pytest.mark.parametrize("encoding", ["yuv422", "uyvy", "yuv422_yuy2", "yuyv", "mono8", "8UC1"])
def test_grey_encodings_stay_grey(encoding):
    """A grey image is grey in every encoding that has brightness alone or beside colour."""
    luminance = np.arange(48, dtype=np.uint8).reshape(6, 8) * 4 + 16
    neutral = np.full_like(luminance, 128)
    if "mono" in encoding or encoding == "8UC1":
        pixels = luminance
    elif encoding in ("yuv422", "uyvy"):
        pixels = np.dstack([neutral, luminance])
    else:
        pixels = np.dstack([luminance, neutral])
    bgr = decode_color_image(make_image(pixels, encoding)).astype(int)
    assert bgr.shape == (6, 8, 3)
    assert np.ptp(bgr, axis=2).max() == 0
    assert (np.diff(bgr[..., 0], axis=1) > 0).all()


@settings(deadline=None)
@given(
    encoding=st.sampled_from(sorted(ENCODINGS)),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    padding=st.integers(0, 5),
    is_bigendian=st.booleans(),
)
def test_view_is_exact(encoding, height, width, padding, is_bigendian):
    """For any size, padding and byte order of an image, its pixels are unchanged."""
    dtype = ENCODINGS[encoding]
    values = np.random.default_rng(0).integers(0, 200, (height, width, dtype.channels)).astype(dtype.dtype)
    stored = values.astype(np.dtype(dtype.dtype).newbyteorder(">" if is_bigendian else "<"))
    rows = [row.tobytes() + bytes(padding) for row in stored]
    pixels = view_pixels(height, width, encoding, len(rows[0]), b"".join(rows), is_bigendian)
    assert pixels.dtype == dtype.dtype
    np.testing.assert_array_equal(pixels.reshape(values.shape), values)
    if encoding in COLOR_ENCODINGS and not (dtype.channels == 2 and width % 2):
        assert to_bgr(pixels, encoding).shape == (height, width, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoding": "bayer_rggb8"}, "'bayer_rggb8' is not supported for a colour image; .* one of bgr8"),
        ({"step": 23}, "step is 23 bytes; 8 pixels of bgr8 need 24"),
        ({"data": bytes(143)}, "holds 143 bytes; 6 rows of 24 bytes are 144"),
        ({"data": b""}, "holds 0 bytes"),
        ({"height": 0}, "image is empty: 8x0"),
        ({"encoding": "16UC1"}, "'16UC1' is not supported for a colour image"),
    ],
)
def test_inconsistent_images_are_rejected(changes, message):
    """An image with contradictory fields is an error that names both values."""
    with pytest.raises(ValueError, match=message):
        decode_color_image(make_image(BGR, **{"encoding": "bgr8"} | changes))


def info(**changes) -> SimpleNamespace:
    k = [393.0, 0.0, 321.0, 0.0, 392.0, 240.0, 0.0, 0.0, 1.0]
    return SimpleNamespace(**{"width": 640, "height": 480, "distortion_model": "plumb_bob", "d": [], "k": k} | changes)


def test_camera_keeps_intrinsics_and_distortion():
    """K and D are read by their places; five zeros are no distortion."""
    camera = parse_camera_info(info(d=[0.1, 0.0, 0.0, 0.0, -0.2]))
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (393.0, 392.0, 321.0, 240.0)
    assert (camera.width, camera.height, camera.distortion) == (640, 480, (0.1, 0.0, 0.0, 0.0, -0.2))
    assert not parse_camera_info(info(d=[0.0] * 5)).is_distorted


def test_binning_and_region_of_interest():
    """K is of the whole sensor: a point seen at a pixel of it is seen at the pixel that holds this one."""
    full = parse_camera_info(info(d=[0.1, 0.0, 0.0, 0.0, -0.2]))
    part = {"binning_x": 2, "binning_y": 4, "roi": make_region(100, 40, 400, 400)}
    camera = parse_camera_info(info(d=[0.1, 0.0, 0.0, 0.0, -0.2], **part))
    assert (camera.width, camera.height) == (200, 100)
    assert camera.distortion == full.distortion
    points_m = np.array([[0.0, 0.0, 0.3], [0.05, -0.02, 0.4], [-0.04, 0.06, 0.35]])
    edges = (full.project(points_m) + 0.5 - [100, 40]) / [2, 4]  # From the corner of the image, in its pixels.
    np.testing.assert_allclose(camera.project(points_m) + 0.5, edges, atol=1e-9)


@pytest.mark.parametrize("binning", [0, 1])
def test_no_binning_and_no_region_change_nothing(binning):
    """Zeros are the default of both."""
    whole = {"binning_x": binning, "binning_y": binning, "roi": make_region(0, 0, 0, 0)}
    assert parse_camera_info(info(**whole)) == parse_camera_info(info())
    assert parse_camera_info(info(roi=make_region(0, 0, 640, 480))) == parse_camera_info(info())


def make_region(x_offset, y_offset, width, height) -> SimpleNamespace:
    return SimpleNamespace(x_offset=x_offset, y_offset=y_offset, width=width, height=height)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"roi": make_region(300, 0, 400, 100)}, r"region of interest 400x100 at \(300, 0\), which is not within"),
        ({"roi": make_region(0, 0, 400, 0)}, "region of interest 400x0"),
        ({"k": [0.0] * 9}, "not usable: fx=0.0"),
        ({"k": [float("nan")] * 9}, "not usable: fx=nan"),
        ({"width": 0}, "size=0x480"),
        ({"distortion_model": "equidistant"}, "'equidistant' is not supported; rectify"),
    ],
)
def test_uncalibrated_cameras_are_rejected(changes, message):
    """A camera whose rays are unknown is an error, not a guess."""
    with pytest.raises(ValueError, match=message):
        parse_camera_info(info(**changes))


def make_right_info(tx: float, width: int = 8, distortion: tuple[float, ...] = (0.0,) * 5) -> SimpleNamespace:
    """tx: P[3], -f B."""
    k = np.array([390.0, 0, 4, 0, 390.0, 3, 0, 0, 1])
    p = np.array([390.0, 0, 4, tx, 0, 390.0, 3, 0, 0, 0, 1, 0])
    return SimpleNamespace(distortion_model="plumb_bob", d=distortion, k=k, p=p, width=width, height=6)


def test_imagers_become_stereo_images():
    """The baseline is -P[3] / f; grey images are views of their messages, colour ones become grey."""
    calibration = parse_stereo_info(make_right_info(-390.0 * 0.018), IDENTITY)
    assert calibration.baseline_m == pytest.approx(0.018)
    binned = make_right_info(-390.0 * 0.018)
    binned.binning_x = binned.binning_y = 2
    assert parse_stereo_info(binned, IDENTITY).baseline_m == pytest.approx(0.018)
    left = np.ascontiguousarray(BGR[..., 0])
    data = array("B", left.tobytes())
    right = np.full((6, 8, 3), 77, np.uint8)
    stereo = decode_stereo_images(make_image(left, "mono8", data=data), make_image(right, "rgb8"), calibration)
    np.testing.assert_array_equal(stereo.left, left)
    assert np.shares_memory(stereo.left, np.frombuffer(data, np.uint8))
    np.testing.assert_array_equal(stereo.right, right[..., 0])
    assert (stereo.camera.fx, stereo.baseline_m) == (390.0, calibration.baseline_m)


@pytest.mark.parametrize(
    ("info", "message"),
    [
        (make_right_info(0.0), "no baseline: P.3. is 0, it has to be -f B"),
        (make_right_info(7.0), "no baseline: P.3. is 7"),
        (make_right_info(float("nan")), "no baseline: P.3. is nan"),
        (make_right_info(-7.0, distortion=(0.1, 0, 0, 0, 0)), "rectified images"),
        (make_right_info(-7.0, width=9), "left imager's image is 8x6, its camera_info states 9x6"),
    ],
)
def test_unusable_imagers_are_rejected(info, message):
    """Each with what is wrong; nothing is guessed."""
    grey = make_image(np.ascontiguousarray(BGR[..., 0]), "mono8")
    with pytest.raises(ValueError, match=message):
        decode_stereo_images(grey, grey, parse_stereo_info(info, IDENTITY))
