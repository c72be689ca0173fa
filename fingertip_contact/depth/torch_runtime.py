"""The network in torch itself: the reference for every other runtime. Needs the extra `depth`."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch

from fingertip_contact.depth.checkpoint import load_network
from fingertip_contact.depth.configuration import NetworkSpec
from fingertip_contact.depth.network import DepthNetwork
from fingertip_contact.depth.runtimes import RuntimeRejectedError


class TorchRuntime:
    """Runs on the GPU if torch finds one, else on the CPU; fp16 on a GPU only.

    threads: 0 leaves the choice to torch; applies to the whole process. Raises RuntimeRejectedError if fp16 is
    requested without a GPU, ValueError as checkpoint.load_weights does.
    """

    name = "torch"

    def __init__(self, spec: NetworkSpec, precision: str = "fp32", threads: int = 0) -> None:
        has_gpu = torch.cuda.is_available()
        if precision == "fp16" and not has_gpu:
            raise RuntimeRejectedError("torch computes in fp16 on a GPU only, and finds none")
        if threads:
            torch.set_num_threads(threads)
        self.precision = precision
        self._device = torch.device("cuda" if has_gpu else "cpu")
        self._dtype = torch.float16 if precision == "fp16" else torch.float32
        network = load_network(spec.weights, spec.height, spec.width, spec.max_depth_m)
        self._network = network.to(self._device, self._dtype)

    @property
    def is_reference(self) -> bool:
        """Whether other runtimes are compared with this one's output."""
        return self._device.type == "cpu"

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """See runtimes.Runtime; several images are computed as one batch."""
        images = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device, self._dtype)
        return infer(self._network, images)


class PlainTorchRuntime(TorchRuntime):
    """torch as the reference runs it: attention written out instead of torch's fused one. A baseline for benchmarks."""

    name = "torch plain"

    def __init__(self, spec: NetworkSpec, threads: int = 0) -> None:
        super().__init__(spec, threads=threads)
        for block in self._network.pretrained.blocks:
            cast(Any, block).attn.fused_attn = False


def infer(network: DepthNetwork, images: torch.Tensor) -> np.ndarray:
    """(B, 3, height, width) -> (B, 1, height, width) float32, metres."""
    with torch.inference_mode():
        return network(images).float().cpu().numpy()


def infer_reference_m(spec: NetworkSpec, batch: np.ndarray) -> np.ndarray:
    """Single-precision output of the CPU, also on machines with a GPU: (B, 3, h, w) -> (B, 1, h, w) float32, metres."""
    return infer(load_network(spec.weights, spec.height, spec.width, spec.max_depth_m), torch.from_numpy(batch))
