"""OpenVINO without its maker's usage telemetry, its converter on demand, and one core per process: every module of ours
takes them from here.

OpenVINO's converter and NNCF send usage data unless a file in the user's home declines. They do without where the
package openvino_telemetry cannot be imported, so it is hidden from this process. The converter itself comes with
OpenVINO unless it cannot be imported either: 15 MB and 0.1 s in every node, for what `export` does.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

# None makes an import raise ModuleNotFoundError. What was imported before stays.
_CONVERTER = "openvino.tools"
_modules: dict[str, Any] = sys.modules
_modules.setdefault("openvino_telemetry", None)
_modules.setdefault(_CONVERTER, None)

import openvino  # noqa: E402

if _modules[_CONVERTER] is None:
    del _modules[_CONVERTER]

__all__ = ["get_core", "openvino"]


def _convert_model(*arguments: Any, **options: Any) -> openvino.Model:
    """The converter, loaded now."""
    from openvino.tools.ovc import convert_model

    return convert_model(*arguments, **options)


if not hasattr(openvino, "convert_model"):
    openvino.convert_model = _convert_model


@cache
def get_core() -> openvino.Core:
    """The core of this process, which is never released.

    A core that is released may leave the memory of the stack for signals behind that it had set: the next signal, such
    as Ctrl-C, then ends the process with a crash (findings/openvino_signal_stack.sh).
    """
    return openvino.Core()
