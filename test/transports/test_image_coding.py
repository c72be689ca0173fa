"""What is coded is decoded by the package's own reader of image_transport's plugins."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fingertip_contact.images import decode_color_image, decode_depth_image
from fingertip_contact.transports.compressed_image import decompress_image
from fingertip_contact.transports.image_coding import code_depth, code_jpeg

HEADER = SimpleNamespace(stamp=None, frame_id="optical")
# JPEG keeps slopes, and no noise.
RAMP = np.tile(np.linspace(0, 250, 64), (48, 1)).astype(np.uint8)


def decode(coded: tuple[bytes, str]) -> object:
    data, image_format = coded
    return decompress_image(SimpleNamespace(header=HEADER, format=image_format, data=data))


@pytest.mark.parametrize("encoding", ["bgr8", "mono8"])
def test_jpeg_keeps_channels_and_slopes(encoding):
    """Blue stays blue: the order of channels is in the format."""
    image = np.dstack([RAMP, RAMP[::-1, ::-1], np.full_like(RAMP, 30)]) if encoding == "bgr8" else RAMP
    decoded = decode(code_jpeg(image, encoding))
    assert decoded.encoding == encoding
    expected = image if encoding == "bgr8" else np.dstack([RAMP] * 3)
    assert np.abs(decode_color_image(decoded).astype(int) - expected).max() <= 8


def test_depth_loses_nothing():
    """Every count of 16 bits, invalid ones as well."""
    depth_mm = np.random.default_rng(0).integers(0, 65536, (48, 64)).astype(np.uint16)
    decoded = decode(code_depth(depth_mm))
    assert decoded.encoding == "16UC1"
    np.testing.assert_array_equal(decode_depth_image(decoded).values, depth_mm)
