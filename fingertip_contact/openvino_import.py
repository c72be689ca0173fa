"""OpenVINO without its maker's usage telemetry: every module of ours imports `openvino` from here.

OpenVINO's converter and NNCF send usage data unless a file in the user's home declines. They do without where the
package openvino_telemetry cannot be imported, so it is hidden from this process.
"""

from __future__ import annotations

import sys
from typing import Any

# None makes `import openvino_telemetry` raise ModuleNotFoundError. One that was imported before stays.
_modules: dict[str, Any] = sys.modules
_modules.setdefault("openvino_telemetry", None)

import openvino  # noqa: E402

__all__ = ["openvino"]
