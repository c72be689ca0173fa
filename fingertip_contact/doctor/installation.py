"""Checks of what is installed: Python packages, the command, OpenCV."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

from fingertip_contact.doctor.check import CheckResult, System
from fingertip_contact.resources import PACKAGE, advise_install

COMMAND = "fingertip-contact"
REQUIRED = {"cv2": "opencv-python-headless", "numpy": "numpy", "openvino": "openvino", "rosbags": "rosbags"}
# Module -> extra and what it is for.
OPTIONAL = {
    "pyrealsense2": ("realsense", "RealSense cameras"),
    "aiohttp": ("web", "the web page"),
    "evdev": ("desktop", "typing into the desktop"),
    "mido": ("midi", "notes"),
    # There is none for Python 3.10.
    **({"rerun": ("rerun", "Rerun's viewer")} if sys.version_info >= (3, 11) else {}),
}
OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")


def check_package(system: System) -> CheckResult:
    """One installation of this package, found by its own name."""
    found = _find_versions(PACKAGE)
    here = Path(__file__).resolve().parent.parent
    if len(found) > 1:
        return CheckResult(
            "package",
            "warning",
            f"{PACKAGE} is installed more than once: {', '.join(found)}; {here} is the one in use",
            f"pip uninstall {PACKAGE} until one is left, or remove the other one from PYTHONPATH",
        )
    if not found:
        return CheckResult(
            "package",
            "advice",
            f"{PACKAGE} is used from {here}, and is not installed",
            f"{advise_install()}, for its commands and plug-ins",
        )
    return CheckResult("package", "ok", f"{PACKAGE} {found[0]} of {here}, Python {sys.version.split()[0]}")


def check_libraries(system: System) -> CheckResult:
    """Python packages that everything needs, and those that some uses need."""
    missing = [package for module, package in REQUIRED.items() if find_spec(module) is None]
    if missing:
        return CheckResult("libraries", "error", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    lacking = [extra for module, (extra, _) in OPTIONAL.items() if find_spec(module) is None]
    if lacking:
        uses = ", ".join(use for _, (extra, use) in OPTIONAL.items() if extra in lacking)
        return CheckResult(
            "libraries", "advice", f"not installed: what {uses} need", advise_install(f".[{','.join(lacking)}]")
        )
    uses = ", ".join(use for _, use in OPTIONAL.values())
    return CheckResult("libraries", "ok", f"all that nodes need, and {uses}")


def check_opencv(system: System) -> CheckResult:
    """One OpenCV: several distributions overwrite each other's files."""
    found = [name for name in OPENCV if _find_versions(name)]
    if len(found) > 1:
        return CheckResult(
            "opencv",
            "warning",
            f"{' and '.join(found)} are both installed, and overwrite each other's files",
            f"pip uninstall -y {' '.join(found)} && pip install {OPENCV[1]}",
        )
    return CheckResult("opencv", "ok", found[0] if found else "of the system")


def check_path(system: System) -> CheckResult:
    """The command can be called by its name."""
    path = shutil.which(COMMAND, path=system.environment.get("PATH", os.defpath))
    if path:
        return CheckResult("path", "ok", path)
    folder = Path(sys.executable).parent
    there = folder if (folder / COMMAND).exists() else None
    return CheckResult(
        "path",
        "advice",
        f"{COMMAND} is not on the PATH",
        f'export PATH="{there}:$PATH"' if there else f"use {Path(sys.executable).name} -m {PACKAGE}",
    )


def _find_versions(name: str) -> list[str]:
    """The different versions of a distribution on Python's path; a folder that is listed twice counts once."""
    return sorted({found.version for found in distributions(name=name)})
