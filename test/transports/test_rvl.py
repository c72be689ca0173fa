"""RVL, against a code that was worked out by hand and an encoder that follows the paper's text."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.transports.rvl import decode_rvl


def test_a_code_worked_out_by_hand():
    """0 0 100 99 0 101: two zeros; two values, +100 and -1; one zero; one value, +2.

    Zigzag: 200 (octal 310: nibbles 0+8, 1+8, 3), 1, 4. Nibbles: 2 2 | 8 9 3 | 1 | 1 1 | 4, then padding.
    """
    code = np.array([0x22893111, 0x40000000], "<u4").tobytes()
    np.testing.assert_array_equal(decode_rvl(code, 2, 3), [[0, 0, 100], [99, 0, 101]])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 5), np.uint16),
        np.full((4, 5), 65535, np.uint16),
        np.random.default_rng(0).integers(0, 65536, (12, 16)).astype(np.uint16),
        np.random.default_rng(1).integers(0, 2, (12, 16)).astype(np.uint16) * 350,
    ],
)
def test_any_image_comes_back(image):
    np.testing.assert_array_equal(decode_rvl(encode(image), *image.shape), image)


@pytest.mark.parametrize("code", [b"", b"\0\0\0\0", b"\x11\x11\x11\x11", b"\xff\xff\xff\xff" * 4])
def test_other_data_are_refused(code):
    with pytest.raises(ValueError, match="RVL data .*record the depth again"):
        decode_rvl(code, 4, 5)


def encode(image: np.ndarray) -> bytes:
    """One number after the other, as the paper describes it."""
    nibbles: list[int] = []

    def put(number: int) -> None:
        while number >= 8:
            nibbles.append(8 + number % 8)
            number //= 8
        nibbles.append(number)

    pixels, position, previous = [int(value) for value in image.reshape(-1)], 0, 0
    while position < len(pixels):
        zeros = position
        while zeros < len(pixels) and pixels[zeros] == 0:
            zeros += 1
        end = zeros
        while end < len(pixels) and pixels[end] != 0:
            end += 1
        put(zeros - position)
        put(end - zeros)
        for value in pixels[zeros:end]:
            difference = value - previous
            put(2 * difference if difference >= 0 else -2 * difference - 1)
            previous = value
        position = end
    nibbles += [0] * (-len(nibbles) % 8)
    words = [int("".join(f"{nibble:x}" for nibble in nibbles[start : start + 8]), 16) for start in range(0, len(nibbles), 8)]
    return np.array(words, "<u4").tobytes()
