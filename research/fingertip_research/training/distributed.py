"""The processes of one run: one alone, or several that torchrun has started, one a GPU."""

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
    """This process's number and how many there are."""

    rank: int = 0
    world_size: int = 1

    @property
    def is_main_process(self) -> bool:
        """The one that writes files and talks to people."""
        return self.rank == 0

    def all_reduce_sum(self, values: Sequence[Tensor]) -> None:
        """Replaces each tensor by the sum of all processes' tensors."""
        if self.world_size > 1:
            for value in values:
                distributed.all_reduce(value)

    def all_gather(self, items: list[Any]) -> list[Any]:
        """The items of all processes, process by process."""
        if self.world_size == 1:
            return items
        gathered: list[list[Any]] = [[] for _ in range(self.world_size)]
        distributed.all_gather_object(gathered, items)
        return [item for part in gathered for item in part]


@contextmanager
def init_distributed(device: torch.device) -> Iterator[DistributedContext]:
    """Joins what torchrun has started; alone where it has not. Leaves again at the end."""
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
    """How many threads the CPU's part is computed with; 0 leaves it to torch."""
    if threads:
        torch.set_num_threads(threads)


def choose_device(name: str) -> torch.device:
    """`auto`: this process's GPU where there is one, else the CPU. Raises ValueError for a GPU that is not there."""
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        if not torch.cuda.is_available():
            raise ValueError("device cuda: torch finds no GPU; use --device cpu, or install torch for your GPU")
        name = f"cuda:{local_rank}"
    return torch.device(name)
