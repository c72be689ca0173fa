"""RVL, against a code that was worked out by hand and an encoder that follows the paper's text."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.transports.rvl import decode_rvl
from recording_forms.rvl_encoder import encode_rvl


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
    np.testing.assert_array_equal(decode_rvl(encode_rvl(image), *image.shape), image)


@pytest.mark.parametrize("code", [b"", b"\0\0\0\0", b"\x11\x11\x11\x11", b"\xff\xff\xff\xff" * 4])
def test_other_data_are_refused(code):
    with pytest.raises(ValueError, match=r"RVL data .*record the depth again"):
        decode_rvl(code, 4, 5)
