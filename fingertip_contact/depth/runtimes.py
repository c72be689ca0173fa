"""What runs the network. A runtime takes normalised pictures and gives metres; all of them give the same."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np
import openvino

from fingertip_contact.depth.configuration import check_exists
from fingertip_contact.resources import cache_directory
from fingertip_contact.weights import sha256_of


class Runtime(Protocol):
    """The network at one input size."""

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """(1, 3, height, width) float32 -> (1, 1, height, width) float32, metres."""
        ...


class OpenVinoRuntime:
    """Runs on the CPU from a cached graph; making the graph, once for each file of weights, needs torch.

    threads: 0 leaves the choice to OpenVINO. Raises ValueError where the weights cannot be used, or have to be
    converted first and torch is not installed.
    """

    def __init__(self, weights: Path, height: int, width: int, max_depth_m: float, threads: int = 0) -> None:
        graph = converted(weights, height, width, max_depth_m)
        options = {
            # A CPU with bfloat16 would round depth to it unasked.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # Pinned, the networks of several processes would all choose the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            compiled = openvino.Core().compile_model(graph, "CPU", options)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ValueError(f"the converted network {graph} cannot be loaded ({reason}); delete its folder") from error
        self._request = compiled.create_infer_request()

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """(1, 3, height, width) float32 -> (1, 1, height, width) float32, metres; overwritten by the next call."""
        self._request.infer({0: batch}, share_inputs=True)
        return self._request.get_output_tensor(0).data


def converted(weights: Path, height: int, width: int, max_depth_m: float) -> Path:
    """The weights as an OpenVINO graph in the cache; converts them where that has not been done yet."""
    check_exists(weights)
    folder = cache_directory() / "depth" / f"{sha256_of(weights)}-{height}x{width}-{max_depth_m:g}m"
    graph = folder / "network.xml"
    if not graph.is_file():
        convert(weights, height, width, max_depth_m, folder)
    return graph


def convert(weights: Path, height: int, width: int, max_depth_m: float, folder: Path) -> None:
    """Fills `folder`, which appears complete or not at all."""
    try:
        # Torch is large and slow to import, and only needed this once.
        from fingertip_contact.depth import export
    except ImportError as error:
        raise ValueError(
            f"depth weights {weights} have to be converted once at {height}x{width}, which needs torch "
            f"({error}); pip install 'fingertip_contact[depth]', or copy {folder.parent} from where it was done"
        ) from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        export.export_openvino(weights, height, width, max_depth_m, Path(aside) / "done" / "network.xml")
        try:
            (Path(aside) / "done").rename(folder)
        except OSError:
            # Another process was faster.
            if not (folder / "network.xml").is_file():
                raise
