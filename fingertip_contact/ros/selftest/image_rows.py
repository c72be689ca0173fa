"""Rows on the messages of a camera: images, camera_info, depth."""

from __future__ import annotations

import math
from array import array
from typing import Any

import numpy as np

from fingertip_contact.ros.selftest.camera import FLAT_DEPTH, make_depth_fields
from fingertip_contact.ros.selftest.rows import StationRow
from fingertip_contact.ros.selftest.station import Station
from fingertip_contact.ros.selftest.stream_faults import StreamFault, damage
from fingertip_contact.selftest.stand_ins import CAMERA, DISTANCE_M, TOUCH

HEIGHT, WIDTH = CAMERA.height, CAMERA.width
LONG_NAME = "x" * 20_000
CONTROL_CHARACTERS = "\x1b[31m\r\nerror: not mine"


def fill(width: int, channels: int, encoding: str, padding: int = 0, height: int = HEIGHT) -> dict[str, Any]:
    """The fields of a consistent image of the brightness TOUCH."""
    step = width * channels + padding
    data = array("B", bytes([TOUCH]) * (step * height))
    return {"width": width, "height": height, "encoding": encoding, "step": step, "data": data}


def change_k(index: int, value: float) -> dict[str, Any]:
    """A camera_info's K with one element replaced."""
    k = CAMERA.matrix.ravel().tolist()
    k[index] = value
    return {"k": k}


def swap_bytes(data: array[int]) -> array[int]:
    return array("B", np.frombuffer(data, np.uint16).byteswap().tobytes())


def make_holes(station: Station, index: int) -> None:
    """Depth that has no pixel in every other frame."""
    station.camera.send(TOUCH, depth=make_depth_fields(0, np.uint16) if index % 2 else {})


def make_noise(station: Station, index: int) -> None:
    """Depth of random millimetres."""
    pixels = np.random.default_rng(index).integers(0, 2**16, HEIGHT * WIDTH, dtype=np.uint16)
    station.camera.send(TOUCH, depth={"data": array("B", pixels.tobytes())})


IMAGES = (
    StreamFault(
        "an unknown encoding", damage(image={"encoding": "nonsense"}), "ends", warning="encoding", is_fast=True
    ),
    StreamFault("no encoding", damage(image={"encoding": ""}), "ends", warning="encoding"),
    StreamFault("a Bayer encoding", damage(image={"encoding": "bayer_rggb8"}), "ends", warning="encoding"),
    StreamFault(
        "control characters in the encoding", damage(image={"encoding": CONTROL_CHARACTERS}), "ends", warning="encoding"
    ),
    StreamFault("an encoding of 20,000 letters", damage(image={"encoding": LONG_NAME}), "ends", warning="encoding"),
    StreamFault("depth's encoding for colour", damage(image=make_depth_fields(350, np.uint16)), "ends"),
    StreamFault("a step of zero", damage(image={"step": 0}), "ends", warning="step"),
    StreamFault("a step that is too short", damage(image={"step": 3 * WIDTH - 1}), "ends", warning="step"),
    StreamFault("a step that is too long", damage(image={"step": 2**32 - 1}), "ends", warning="rows of"),
    StreamFault("rows that are padded", damage(image=fill(WIDTH, 3, "bgr8", padding=16)), "held"),
    StreamFault("data that are cut", damage(image={"data": array("B", bytes(100))}), "ends", warning="100 bytes"),
    StreamFault("no data", damage(image={"data": array("B")}), "ends", warning="0 bytes", is_fast=True),
    StreamFault(
        "data of one byte too many",
        damage(image={"data": array("B", bytes([TOUCH]) * (3 * WIDTH * HEIGHT + 1))}),
        "ends",
        warning="bytes",
    ),
    StreamFault("a width of zero", damage(image={"width": 0}), "ends", warning="empty"),
    StreamFault("a height of zero", damage(image={"height": 0}), "ends", warning="empty"),
    StreamFault("a width of four billion", damage(image={"width": 2**32 - 1}), "ends", warning="step"),
    StreamFault("a height of four billion", damage(image={"height": 2**32 - 1}), "ends", warning="bytes"),
    StreamFault(
        "an image of another size than its camera_info",
        damage(image=fill(WIDTH // 2, 3, "bgr8")),
        "ends",
        warning="its camera_info states",
        is_fast=True,
    ),
    StreamFault("colour marked as big-endian", damage(image={"is_bigendian": 1}), "held"),
    StreamFault("grey images", damage(image=fill(WIDTH, 1, "mono8")), "held", is_fast=True),
    StreamFault("images with an alpha channel", damage(image=fill(WIDTH, 4, "bgra8")), "held"),
    StreamFault("images without a frame", damage(image={"header.frame_id": ""}), "held"),
    StreamFault("a frame of control characters", damage(image={"header.frame_id": CONTROL_CHARACTERS}), "held"),
)
INFOS = (
    StreamFault("K of zeros", damage(info={"k": [0.0] * 9}), "ends", warning="calibrat", is_fast=True),
    StreamFault("K of NaN", damage(info={"k": [math.nan] * 9}), "ends", warning="nan"),
    StreamFault("an infinite focal length", damage(info=change_k(0, math.inf)), "ends", warning="inf"),
    StreamFault("a negative focal length", damage(info=change_k(4, -100.0)), "ends", warning="-100"),
    StreamFault("a centre that is not a number", damage(info=change_k(2, math.nan)), "ends", warning="nan"),
    StreamFault(
        "an unknown distortion", damage(info={"distortion_model": "equidistant"}), "ends", warning="rectify the images"
    ),
    StreamFault("distortion that is not a number", damage(info={"d": [math.nan] * 5}), "ends", warning="distortion"),
    StreamFault("distortion beyond all measure", damage(info={"d": [1e300] * 5}), "any"),
    StreamFault("distortion of seven numbers", damage(info={"d": [0.1] * 7}), "ends", warning="distortion"),
    StreamFault("a camera_info of another size", damage(info={"width": 320, "height": 240}), "ends", warning="320x240"),
    StreamFault("a camera_info of no size", damage(info={"width": 0, "height": 0}), "ends", warning="0x0"),
    StreamFault("P and R of NaN, which are not read", damage(info={"p": [math.nan] * 12, "r": [math.nan] * 9}), "held"),
    StreamFault("a camera_info without a stamp", damage(info={"header.stamp.sec": 0}), "held"),
    StreamFault("a camera_info of another frame", damage(info={"header.frame_id": "elsewhere"}), "held"),
)
DEPTHS = (
    StreamFault("depth of zeros", damage(depth=make_depth_fields(0, np.uint16)), "held", "depth_invalid"),
    StreamFault("depth of NaN", damage(depth=make_depth_fields(math.nan)), "held", "depth_invalid", is_fast=True),
    StreamFault("infinite depth", damage(depth=make_depth_fields(math.inf)), "held"),
    StreamFault("negative depth", damage(depth=make_depth_fields(-0.35)), "held", "depth_invalid"),
    StreamFault("depth of 65 metres", damage(depth=make_depth_fields(65535, np.uint16)), "held"),
    StreamFault("depth in metres", damage(depth=make_depth_fields(DISTANCE_M)), "held"),
    StreamFault("a desk that comes 10 cm nearer", damage(depth=make_depth_fields(DISTANCE_M - 0.1)), "any"),
    StreamFault("depth in every other frame only", make_holes, "held"),
    StreamFault("depth of noise", make_noise, "any"),
    StreamFault(
        "depth of 8 bits",
        damage(depth={"encoding": "8UC1", "step": WIDTH, "data": array("B", bytes([100]) * (WIDTH * HEIGHT))}),
        "ends",
        warning="encoding",
    ),
    StreamFault(
        "depth that is not aligned to colour",
        damage(
            depth={
                "width": WIDTH // 2,
                "step": WIDTH,
                "data": array("B", bytes(WIDTH * HEIGHT)),
            }
        ),
        "ends",
        warning="align_depth",
    ),
    StreamFault(
        "big-endian depth", damage(depth={"is_bigendian": 1, "data": swap_bytes(FLAT_DEPTH)}), "held", is_fast=True
    ),
    StreamFault("depth that is cut", damage(depth={"data": array("B", bytes(99))}), "ends", warning="99 bytes"),
    StreamFault("depth of no size", damage(depth={"width": 0, "height": 0}), "ends", warning="empty"),
)


def make_rows() -> list[StationRow]:
    """The table."""
    return [
        fault.make_row(kind)
        for kind, faults in (("images", IMAGES), ("camera_info", INFOS), ("depth", DEPTHS))
        for fault in faults
    ]
