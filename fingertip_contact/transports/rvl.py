"""Decodes RVL, the lossless run-length code of depth images.

Wilson, "Fast Lossless Depth Image Compression", ISS 2017. Runs of zeros and of other values alternate: the length of a
run of zeros, the length of the following run, then the differences of that run's values from the last value that was
not zero, zigzag-coded. Each number is a series of nibbles, three bits each, the lowest first; a nibble's highest bit
says that another one follows. Eight nibbles are a little-endian word of 32 bits, its first nibble the highest.
"""

from __future__ import annotations

import numpy as np

# A length or a zigzag-coded difference of 16-bit values has at most 32 bits.
_MAX_NIBBLES = 11


def decode_rvl(data: bytes | memoryview | np.ndarray, height: int, width: int) -> np.ndarray:
    """-> (height, width) uint16. Raises ValueError if the data are not RVL of exactly that many pixels."""
    numbers = _read_numbers(np.frombuffer(data, np.uint8))
    count = height * width
    differences = np.zeros(count, np.int64)
    is_value = np.zeros(count, bool)
    pixel = index = 0
    while pixel < count:
        if index + 2 > len(numbers):
            raise ValueError(f"RVL data end after {pixel} of {count} pixels; record the depth again")
        zeros, length = int(numbers[index]), int(numbers[index + 1])
        first, last = pixel + zeros, pixel + zeros + length
        if last > count or index + 2 + length > len(numbers) or last == pixel:
            raise ValueError(f"RVL data do not fit {width}x{height} pixels, at pixel {pixel}; record the depth again")
        differences[first:last] = numbers[index + 2 : index + 2 + length]
        is_value[first:last] = True
        pixel, index = last, index + 2 + length
    # Zigzag: 0, -1, 1, -2 ... are 0, 1, 2, 3 ...
    values = np.cumsum((differences >> 1) ^ -(differences & 1))
    return np.where(is_value, values, 0).astype(np.uint16).reshape(height, width)


def _read_numbers(data: np.ndarray) -> np.ndarray:
    """All numbers of the code; nibbles of zero after the last one read as zeros."""
    words = data[: len(data) // 4 * 4].view("<u4")
    nibbles = ((words[:, None] >> np.arange(28, -4, -4, dtype=np.uint32)) & 0xF).reshape(-1).astype(np.int64)
    ends = np.flatnonzero(nibbles < 8)
    starts = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64)
    if not len(ends):
        return np.zeros(0, np.int64)
    lengths = ends - starts + 1
    if lengths.max() > _MAX_NIBBLES:
        raise ValueError("RVL data hold a number of more than 32 bits; record the depth again")
    offsets = np.arange(ends[-1] + 1) - np.repeat(starts, lengths)
    return np.add.reduceat((nibbles[: ends[-1] + 1] & 7) << (3 * offsets), starts)
