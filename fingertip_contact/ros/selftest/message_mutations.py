"""Messages of a camera and of hands with some fields replaced by what a broken or a hostile publisher may send."""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np

from fingertip_contact.images import ENCODINGS
from fingertip_contact.ros import messages
from fingertip_contact.ros.selftest.camera import FRAME_ID
from fingertip_contact.selftest.stand_ins import CAMERA, make_hand

SIZES = (0, 1, 2, 7, 80, 119, 120, 160, 161, 320, 480, 481, 640, 2**15, 2**31, 2**32 - 1)
SECONDS = (-(2**31), -1, 0, 1, 1_000_000_000, 2**31 - 1)
NANOSECONDS = (0, 1, 999_999_999, 10**9, 2**32 - 1)
NAMES = ("", " ", "x" * 5000, "\x1b[31mred", "a\nb", "../../x", "\u202e", "%s%n", "nonsense")
NUMBERS = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, -1e300, math.nan, math.inf, -math.inf, 1e6)
MODELS = ("", "plumb_bob", "rational_polynomial", "equidistant", *NAMES)
PIXELS = CAMERA.width * CAMERA.height
# Values of depth, metres.
DEPTHS = (math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-30, 0.35, 1e30)
MAX_CHANGES = 3


@dataclass(frozen=True)
class Mutation:
    """fields: of the message, by name. subject: image, info, depth or hands."""

    subject: str
    fields: dict[str, Any]


def mutate_message(random_: random.Random, has_hands: bool) -> Mutation:
    """A mutation by chance. has_hands: whether messages on `hands` are sent too."""
    subject = random_.choice(("image", "info", "depth", "hands") if has_hands else ("image", "info", "depth"))
    make = {"image": _mutate_image, "depth": _mutate_depth, "info": _mutate_info, "hands": _mutate_hands}[subject]
    fields: dict[str, Any] = {}
    for _ in range(random_.randint(1, MAX_CHANGES)):
        fields |= make(random_)
    return Mutation(subject, fields)


def _mutate_header(random_: random.Random) -> dict[str, Any]:
    name, values = random_.choice(
        (("header.stamp.sec", SECONDS), ("header.stamp.nanosec", NANOSECONDS), ("header.frame_id", NAMES))
    )
    return {name: random_.choice(values)}


def _mutate_image(random_: random.Random) -> dict[str, Any]:
    action = random_.random()
    if action < 0.15:
        return _mutate_header(random_)
    if action < 0.5:
        return {random_.choice(("height", "width", "step")): random_.choice(SIZES)}
    if action < 0.7:
        return {"encoding": random_.choice((*ENCODINGS, *NAMES))}
    if action < 0.8:
        return {"is_bigendian": random_.choice((0, 1, 255))}
    return {"data": array("B", random_.randbytes(random_.choice((0, 1, 100, PIXELS, 2 * PIXELS, 3 * PIXELS))))}


def _mutate_depth(random_: random.Random) -> dict[str, Any]:
    if random_.random() < 0.6:
        return _mutate_image(random_)
    pixels = np.full(PIXELS, random_.choice(DEPTHS), np.float32)
    rows = random_.randrange(1, CAMERA.height) * CAMERA.width
    pixels[:rows] = random_.choice(DEPTHS)
    return {"encoding": "32FC1", "step": 4 * CAMERA.width, "data": array("B", pixels.tobytes())}


def _mutate_info(random_: random.Random) -> dict[str, Any]:
    action = random_.random()
    if action < 0.1:
        return _mutate_header(random_)
    if action < 0.3:
        return {random_.choice(("height", "width", "binning_x")): random_.choice(SIZES)}
    if action < 0.45:
        return {"distortion_model": random_.choice(MODELS)}
    if action < 0.65:
        return {"d": [random_.choice(NUMBERS) for _ in range(random_.randrange(0, 16))]}
    name, size = random_.choice((("k", 9), ("k", 9), ("r", 9), ("p", 12)))
    values = CAMERA.matrix.ravel().tolist() if name == "k" else [0.0] * size
    values[random_.randrange(size)] = random_.choice(NUMBERS)
    return {name: values}


def _mutate_hands(random_: random.Random) -> dict[str, Any]:
    action = random_.random()
    if action < 0.1:
        return _mutate_header(random_)
    if action < 0.35:
        return {random_.choice(("height", "width", "point_step", "row_step")): random_.choice(SIZES)}
    if action < 0.45:
        return {"fields": []}
    if action < 0.5:
        return {"is_bigendian": True}
    header = messages.make_header(0, FRAME_ID)
    message = messages.make_hands(header, [make_hand(is_touching=True)])
    if action < 0.7:
        return {"data": array("B", random_.randbytes(random_.choice((0, 1, 17, len(message.data)))))}
    points = np.frombuffer(message.data, messages.HANDS_DTYPE).copy()
    name = random_.choice(points.dtype.names or ())
    numbers = NUMBERS if points.dtype[name].kind == "f" else (0, 1, 2, 20, 255)
    with np.errstate(over="ignore"):
        points[name][random_.randrange(len(points))] = random_.choice(numbers)
    return {"data": array("B", points.tobytes())}
