"""Runs all checks. Each answers, whatever is missing or fails in it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from fingertip_contact.doctor.check import CheckResult, System
from fingertip_contact.safe_text import to_one_line

Check = Callable[[System], "CheckResult | tuple[CheckResult, ...]"]

# In the order of the report; each is imported when it runs, so that a missing package fails one check and not all.
CHECKS = (
    "machine:check_processor",
    "machine:check_load",
    "machine:check_memory",
    "machine:check_cache",
    "machine:check_logs",
    "installation:check_package",
    "installation:check_libraries",
    "installation:check_opencv",
    "installation:check_path",
    "ros_setup:check_ros",
    "ros_setup:check_ros_mix",
    "ros_setup:check_domain",
    "dds:check_middleware",
    "dds:check_dds_profile",
    "dds:check_dds_buffers",
    "dds:check_shared_memory",
    "camera:check_camera",
    "camera:check_usb",
    "camera:check_realsense",
    "networks:check_weights",
    "networks:check_parity",
    "networks:check_depth_runtimes",
    "running_nodes:check_rates",
)
# Most of the time is spent waiting for processes, and for nodes to report.
THREADS = 4


def run_checks(system: System, checks: tuple[str, ...] = CHECKS) -> Iterator[CheckResult]:
    """The results, in order, each as soon as it and those before it are known. checks: `module:function` here."""
    with ThreadPoolExecutor(THREADS) as pool:
        # The slow ones first, so that the others run meanwhile; results keep their order.
        futures = {check: pool.submit(_run, check, system) for check in reversed(checks)}
        yield from chain.from_iterable(futures[check].result() for check in checks)


def _run(reference: str, system: System) -> tuple[CheckResult, ...]:
    module, _, function = reference.partition(":")
    try:
        check: Check = getattr(importlib.import_module(f"fingertip_contact.doctor.{module}"), function)
        results = check(system)
    # Anything at all: a broken library raises what it likes, and the other checks still tell why.
    except Exception as error:
        name = function.removeprefix("check_")
        reason = to_one_line(f"{type(error).__name__}: {error}")
        return (CheckResult(name, "error", f"the check could not run: {reason}", "reinstall what the text names"),)
    return results if isinstance(results, tuple) else (results,)
