"""Writes MCAP without chunks, index and profile, as small writers do (mcap.dev/spec)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recording_forms.coders import TYPES

_MAGIC = b"\x89MCAP0\r\n"
_HEADER, _FOOTER, _SCHEMA, _CHANNEL, _MESSAGE, _DATA_END = 1, 2, 3, 4, 5, 15


def write_unchunked(path: Path, messages: Iterable[Any], *, profile: str = "ros2", swapped: bool = False) -> Path:
    """swapped: every second message is written before the one before it."""
    ordered = list(messages)
    if swapped:
        ordered = [one for start in range(0, len(ordered), 2) for one in reversed(ordered[start : start + 2])]
    channels: dict[str, int] = {}
    with path.open("wb") as file:
        file.write(_MAGIC + _record(_HEADER, _string(profile) + _string("a writer")))
        for message in ordered:
            if message.topic not in channels:
                number = channels[message.topic] = len(channels) + 1
                definition = TYPES.generate_msgdef(message.type, ros_version=2)[0]
                schema = _string(message.type) + _string("ros2msg") + _string(definition)
                channel = _string(message.topic) + _string("cdr") + _string("")
                file.write(_record(_SCHEMA, struct.pack("<H", number) + schema))
                file.write(_record(_CHANNEL, struct.pack("<HH", number, number) + channel))
            cdr = bytes(TYPES.serialize_cdr(message.content, message.type))
            head = struct.pack("<HIQQ", channels[message.topic], 0, message.stamp_ns, message.stamp_ns)
            file.write(_record(_MESSAGE, head + cdr))
        file.write(_record(_DATA_END, bytes(4)) + _record(_FOOTER, bytes(20)) + _MAGIC)
    return path


def _record(opcode: int, content: bytes) -> bytes:
    return struct.pack("<BQ", opcode, len(content)) + content


def _string(text: str) -> bytes:
    return struct.pack("<I", len(text.encode())) + text.encode()
