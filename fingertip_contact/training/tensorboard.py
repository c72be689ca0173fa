"""A run's curves for TensorBoard: `tensorboard --logdir OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from fingertip_contact.training.optimizer import GROUPS
from fingertip_contact.training.run import Step


class TensorboardLog:
    """Writes loss and learning rates of every `every`-th step, and each epoch's validation. A resumed run replaces
    what an interrupted one wrote of the same steps."""

    def __init__(self, folder: Path, first_step: int = 0, every: int = 10) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=first_step)
        self._every = every

    def step(self, step: Step, steps: int) -> None:
        if step.number % self._every:
            return
        self._writer.add_scalar("train/silog", step.loss, step.number)
        for group, rate in zip(GROUPS, step.learning_rates, strict=True):
            self._writer.add_scalar(f"learning_rate/{group}", rate, step.number)

    def epoch(self, record: dict[str, Any]) -> None:
        for name, value in record["validation"].items():
            if value is not None:
                self._writer.add_scalar(f"validation/{name}", value, record["steps"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
