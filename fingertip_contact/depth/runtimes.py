"""Runtimes of the network: normalised images to metres, with the same result in each.

torch's runtime is in torch_runtime.py, so this module does not need torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.openvino_import import get_core
from fingertip_contact.resources import advise_install, get_cache_directory


class RuntimeRejectedError(ValueError):
    """This runtime is unavailable or failed its self-test; another one may work. The message states the reason."""


class Runtime(Protocol):
    """The network at one input size. precision: fp32, bf16, fp16 or int8."""

    name: str
    precision: str

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """(B, 3, height, width) float32 -> (B, 1, height, width) float32, metres; the next call may overwrite it."""
        ...


class OpenVinoRuntime:
    """Runs on the CPU. precision: the conversion's, or bf16 for one in fp32. threads: 0 leaves the choice to OpenVINO.

    Raises RuntimeRejectedError if the graph is damaged, or bf16 is requested of a CPU without bfloat16.
    """

    name = "openvino"

    def __init__(self, conversion: Conversion, precision: str, threads: int = 0) -> None:
        self.precision = precision
        has_bfloat16 = supports_bfloat16()
        if precision == "bf16" and not has_bfloat16:
            raise RuntimeRejectedError("this CPU does not compute in bfloat16")
        options = {
            # Compiling is half of the loading time.
            "CACHE_DIR": str(get_cache_directory() / "depth" / "compiled"),
            # On a CPU with bfloat16 OpenVINO would use it by default and round depth. Beside int8 it costs no accuracy.
            "INFERENCE_PRECISION_HINT": "f32" if precision == "fp32" or not has_bfloat16 else "bf16",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # With pinning, the networks of several processes would all choose the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            compiled = get_core().compile_model(conversion.graph, "CPU", options)
        except RuntimeError as error:
            raise RuntimeRejectedError(make_load_error_message(conversion, error)) from error
        self._request = compiled.create_infer_request()

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """See Runtime."""
        return infer_one_by_one(self._infer, batch)

    def _infer(self, image: np.ndarray) -> np.ndarray:
        self._request.infer({0: image}, share_inputs=True)
        return self._request.get_output_tensor(0).data


class OnnxRuntime:
    """ONNX Runtime on the CPU. threads: 0 leaves the choice to it.

    Raises RuntimeRejectedError if it is not installed or the graph is damaged.
    """

    name = "onnxruntime"

    def __init__(self, conversion: Conversion, precision: str, threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise RuntimeRejectedError(f"{error}; {advise_install('.[depth]')}") from error
        self.precision = precision
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin while they wait would occupy the cores that hand tracking needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(conversion.graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # Its errors have no narrower base class.
            raise RuntimeRejectedError(make_load_error_message(conversion, error)) from error
        self._input = self._session.get_inputs()[0].name

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """See Runtime."""
        return infer_one_by_one(lambda image: self._session.run(None, {self._input: image})[0], batch)


def supports_bfloat16() -> bool:
    return "BF16" in get_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def infer_one_by_one(infer: Callable[[np.ndarray], np.ndarray], batch: np.ndarray) -> np.ndarray:
    """Runs a batch through a graph for one image: on a CPU this is as fast as a graph for a batch."""
    if len(batch) == 1:
        return infer(batch)
    return np.concatenate([infer(batch[index : index + 1]).copy() for index in range(len(batch))])


def make_load_error_message(conversion: Conversion, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return f"the converted network {conversion.graph} cannot be loaded ({reason}); delete its folder"
