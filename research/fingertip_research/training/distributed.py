"""The processes of one run: a single one, or several started by torchrun, one per GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class DistributedContext:
    """rank: number of this process. world_size: number of processes."""

    rank: int = 0
    world_size: int = 1

    @property
    def is_main_process(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def all_reduce_sum(self, values: Sequence[Tensor]) -> None:
        """Replaces each tensor with its sum over all processes."""
        if self.world_size > 1:
            for value in values:
                distributed.all_reduce(value)

    def all_gather(self, items: list[Any]) -> list[Any]:
        """The items of all processes, in the order of their ranks."""
        if self.world_size == 1:
            return items
        gathered: list[list[Any]] = [[] for _ in range(self.world_size)]
        distributed.all_gather_object(gathered, items)
        return [item for part in gathered for item in part]


@contextmanager
def init_distributed(device: torch.device) -> Iterator[DistributedContext]:
    """Joins the process group of torchrun, and leaves it at the end; a single process without torchrun."""
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        yield DistributedContext()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield DistributedContext(distributed.get_rank(), world_size)
    finally:
        distributed.destroy_process_group()


def limit_threads(threads: int) -> None:
    """Sets the number of torch's CPU threads; 0 leaves the choice to torch."""
    if threads:
        torch.set_num_threads(threads)


def choose_device(name: str) -> torch.device:
    """`auto`: this process's GPU if torch finds one, else the CPU. Raises ValueError for a missing GPU."""
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        if not torch.cuda.is_available():
            raise ValueError("device cuda: torch finds no GPU; use --device cpu, or install torch for your GPU")
        name = f"cuda:{local_rank}"
    return torch.device(name)
