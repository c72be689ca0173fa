"""Checks of the middleware: its profile, the kernel's buffers, shared memory. docs/containers.md has measurements."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

from fingertip_contact.doctor.check import CheckResult, System
from fingertip_contact.resources import find_share_file
from fingertip_contact.ros.environment import (
    BUILTIN_TRANSPORTS,
    FAST_DDS_PROFILE,
    PROFILE_VARIABLES,
    RMW,
    find_missing_variables,
)

# What config/fastdds_profile.xml asks the kernel for: an image is some fifteen datagrams at once.
MIN_BUFFER_BYTES = 4 << 20
# Each process with images takes a segment of 16 MB; a camera, two nodes and a recorder need this much.
MIN_SHARED_BYTES = 64 << 20


def check_middleware(system: System) -> CheckResult:
    """Fast DDS is the one that the package's figures hold for."""
    name = system.environment.get(RMW, "")
    if name and not name.startswith("rmw_fastrtps"):
        return CheckResult(
            "middleware",
            "advice",
            f"{RMW} is {name}: its settings for images are yours to choose",
            f"unset {RMW}, or see that images arrive: fingertip-contact bench transport",
        )
    return CheckResult("middleware", "ok", name or "the default of this ROS 2")


def check_dds_profile(system: System) -> CheckResult:
    """The Fast DDS profile, without which most images are lost."""
    if not _uses_fast_dds(system):
        return CheckResult("dds_profile", "ok", "not used by this middleware")
    named = {name: system.environment[name] for name in PROFILE_VARIABLES if system.environment.get(name)}
    for variable, path in named.items():
        if reason := _find_profile_error(path):
            remedy = f"unset {variable}, or set it to {find_share_file(FAST_DDS_PROFILE)}"
            return CheckResult("dds_profile", "error", f"{variable}: {path} {reason}", remedy)
    if named:
        return CheckResult("dds_profile", "ok", next(iter(named.values())))
    variables = [name for name in find_missing_variables(system.environment) if name in PROFILE_VARIABLES]
    if not variables:
        transports = system.environment.get(BUILTIN_TRANSPORTS)
        return CheckResult("dds_profile", "ok", f"none, as {BUILTIN_TRANSPORTS} is {transports}")
    path = find_missing_variables(system.environment)[variables[0]]
    return CheckResult(
        "dds_profile",
        "advice",
        "our nodes and launch files set it; a camera that is started otherwise loses images",
        "in the camera's terminal: " + " ".join(("export", *(f"{name}={path}" for name in variables))),
    )


def check_dds_buffers(system: System) -> CheckResult:
    """Limits of the kernel for datagrams. They matter to UDP only; images go through shared memory where they can."""
    limits = {name: system.read_number(system.proc / "sys/net/core" / name) for name in ("rmem_max", "wmem_max")}
    known = {name: limit for name, limit in limits.items() if limit is not None}
    # A container may have none of them: the host's count.
    if not known:
        return CheckResult("dds_buffers", "ok", "not known here")
    small = [name for name, limit in known.items() if limit < MIN_BUFFER_BYTES]
    if not small:
        return CheckResult("dds_buffers", "ok", ", ".join(f"{name} {limit}" for name, limit in known.items()))
    settings = " ".join(f"net.core.{name}={MIN_BUFFER_BYTES}" for name in small)
    return CheckResult(
        "dds_buffers",
        "warning" if _is_udp_only(system) else "advice",
        ", ".join(f"net.core.{name} is {known[name]}" for name in small) + ": images are lost over UDP",
        f"sudo sysctl -w {settings}, on the host; to keep it: a file in /etc/sysctl.d",
    )


def check_shared_memory(system: System) -> CheckResult:
    """/dev/shm, through which images go."""
    folder = system.dev / "shm"
    if _is_udp_only(system):
        return CheckResult("shared_memory", "ok", f"not used, as {BUILTIN_TRANSPORTS} is UDPv4")
    try:
        status = os.statvfs(folder)
    except OSError as error:
        return CheckResult(
            "shared_memory", "error", f"{folder}: {error.strerror}", f"mount it, or export {BUILTIN_TRANSPORTS}=UDPv4"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return CheckResult(
            "shared_memory", "error", f"{folder} cannot be written", f"sudo chmod 1777 {folder}, which is usual"
        )
    size_bytes, free_bytes = status.f_frsize * status.f_blocks, status.f_frsize * status.f_bavail
    text = f"{free_bytes / 1e6:.0f} of {size_bytes / 1e6:.0f} MB free"
    # A container's usual 64 MB are a little less than that after the first process.
    if free_bytes <= MIN_SHARED_BYTES:
        return CheckResult(
            "shared_memory",
            "warning",
            f"{folder}: {text}, and each process with images takes 16 MB",
            "docker run --shm-size=512m or --ipc=host; else `fastdds shm clean` removes what ended processes left",
        )
    return CheckResult("shared_memory", "ok", text)


def _uses_fast_dds(system: System) -> bool:
    return system.environment.get(RMW, "rmw_fastrtps").startswith("rmw_fastrtps")


def _is_udp_only(system: System) -> bool:
    return system.environment.get(BUILTIN_TRANSPORTS, "").upper() == "UDPV4"


def _find_profile_error(path: str) -> str:
    """Why Fast DDS cannot read a profile, which it does not say itself; empty where it can."""
    if not Path(path).is_file():
        return "does not exist"
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        return f"cannot be read: {error}"
    is_profile = root.tag.rpartition("}")[2] in ("dds", "profiles")
    return "" if is_profile else "is not a Fast DDS profile: its root is not <dds>"
