"""The stamp in a serialised message whose first field is a std_msgs/Header.

Four bytes state the encoding (byte 1: 1 little, 0 big endian); int32 seconds and uint32 nanoseconds follow
(OMG DDS-RTPS 2.5, section 10.2; XCDR version 1, as every ROS 2 writes).
"""

from __future__ import annotations

import struct

_STAMP = slice(4, 12)


def read_stamp_ns(cdr: bytes | memoryview) -> int:
    """The header's stamp in nanoseconds."""
    seconds, nanoseconds = struct.unpack(_get_stamp_format(cdr), cdr[_STAMP])
    return seconds * 1_000_000_000 + nanoseconds


def replace_stamp(cdr: bytes | memoryview, stamp_ns: int) -> bytes:
    """A copy of the message with another stamp."""
    stamp = struct.pack(_get_stamp_format(cdr), *divmod(stamp_ns, 1_000_000_000))
    return b"".join((cdr[: _STAMP.start], stamp, memoryview(cdr)[_STAMP.stop :]))


def _get_stamp_format(cdr: bytes | memoryview) -> str:
    return "<iI" if cdr[1] & 1 else ">iI"
