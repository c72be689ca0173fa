"""Decodes sensor_msgs/CompressedImage of every image_transport plugin that keeps single images.

What the data are is in the field `format`, as the plugins write it:

    jpeg, png                              camera drivers of their own
    rgb8; jpeg compressed bgr8             compressed: the image's encoding; the coder; the encoding that was coded
    16UC1; png compressed                  the same, of depth, with a trailing blank
    16UC1; compressedDepth png             compressedDepth; old versions leave out "png"
    32FC1; compressedDepth rvl             the same, coded as RVL
    zstd                                   zstd
"""

from __future__ import annotations

import struct
import sys
import zlib
from typing import Any

import cv2
import numpy as np

from fingertip_contact.transports.rvl import decode_rvl
from fingertip_contact.transports.stored_image import StoredImage, store_pixels

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# compressedDepth: int32 format, float32 A and B before the coded image.
_DEPTH_HEADER = struct.Struct("<iff")
# compressedDepth, RVL: width and height after that.
_RVL_SIZE = struct.Struct("<II")
# zstd: height, width, is_bigendian, step, length of the encoding's name, which follows.
_ZSTD_HEADER = struct.Struct("<IIBII")
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# zlib: both its own and gzip's header.
_ANY_ZLIB_HEADER = 32 + zlib.MAX_WBITS

# compressedDepth of 32FC1 counts inverse depth in 16 bits, and does not check for overflow: what is nearer than the
# limit comes back far away (0.150 m as 5.62 m with the plugin's defaults). Over a desk nothing is farther than this.
MAX_INVERSE_DEPTH_M = 1.0

_PIXEL_ENCODINGS = {
    (1, np.dtype(np.uint8)): "mono8",
    (3, np.dtype(np.uint8)): "bgr8",
    (4, np.dtype(np.uint8)): "bgra8",
    (1, np.dtype(np.uint16)): "16UC1",
    (1, np.dtype(np.float32)): "32FC1",
}


def decompress_image(message: Any) -> StoredImage:
    """A sensor_msgs/CompressedImage -> the image: bgr8, rgb8, mono8, bgra8, 16UC1 or 32FC1; of zstd any encoding.

    32FC1 of compressedDepth: metres, NaN where invalid or over MAX_INVERSE_DEPTH_M. Raises ValueError if the data are
    empty, are not what the format says, or the format is not known.
    """
    data = np.frombuffer(message.data, np.uint8)
    if not len(data):
        raise ValueError(
            f"the compressed image ({message.format!r}) is empty: JPEG cannot hold depth; record the topic "
            ".../compressedDepth, or set the parameter `.format` of .../compressed to png"
        )
    if message.format == "zstd":
        return _decompress_zstd(message, data)
    if "compressedDepth" in message.format:
        return _decompress_depth(message, data)
    return _decompress_picture(message, data)


def find_nearest_depth_m(message: Any) -> float | None:
    """The least depth that a message can hold, metres; None where it has no such limit. See MAX_INVERSE_DEPTH_M."""
    if "compressedDepth" not in message.format or not message.format.startswith("32FC1"):
        return None
    _, scale, offset = _DEPTH_HEADER.unpack_from(message.data)
    return scale / (np.iinfo(np.uint16).max - offset)


def _decompress_picture(message: Any, data: np.ndarray) -> StoredImage:
    pixels = _decode_picture(message.format, data)
    encoding = _PIXEL_ENCODINGS.get((1 if pixels.ndim == 2 else pixels.shape[2], pixels.dtype))
    if encoding is None:
        raise ValueError(f"the compressed image ({message.format!r}) is {pixels.dtype}{pixels.shape}; record 8 bits")
    return store_pixels(message.header, pixels, _find_channel_order(message.format, encoding))


def _find_channel_order(image_format: str, encoding: str) -> str:
    """The encoding of decoded pixels: coders take them for BGR, and some versions of the plugin gave them RGB."""
    source, _, coding = image_format.partition(";")
    coded = coding.partition("compressed")[2].strip()
    is_rgb = "rgb" in coded or (not coded and bool(coding) and source.startswith("rgb"))
    return encoding.replace("bgr", "rgb") if is_rgb else encoding


def _decompress_depth(message: Any, data: np.ndarray) -> StoredImage:
    """compressedDepth: 16UC1 as it is; 32FC1 is A / (q - B) of the coded q, 0 invalid."""
    if len(data) <= _DEPTH_HEADER.size:
        raise ValueError(f"compressedDepth holds {len(data)} bytes, not even its header; record the topic again")
    _, scale, offset = _DEPTH_HEADER.unpack(data[: _DEPTH_HEADER.size].tobytes())
    coded = data[_DEPTH_HEADER.size :]
    if message.format.endswith("rvl"):
        width, height = _RVL_SIZE.unpack(coded[: _RVL_SIZE.size].tobytes()) if len(coded) >= _RVL_SIZE.size else (0, 0)
        # A pixel takes two bits of a word at the least: a run of zeros has no bound, but images have.
        if not 0 < width * height <= 1 << 26:
            raise ValueError(f"compressedDepth (rvl) states a size of {width}x{height}; record the topic again")
        quantised = decode_rvl(coded[_RVL_SIZE.size :], height, width)
    else:
        quantised = _decode_picture(message.format, coded)
    if quantised.ndim != 2 or quantised.dtype != np.uint16:
        raise ValueError(f"compressedDepth holds {quantised.dtype}{quantised.shape}; it has to be 16 bits grey")
    if not message.format.startswith("32FC1"):
        return store_pixels(message.header, quantised, "16UC1")
    with np.errstate(divide="ignore"):
        depth_m = np.float32(scale) / (quantised.astype(np.float32) - np.float32(offset))
    depth_m[(quantised == 0) | (depth_m > MAX_INVERSE_DEPTH_M)] = np.nan
    return store_pixels(message.header, depth_m, "32FC1")


def _decompress_zstd(message: Any, data: np.ndarray) -> StoredImage:
    """The plugin of Jazzy and Kilted calls itself zstd, but writes gzip; later ones write Zstandard."""
    if len(data) < _ZSTD_HEADER.size:
        raise ValueError(f"a zstd image holds {len(data)} bytes, not even its header; record the topic again")
    height, width, is_bigendian, step, length = _ZSTD_HEADER.unpack(data[: _ZSTD_HEADER.size].tobytes())
    start = _ZSTD_HEADER.size + length
    encoding = bytes(data[_ZSTD_HEADER.size : start]).decode(errors="replace")
    coded = bytes(data[start:])
    try:
        if coded.startswith(ZSTD_MAGIC):
            pixels = zstd.decompress(coded)
        else:
            pixels = zlib.decompressobj(_ANY_ZLIB_HEADER).decompress(coded, height * step + 1)
    except (zlib.error, zstd.ZstdError) as error:
        raise ValueError(
            f"a zstd image ({encoding}) cannot be decompressed: {error}; record the topic again"
        ) from error
    return StoredImage(message.header, height, width, encoding, bool(is_bigendian), step, pixels)


def _decode_picture(image_format: str, data: np.ndarray) -> np.ndarray:
    """JPEG, PNG and whatever else OpenCV reads, without the orientation that EXIF gives."""
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise ValueError(
            f"the compressed image ({image_format!r}) cannot be decoded: {len(data)} bytes that begin with "
            f"{bytes(data[:4]).hex(' ')}; jpeg, png, compressedDepth (png, rvl) and zstd are read"
        )
    return pixels
