"""OpenVINO without its maker's usage telemetry, and one core per process: every module of ours takes them from here.

OpenVINO's converter and NNCF send usage data unless a file in the user's home declines. They do without where the
package openvino_telemetry cannot be imported, so it is hidden from this process.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

# None makes `import openvino_telemetry` raise ModuleNotFoundError. One that was imported before stays.
_modules: dict[str, Any] = sys.modules
_modules.setdefault("openvino_telemetry", None)

import openvino  # noqa: E402

__all__ = ["get_core", "openvino"]


@cache
def get_core() -> openvino.Core:
    """The core of this process, which is never released.

    A core that is released may leave the memory of the stack for signals behind that it had set: the next signal, such
    as Ctrl-C, then ends the process with a crash (findings/openvino_signal_stack.sh).
    """
    return openvino.Core()
