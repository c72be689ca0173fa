"""Checks of the cameras, by what the kernel says of them: no camera is opened."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from fingertip_contact.doctor.check import CheckResult, System
from fingertip_contact.resources import advise_install

INTEL_VENDOR = "8086"
# Mbit/s as the kernel states them: USB 2 is 480, USB 3 is 5000 and more.
USB_3_MBPS = 5000
# Where librealsense's package and its script put the rules that let users open the camera.
RULES = ("etc/udev/rules.d", "lib/udev/rules.d", "usr/lib/udev/rules.d")


def check_camera(system: System) -> CheckResult:
    """Cameras of Video4Linux, and whether they may be opened."""
    names = {folder.name: system.read(folder / "name") for folder in sorted(_list(system.sys / "class/video4linux"))}
    if not names:
        return CheckResult(
            "camera",
            "advice",
            "no camera is connected",
            "plug one in (containers: --device=/dev/video0); recordings, streams and simulation work without",
        )
    closed = [name for name in names if not os.access(system.dev / name, os.R_OK | os.W_OK)]
    if len(closed) == len(names):
        return CheckResult(
            "camera",
            "warning",
            f"{', '.join(str(system.dev / name) for name in closed)} cannot be opened",
            "sudo usermod -aG video $USER, then log in again (containers: --device=/dev/video0)",
        )
    unique = dict.fromkeys(f"{text or 'a camera'}" for name, text in names.items() if name not in closed)
    return CheckResult("camera", "ok", ", ".join(unique))


def check_usb(system: System) -> CheckResult:
    """The USB port of a RealSense camera."""
    cameras = _find_realsense(system)
    if not cameras:
        return CheckResult("usb", "ok", "no RealSense camera on USB")
    slow = [(product, speed) for product, speed in cameras if speed and speed < USB_3_MBPS]
    if slow:
        product, speed_mbps = slow[0]
        return CheckResult(
            "usb",
            "warning",
            f"{product} is on USB 2 ({speed_mbps:.0f} Mbit/s): few modes, at low rates",
            "plug it into a USB 3 port with its own cable, fully in; then read it with 640x480x30",
        )
    return CheckResult("usb", "ok", ", ".join(f"{product} at {speed:.0f} Mbit/s" for product, speed in cameras))


def check_realsense(system: System) -> CheckResult:
    """Something that reads the RealSense camera that is connected."""
    cameras = _find_realsense(system)
    drivers = _find_drivers(system)
    if not cameras:
        return CheckResult("realsense", "ok", f"drivers: {', '.join(drivers) or 'none, and no camera that needs one'}")
    if not drivers:
        return CheckResult(
            "realsense",
            "warning",
            f"no driver for {cameras[0][0]}",
            f"apt install ros-$ROS_DISTRO-realsense2-camera, or {advise_install('.[realsense]')} and driver:=own",
        )
    root = system.etc.parent
    if not any("realsense" in path.name for folder in RULES for path in _list(root / folder)):
        return CheckResult(
            "realsense",
            "advice",
            "no udev rules for RealSense cameras: only root may open them",
            "install 99-realsense-libusb.rules of librealsense into /etc/udev/rules.d, and plug the camera in again",
        )
    return CheckResult("realsense", "ok", f"drivers: {', '.join(drivers)}")


def _find_realsense(system: System) -> list[tuple[str, float]]:
    """Product name, and speed in Mbit/s (0 where unknown), of each RealSense camera."""
    found = []
    for device in sorted(_list(system.sys / "bus/usb/devices")):
        product = system.read(device / "product")
        if system.read(device / "idVendor").lower() == INTEL_VENDOR and "realsense" in product.lower():
            speed = system.read(device / "speed")
            found.append((product, float(speed) if speed.replace(".", "", 1).isdecimal() else 0.0))
    return found


def _find_drivers(system: System) -> list[str]:
    prefixes = [Path(prefix) for prefix in system.environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    drivers = ["realsense2_camera"] if any((p / "share/realsense2_camera").is_dir() for p in prefixes) else []
    return drivers + (["pyrealsense2"] if find_spec("pyrealsense2") else [])


def _list(folder: Path) -> list[Path]:
    """The entries of a folder; none where it is missing or cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []
