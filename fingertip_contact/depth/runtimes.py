"""What runs the network. A runtime takes normalised images and gives metres; all of them give the same.

torch's runtime lies in torch_runtime.py: this module needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import openvino

from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.resources import get_cache_directory


class RuntimeRejectedError(ValueError):
    """This runtime cannot be had or is not to be trusted; another one may do. The message says why."""


class Runtime(Protocol):
    """The network at one input size. precision: fp32, bf16, fp16 or int8."""

    name: str
    precision: str

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """(B, 3, height, width) float32 -> (B, 1, height, width) float32, metres; may be overwritten by the next."""
        ...


class OpenVinoRuntime:
    """Runs on the CPU. precision: the conversion's, or bf16 for one in fp32. threads: 0 leaves the choice to OpenVINO.

    Raises RuntimeRejectedError where the graph is damaged, or the CPU has no bfloat16 and is asked for it.
    """

    name = "openvino"

    def __init__(self, conversion: Conversion, precision: str, threads: int = 0) -> None:
        self.precision = precision
        has_bfloat16 = supports_bfloat16()
        if precision == "bf16" and not has_bfloat16:
            raise RuntimeRejectedError("this CPU does not compute in bfloat16")
        core = openvino.Core()
        # Compiling is half of the time that loading takes.
        core.set_property({"CACHE_DIR": str(get_cache_directory() / "depth" / "compiled")})
        options = {
            # A CPU with bfloat16 would round depth to it unasked. Beside int8 it costs nothing.
            "INFERENCE_PRECISION_HINT": "f32" if precision == "fp32" or not has_bfloat16 else "bf16",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # Pinned, the networks of several processes would all choose the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            compiled = core.compile_model(conversion.graph, "CPU", options)
        except RuntimeError as error:
            raise RuntimeRejectedError(make_load_error_message(conversion, error)) from error
        self._request = compiled.create_infer_request()

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """As Runtime says."""
        return infer_one_by_one(self._infer, batch)

    def _infer(self, image: np.ndarray) -> np.ndarray:
        self._request.infer({0: image}, share_inputs=True)
        return self._request.get_output_tensor(0).data


class OnnxRuntime:
    """ONNX Runtime on the CPU. threads: 0 leaves the choice to it.

    Raises RuntimeRejectedError where it is not installed or the graph is damaged.
    """

    name = "onnxruntime"

    def __init__(self, conversion: Conversion, precision: str, threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise RuntimeRejectedError(f"{error}; pip install onnxruntime") from error
        self.precision = precision
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin while they wait would take the cores from hand tracking.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(conversion.graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors share no base class short of this one
            raise RuntimeRejectedError(make_load_error_message(conversion, error)) from error
        self._input = self._session.get_inputs()[0].name

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """As Runtime says."""
        return infer_one_by_one(lambda image: self._session.run(None, {self._input: image})[0], batch)


def supports_bfloat16() -> bool:
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def infer_one_by_one(infer: Callable[[np.ndarray], np.ndarray], batch: np.ndarray) -> np.ndarray:
    """A batch through a graph for one image: on a CPU that takes no longer than a graph for many."""
    if len(batch) == 1:
        return infer(batch)
    return np.concatenate([infer(batch[index : index + 1]).copy() for index in range(len(batch))])


def make_load_error_message(conversion: Conversion, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return f"the converted network {conversion.graph} cannot be loaded ({reason}); delete its folder"
