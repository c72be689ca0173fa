"""Encodes RVL one number after the other, as its paper describes it (Wilson, ISS 2017): slow, to test with."""

from __future__ import annotations

import numpy as np


def encode_rvl(image: np.ndarray) -> bytes:
    """(H, W) uint16 -> RVL."""
    nibbles: list[int] = []
    pixels = [int(value) for value in image.reshape(-1)]
    position = previous = 0
    while position < len(pixels):
        first = _find(pixels, position, False)
        end = _find(pixels, first, True)
        _put(nibbles, first - position)
        _put(nibbles, end - first)
        for value in pixels[first:end]:
            difference = value - previous
            _put(nibbles, 2 * difference if difference >= 0 else -2 * difference - 1)
            previous = value
        position = end
    nibbles += [0] * (-len(nibbles) % 8)
    text = "".join(f"{nibble:x}" for nibble in nibbles)
    return np.array([int(text[start : start + 8], 16) for start in range(0, len(text), 8)], "<u4").tobytes()


def _find(pixels: list[int], start: int, is_zero: bool) -> int:
    """The first pixel from start on that is zero, or not; the end if there is none."""
    return next((index for index in range(start, len(pixels)) if (pixels[index] == 0) == is_zero), len(pixels))


def _put(nibbles: list[int], number: int) -> None:
    while number >= 8:
        nibbles.append(8 + number % 8)
        number //= 8
    nibbles.append(number)
