"""Serialised messages, read where they lie: a stamp, a std_msgs/Header, or field by field.

Four bytes state the encoding (byte 1: 1 little, 0 big endian); int32 seconds and uint32 nanoseconds follow
(OMG DDS-RTPS 2.5, section 10.2; XCDR version 1, as every ROS 2 writes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_ENCAPSULATION_BYTES = 4
# The stamp's bytes.
STAMP = slice(4, 12)


@dataclass(frozen=True)
class Stamp:
    """builtin_interfaces/Time."""

    sec: int
    nanosec: int


@dataclass(frozen=True)
class Header:
    """std_msgs/Header."""

    stamp: Stamp
    frame_id: str


class CdrReader:
    """Reads the fields of a message in their order. Every method raises ValueError where the bytes end before."""

    def __init__(self, cdr: bytes) -> None:
        if len(cdr) < _ENCAPSULATION_BYTES:
            raise ValueError(f"a message of {len(cdr)} bytes is cut off")
        self._bytes = memoryview(cdr)
        self._order = _get_byte_order(cdr)
        self._position = _ENCAPSULATION_BYTES

    def read(self, code: str) -> int:
        """A number, by its code in struct. Alignment counts from behind the encapsulation."""
        size = struct.calcsize(code)
        padding = -(self._position - _ENCAPSULATION_BYTES) % size
        self.read_bytes(padding)
        (number,) = struct.unpack(self._order + code, self.read_bytes(size))
        return number

    def read_text(self) -> str:
        """Its length counts the zero at its end. Raises ValueError if it is not UTF-8."""
        return bytes(self.read_bytes(self.read("I"))).rstrip(b"\0").decode()

    def read_bytes(self, count: int) -> memoryview:
        """A view of the next bytes."""
        first, self._position = self._position, self._position + count
        if self._position > len(self._bytes):
            raise ValueError(f"a message of {len(self._bytes)} bytes is cut off")
        return self._bytes[first : self._position]

    def read_header(self) -> Header:
        return Header(Stamp(self.read("i"), self.read("I")), self.read_text())


def read_stamp_ns(cdr: bytes | memoryview) -> int:
    """The header's stamp in nanoseconds."""
    seconds, nanoseconds = struct.unpack(f"{_get_byte_order(cdr)}iI", cdr[STAMP])
    return seconds * 1_000_000_000 + nanoseconds


def replace_stamp(cdr: bytes | memoryview, stamp_ns: int) -> bytes:
    """A copy of the message with another stamp."""
    stamp = struct.pack(f"{_get_byte_order(cdr)}iI", *divmod(stamp_ns, 1_000_000_000))
    return b"".join((cdr[: STAMP.start], stamp, memoryview(cdr)[STAMP.stop :]))


def _get_byte_order(cdr: bytes | memoryview) -> str:
    """As struct names it."""
    return "<" if cdr[1] & 1 else ">"
