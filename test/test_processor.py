"""What is known of the processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingertip_contact.processor import describe_processor, has_byte_instructions


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512_vnni avx2\n", True),
        ("flags\t\t: fpu avx_vnni\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("Features\t: fp asimd\n", False),
        (None, False),
    ],
)
def test_byte_instructions_are_known_by_name(tmp_path: Path, content: str | None, expected: bool):
    """Only where the processor adds products of bytes in 32 bits; not where nothing is known of it."""
    path = tmp_path / "cpuinfo"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert has_byte_instructions(path) == expected


def test_processors_are_told_apart(tmp_path: Path):
    """By model and flags; the present clock rate is no part of it."""
    texts = {
        "one": "model name\t: A\nflags\t\t: sse avx2\ncpu MHz\t\t: 800.1\n",
        "later": "model name\t: A\nflags\t\t: sse avx2\ncpu MHz\t\t: 2200.7\n",
        "amx": "model name\t: A\nflags\t\t: sse avx2 amx_bf16\ncpu MHz\t\t: 800.1\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    one, later, amx = (describe_processor(tmp_path / name) for name in texts)
    assert one == later != amx
