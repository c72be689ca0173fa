"""Checks of the computer: cores, memory, load, folders that have to be writable."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from fingertip_contact.doctor.check import CheckResult, System
from fingertip_contact.resources import get_cache_directory

# The package's figures (README) were measured on two cores; hand tracking alone keeps most of one busy.
MIN_CORES = 2
# hand_tracking_node and contact_node take about 0.3 GB each, and the camera's driver as much; `bench soak` measures it.
MIN_FREE_BYTES = 1 << 30
# Sets of instructions by which OpenVINO infers several times as fast; one of each list is enough.
FAST_INSTRUCTIONS = {"x86_64": ("avx2",), "aarch64": ("asimd",)}
MAX_LOAD_PER_CORE = 1.5


def check_processor(system: System) -> CheckResult:
    """Cores that this process may use, and their instructions."""
    cores = _count_cores(system)
    flags = _read_cpu_flags(system)
    text = f"{cores:g} cores of {platform.machine()}"
    wanted = FAST_INSTRUCTIONS.get(platform.machine(), ())
    if flags and wanted and not flags.intersection(wanted):
        return CheckResult(
            "processor",
            "warning",
            f"{text} without {' or '.join(wanted)}: the networks run several times slower",
            "use a newer computer, or let the virtual machine pass the host's processor through",
        )
    if cores < MIN_CORES:
        return CheckResult(
            "processor",
            "warning",
            f"{text}: frames will be dropped",
            f"give it {MIN_CORES} or more (containers: --cpus), or start with composed:=true at a lower rate",
        )
    return CheckResult("processor", "ok", text + "".join(f", {name}" for name in wanted if name in flags))


def check_load(system: System) -> CheckResult:
    """Other programs that take the cores now."""
    words = system.read(system.proc / "loadavg").split()
    if not words:
        return CheckResult("load", "ok", "not known here")
    load, cores = float(words[0]), os.cpu_count() or 1
    if load > MAX_LOAD_PER_CORE * cores:
        return CheckResult(
            "load", "advice", f"{load:.1f} programs want {cores} cores", "end what you do not need: `top` lists it"
        )
    return CheckResult("load", "ok", f"{load:.1f} on {cores} cores")


def check_memory(system: System) -> CheckResult:
    """Memory that is free for the nodes."""
    fields = dict(line.split(":", 1) for line in system.read(system.proc / "meminfo").splitlines() if ":" in line)
    words = fields.get("MemAvailable", "").split()
    if not words or not words[0].isdecimal():
        return CheckResult("memory", "ok", "not known here")
    free_bytes = int(words[0]) * 1024
    text = f"{free_bytes / 1e9:.1f} GB free"
    if free_bytes < MIN_FREE_BYTES:
        return CheckResult("memory", "warning", f"only {text}", f"free {MIN_FREE_BYTES / 1e9:.1f} GB for the nodes")
    return CheckResult("memory", "ok", text)


def check_cache(system: System) -> CheckResult:
    """The folder of weights and rendered recordings."""
    folder = get_cache_directory()
    if is_writable(folder):
        return CheckResult("cache", "ok", str(folder))
    return CheckResult(
        "cache",
        "warning",
        f"{folder} cannot be written: weights cannot be pulled",
        "make it writable, or set XDG_CACHE_HOME to a folder that is",
    )


def check_logs(system: System) -> CheckResult:
    """The folder of ROS's logs: without one no node starts."""
    environment = system.environment
    home = environment.get("HOME") or str(Path("~").expanduser())
    ros_home = environment.get("ROS_HOME") or f"{home}/.ros"
    folder = Path(environment.get("ROS_LOG_DIR") or f"{ros_home}/log")
    if is_writable(folder):
        return CheckResult("logs", "ok", str(folder))
    return CheckResult(
        "logs",
        "error",
        f"ROS cannot write its logs to {folder}, so no node starts",
        "export ROS_LOG_DIR=/tmp/ros_logs, or another folder that is writable",
    )


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or it can be made."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists() or path == path.parent)
    is_read_only = bool(os.statvfs(existing).f_flag & os.ST_RDONLY)
    # Root may write wherever the file system lets anybody; /proc lets nobody.
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK) and not is_read_only and _is_disk(existing)


def _is_disk(folder: Path) -> bool:
    """/proc and /sys claim to be writable, and have no blocks."""
    return os.statvfs(folder).f_blocks > 0


def _count_cores(system: System) -> float:
    """Of the affinity mask, and of a container's quota (cgroup v2: microseconds of each period, or `max`)."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    words = system.read(system.sys / "fs/cgroup/cpu.max").split()
    if len(words) == 2 and all(word.isdecimal() for word in words) and int(words[1]):
        cores = min(cores, round(int(words[0]) / int(words[1]), 1))
    return cores


def _read_cpu_flags(system: System) -> set[str]:
    """The instructions' names: line `flags` on x86, `Features` on Arm."""
    for line in system.read(system.proc / "cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return set(value.split())
    return set()
