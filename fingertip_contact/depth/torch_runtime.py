"""The network in torch itself: the numbers that every other runtime is held against. Needs the extra `depth`."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch

from fingertip_contact.depth.checkpoint import load_network
from fingertip_contact.depth.configuration import NetworkSpec
from fingertip_contact.depth.network import DepthNetwork
from fingertip_contact.depth.runtimes import RuntimeRejectedError


class TorchRuntime:
    """Runs on the GPU where torch has one, else on the CPU; fp16 on a GPU only.

    threads: 0 leaves the choice to torch; it holds for the whole process. Raises RuntimeRejectedError where fp16 is
    asked for without a GPU, ValueError as checkpoint.load_weights does.
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
        """Whether its numbers are the ones that others are held against."""
        return self._device.type == "cpu"

    def infer(self, batch: np.ndarray) -> np.ndarray:
        """As runtimes.Runtime says; several images are computed together."""
        images = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device, self._dtype)
        return infer(self._network, images)


class PlainTorchRuntime(TorchRuntime):
    """torch as the reference runs it: attention written out, where torch has a fused one. A baseline for measuring."""

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
    """What the CPU gives in single precision, whatever else there is: (B, 3, h, w) -> (B, 1, h, w) float32, metres."""
    return infer(load_network(spec.weights, spec.height, spec.width, spec.max_depth_m), torch.from_numpy(batch))
