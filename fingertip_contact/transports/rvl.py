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
    heads, lengths = _find_runs(numbers, height, width)
    # The lengths of runs stand between the differences, two before each run of values.
    is_difference = np.ones(len(numbers), bool)
    is_difference[heads] = is_difference[heads + 1] = False
    is_difference[heads[-1] + 2 + lengths[-1] :] = False
    differences = numbers[is_difference]
    # Zigzag: 0, -1, 1, -2 ... are 0, 1, 2, 3 ...
    values = np.cumsum((differences >> 1) ^ -(differences & 1))
    pixels = np.zeros(height * width, np.uint16)
    pixels[np.repeat(np.arange(2 * len(heads)) % 2 == 1, lengths)] = values.astype(np.uint16)
    return pixels.reshape(height, width)


def _find_runs(numbers: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """-> the index of each pair of lengths, and all lengths: of zeros, of values, of zeros ..."""
    count = height * width
    heads, lengths = [], []
    pixel = index = 0
    while pixel < count:
        if index + 2 > len(numbers):
            raise ValueError(f"RVL data end after {pixel} of {count} pixels; record the depth again")
        zeros, length = int(numbers[index]), int(numbers[index + 1])
        last = pixel + zeros + length
        if last > count or index + 2 + length > len(numbers) or last == pixel:
            raise ValueError(f"RVL data do not fit {width}x{height} pixels, at pixel {pixel}; record the depth again")
        heads.append(index)
        lengths += [zeros, length]
        pixel, index = last, index + 2 + length
    return np.array(heads, np.int64), np.array(lengths, np.int64)


def _read_numbers(data: np.ndarray) -> np.ndarray:
    """All numbers of the code; nibbles of zero after the last one read as zeros."""
    packed = data[: len(data) // 4 * 4].view("<u4").byteswap().view(np.uint8)
    nibbles = np.empty(2 * len(packed), np.uint8)
    nibbles[::2], nibbles[1::2] = packed >> 4, packed & 0xF
    ends = np.flatnonzero(nibbles < 8)
    if not len(ends):
        return np.zeros(0, np.int64)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > _MAX_NIBBLES:
        raise ValueError("RVL data hold a number of more than 32 bits; record the depth again")
    digits = nibbles & 7
    numbers = digits[starts].astype(np.int64)
    for place in range(1, int(lengths.max())):
        longer = np.flatnonzero(lengths > place)
        numbers[longer] |= digits[starts[longer] + place].astype(np.int64) << (3 * place)
    return numbers
