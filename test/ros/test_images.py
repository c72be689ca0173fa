"""Images are converted to and from messages without a copy, or rejected with one error."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

pytest.importorskip("rclpy")

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from fingertip_contact.images import decode_depth_image
from fingertip_contact.ros.images import CameraReader, ImageWriter, decode_color_bgr

HEAD = Header(frame_id="camera")
RANDOM = np.random.default_rng(1)


def serialise_round_trip(message):
    return deserialize_message(serialize_message(message), type(message))


def test_bgr8_is_a_view():
    """No copy: a change of the message changes the image."""
    image = RANDOM.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    message = serialise_round_trip(ImageWriter("bgr8").make_message(HEAD, image))
    read = decode_color_bgr(message)
    np.testing.assert_array_equal(read, image)
    message.data[0] = 255 - message.data[0]
    assert read[0, 0, 0] == message.data[0]


@pytest.mark.parametrize(("encoding", "dtype"), [("16UC1", np.uint16), ("32FC1", np.float32)])
def test_depth_round_trip_is_exact(encoding, dtype):
    """Depth survives bit by bit."""
    depth = (RANDOM.random((48, 64)) * 900).astype(dtype)
    read = decode_depth_image(serialise_round_trip(ImageWriter(encoding).make_message(HEAD, depth)))
    np.testing.assert_array_equal(read.values, depth)


def test_image_writer_accepts_any_image_size():
    """A camera may change its resolution; the buffer is resized."""
    writer = ImageWriter("bgr8")
    for height, width in ((4, 6), (4, 6), (2, 3)):
        message = writer.make_message(HEAD, np.full((height, width, 3), height, np.uint8))
        assert (message.height, message.width, message.step, len(message.data)) == (
            height,
            width,
            3 * width,
            3 * width * height,
        )


@pytest.mark.skipif(importlib.util.find_spec("cv_bridge") is not None, reason="cv_bridge reads this encoding")
def test_an_unknown_encoding_is_named():
    """Without cv_bridge, the error names an encoding that is not plain."""
    with pytest.raises(ValueError, match="bayer_rggb8"):
        decode_color_bgr(Image(height=2, width=2, step=2, encoding="bayer_rggb8", data=bytes(4)))


@pytest.mark.parametrize(("step", "length"), [(5, 24), (6, 11), (6, 13)])
def test_wrong_step_or_length_is_rejected(step, length):
    """2x2 bgr8 has rows of 6 bytes."""
    with pytest.raises(ValueError, match="bytes"):
        decode_color_bgr(Image(height=2, width=2, step=step, encoding="bgr8", data=bytes(length)))


def make_info(fx=400.0, model="plumb_bob"):
    return CameraInfo(
        width=640, height=480, distortion_model=model, k=[fx, 0.0, 320.0, 0.0, fx, 240.0, 0.0, 0.0, 1.0], d=[0.0] * 5
    )


def test_camera_is_cached_while_unchanged():
    """The same object until something changes."""
    reader = CameraReader()
    first = reader.read(make_info())
    assert reader.read(make_info()) is first
    assert reader.read(make_info(fx=500.0)).fx == 500.0
    binned = make_info(fx=500.0)
    binned.binning_x = 2
    assert reader.read(binned).fx == 250.0


@pytest.mark.parametrize(
    ("message", "message_pattern"), [(make_info(fx=0.0), "focal"), (make_info(model="equidistant"), "equidistant")]
)
def test_unusable_camera_info_is_rejected(message, message_pattern):
    """Zero K means never calibrated; a fisheye is not a pinhole."""
    with pytest.raises(ValueError, match=message_pattern):
        CameraReader().read(message)
