"""A run's curves for TensorBoard: `tensorboard --logdir OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from fingertip_research.training.optimizer import PARAMETER_GROUPS
from fingertip_research.training.run import TrainingStep


class TensorboardLog:
    """Writes loss and learning rates of every `interval_steps`-th step, and each epoch's validation. A resumed run
    replaces the values that an interrupted one wrote for the same steps."""

    def __init__(self, folder: Path, first_step: int = 0, interval_steps: int = 10) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=first_step)
        self._interval_steps = interval_steps

    def on_step(self, step: TrainingStep, steps: int) -> None:
        if step.index % self._interval_steps:
            return
        self._writer.add_scalar("train/silog", step.loss, step.index)
        for group, rate in zip(PARAMETER_GROUPS, step.learning_rates, strict=True):
            self._writer.add_scalar(f"learning_rate/{group}", rate, step.index)

    def on_epoch(self, record: dict[str, Any]) -> None:
        for name, value in record["validation"].items():
            if value is not None:
                self._writer.add_scalar(f"validation/{name}", value, record["steps"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
