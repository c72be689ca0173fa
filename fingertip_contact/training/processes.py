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
class Processes:
    """This process's number and how many there are."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """The one that writes files and talks to people."""
        return self.rank == 0

    def sum_(self, values: Sequence[Tensor]) -> None:
        """Replaces each tensor by the sum of all processes' tensors."""
        if self.count > 1:
            for value in values:
                distributed.all_reduce(value)

    def gather(self, items: list[Any]) -> list[Any]:
        """The items of all processes, process by process."""
        if self.count == 1:
            return items
        gathered: list[list[Any]] = [[] for _ in range(self.count)]
        distributed.all_gather_object(gathered, items)
        return [item for part in gathered for item in part]


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Joins what torchrun has started; alone where it has not. Leaves again at the end."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(distributed.get_rank(), count)
    finally:
        distributed.destroy_process_group()


def limit_threads(threads: int) -> None:
    """How many threads the CPU's part is computed with; 0 leaves it to torch."""
    if threads:
        torch.set_num_threads(threads)


def choose_device(name: str) -> torch.device:
    """`auto`: this process's GPU where there is one, else the CPU. Raises ValueError for a GPU that is not there."""
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        if not torch.cuda.is_available():
            raise ValueError("device cuda: torch sees no GPU here; say --device cpu, or install torch for your GPU")
        name = f"cuda:{local}"
    return torch.device(name)
