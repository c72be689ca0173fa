"""What the processor of this machine is, and whether it multiplies bytes."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
# Lines of /proc/cpuinfo that name a processor and what it can; others differ from one start to the next.
_FIELDS = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "flags",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features",
)  # fmt: skip
# Instructions that multiply bytes and add the products in 32 bits, as Linux names them. Without them products saturate.
_BYTE_INSTRUCTIONS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})


@cache
def describe_processor(cpu_info: Path = CPU_INFO) -> str:
    """A digest of model and flags."""
    named = {line for line in _read(cpu_info) if line.partition(":")[0].strip() in _FIELDS}
    text = "\n".join((platform.machine(), platform.processor(), *sorted(named)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def has_byte_instructions(cpu_info: Path = CPU_INFO) -> bool:
    """Whether the processor multiplies bytes without saturation. Unknown processors do not."""
    flags = next((line for line in _read(cpu_info) if line.startswith("flags")), "")
    return not _BYTE_INSTRUCTIONS.isdisjoint(flags.split())


def _read(cpu_info: Path) -> list[str]:
    """Its lines; none where there is no such file."""
    try:
        return cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
