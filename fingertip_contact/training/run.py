"""A training run: epochs of steps, validation, checkpoints; stopped and gone on with at any epoch."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fingertip_contact.evaluation.depth_score import sample_evenly
from fingertip_contact.recordings.dataset import DatasetFrame
from fingertip_contact.training.checkpoint import (
    BEST,
    LATEST,
    load_checkpoint,
    make_network,
    publish_weights,
    save_checkpoint,
    write_durably,
)
from fingertip_contact.training.configuration import BEST_BY, TrainingConfiguration, as_yaml
from fingertip_contact.training.data import Draw, Plan, TrainingFrames, plan_epoch, steps_per_epoch
from fingertip_contact.training.loss import silog
from fingertip_contact.training.optimizer import GROUPS, make_optimizer, set_learning_rates
from fingertip_contact.training.processes import Processes
from fingertip_contact.training.provenance import provenance
from fingertip_contact.training.validation import validate

CONFIGURATION, METRICS = "config.yaml", "metrics.json"
TROUBLES_KEPT = 5

Batch = tuple[Tensor, Tensor, list[str]]


@dataclass(frozen=True)
class Step:
    """A step that was taken. loss: mean over its usable batches, NaN where none was. skipped: batches that were not."""

    epoch: int
    number: int
    loss: float
    skipped: int
    troubles: tuple[str, ...]
    learning_rates: tuple[float, ...]


class Listener(Protocol):
    """Somebody who wants to see how a run goes."""

    def step(self, step: Step, steps: int) -> None:
        """After each step; steps: of the whole run."""

    def epoch(self, record: dict[str, Any]) -> None:
        """After each epoch, with its line of metrics.json."""


class Silent:
    """Nobody looks."""

    def step(self, step: Step, steps: int) -> None:
        pass

    def epoch(self, record: dict[str, Any]) -> None:
        pass


@dataclass
class Run:
    """One run in its folder `out`. workers: processes that read frames; 0: none of their own.

    base_weights: what to start from, see checkpoint.make_network. Raises ValueError where there is nothing to train
    or to validate on, or the processes cannot share a step evenly.
    """

    configuration: TrainingConfiguration
    train: Sequence[DatasetFrame]
    validation: Sequence[DatasetFrame]
    out: Path
    base_weights: Path | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    processes: Processes = field(default_factory=Processes)
    workers: int = 0
    listener: Listener = field(default_factory=Silent)

    def __post_init__(self) -> None:
        for name, frames in (("train", self.train), ("validation", self.validation)):
            if not frames:
                raise ValueError(f"the {name} part of the data has no frames; look at the split and the participants")
        if self.configuration.accumulation % self.processes.count:
            raise ValueError(
                f"accumulation is {self.configuration.accumulation} batches a step; {self.processes.count} processes "
                "share them, so it has to be a multiple of that"
            )
        self._validated = sample_evenly(self.validation, self.configuration.validation_frames)
        self._steps_per_epoch = steps_per_epoch(len(self.train), self.configuration)
        self.steps = self.configuration.epochs * self._steps_per_epoch
        self._network = make_network(self.configuration, self.base_weights).to(self.device).train()
        self._optimizer = make_optimizer(self._network, self.configuration)
        self._before: dict[str, float | None] | None = None
        self._history: list[dict[str, Any]] = []
        self._best: dict[str, Any] = {}
        self._bad_in_a_row = 0

    @property
    def first_step(self) -> int:
        """The step that comes next."""
        return len(self._history) * self._steps_per_epoch

    def resume(self) -> None:
        """Goes on after the last epoch that `out` holds. Raises ValueError where that is of other data or damaged."""
        known = json.loads((self.out / METRICS).read_text(encoding="utf-8"))
        here = provenance(self.train, self.validation)["data_sha256"]
        if known["data_sha256"] != here:
            raise ValueError(
                f"{self.out} was trained on other frames; name the same dataset and split, or another --out"
            )
        epoch, self._best = load_checkpoint(self.out / LATEST, self._network, self._optimizer)
        self._before = known["before"]
        self._history = [record for record in known["epochs"] if record["epoch"] <= epoch]

    def run(self) -> dict[str, Any]:
        """Trains to the end, or until nothing gets better; returns the content of metrics.json.

        Raises ValueError where batches stay unusable, OSError where a checkpoint cannot be written.
        """
        if self.processes.is_first:
            self.out.mkdir(parents=True, exist_ok=True)
            write_durably(self.out / CONFIGURATION, lambda file: file.write(as_yaml(self.configuration).encode()))
        if self._before is None:
            self._before = self._validate()
        for epoch in range(len(self._history), self.configuration.epochs):
            if self._has_stalled(epoch):
                break
            self._history.append(self._epoch(epoch))
            self._keep(epoch)
        return self._metrics()

    def _epoch(self, epoch: int) -> dict[str, Any]:
        start = time.monotonic()
        steps = list(self._train_epoch(epoch))
        trained = time.monotonic()
        losses = [step.loss for step in steps if math.isfinite(step.loss)]
        validation = self._validate()
        return {
            "epoch": epoch,
            "steps": (epoch + 1) * self._steps_per_epoch,
            "train_silog": sum(losses) / len(losses) if losses else None,
            "skipped_batches": sum(step.skipped for step in steps),
            "troubles": [trouble for step in steps for trouble in step.troubles][:TROUBLES_KEPT],
            "learning_rates": dict(zip(GROUPS, steps[-1].learning_rates, strict=True)),
            "validation": validation,
            "train_seconds": round(trained - start, 1),
            "validation_seconds": round(time.monotonic() - trained, 1),
        }

    def _validate(self) -> dict[str, float | None]:
        """None stands for what could not be measured: JSON knows no NaN."""
        metrics = validate(self._network, self._validated, self.configuration, self.device, self.processes)
        return {name: value if math.isfinite(value) else None for name, value in metrics.items()}

    def _train_epoch(self, epoch: int) -> Iterator[Step]:
        plan = plan_epoch(len(self.train), epoch, self.configuration)
        batches = iter(self._loader(plan))
        for index, planned in enumerate(plan):
            number = epoch * self._steps_per_epoch + index
            own = len(planned[self.processes.rank :: self.processes.count])
            step = self._step(epoch, number, [next(batches) for _ in range(own)])
            self.listener.step(step, self.steps)
            yield step

    def _loader(self, plan: list[list[list[Draw]]]) -> DataLoader:
        return DataLoader(
            TrainingFrames(self.train, self.configuration),
            batch_sampler=Plan(plan, self.processes.rank, self.processes.count),
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
        )

    def _step(self, epoch: int, number: int, batches: list[Batch]) -> Step:
        """Gradients of all usable batches of all processes, their mean, and one step of the optimizer."""
        set_learning_rates(self._optimizer, self.configuration, number, self.steps)
        self._optimizer.zero_grad()
        # Sum of losses, usable batches, unusable ones.
        sums = torch.zeros(3, device=self.device)
        troubles = []
        for pictures, maps, reported in batches:
            troubles += [trouble for trouble in reported if trouble]
            loss = self._loss(pictures.to(self.device), maps.to(self.device))
            if loss is None:
                sums[2] += 1
                continue
            loss.backward()
            sums += torch.tensor([loss.item(), 1.0, 0.0], device=self.device)
        self.processes.sum_([sums])
        total, usable, unusable = sums.tolist()
        stepped = usable > 0 and self._apply(usable)
        self._count_bad(0 if stepped else int(usable + unusable), number, troubles)
        return Step(
            epoch=epoch,
            number=number,
            loss=total / usable if stepped else math.nan,
            skipped=int(unusable if stepped else usable + unusable),
            troubles=tuple(troubles),
            learning_rates=tuple(group["lr"] for group in self._optimizer.param_groups),
        )

    def _loss(self, pictures: Tensor, maps: Tensor) -> Tensor | None:
        """None where the batch has no valid pixel, or its loss is not finite."""
        bfloat16 = self.configuration.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
            predicted_m = self._network(pictures)
        loss = silog(predicted_m[:, 0].float(), maps[:, 0], maps[:, 1], self.configuration.silog_lambda)
        return loss if loss is not None and torch.isfinite(loss) else None

    def _apply(self, usable: float) -> bool:
        """The step itself; False, and nothing is changed, where the gradient is not finite."""
        parameters = list(self._network.parameters())
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        self.processes.sum_(gradients)
        torch._foreach_div_(gradients, usable)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.configuration.gradient_clip or math.inf)
        if not torch.isfinite(norm):
            return False
        self._optimizer.step()
        return True

    def _count_bad(self, batches: int, number: int, troubles: list[str]) -> None:
        """Raises ValueError where too many batches in a row were of no use."""
        self._bad_in_a_row = self._bad_in_a_row + batches if batches else 0
        if self._bad_in_a_row >= self.configuration.bad_batches_max:
            reason = troubles[-1] if troubles else "no valid depth in the frames, or losses that are not finite"
            raise ValueError(
                f"gave up at step {number}: {self._bad_in_a_row} batches in a row were of no use ({reason}); check the "
                "dataset (fingertip-contact dataset check), or lower the learning rates"
            )

    def _keep(self, epoch: int) -> None:
        """The weights first where they are the best so far, the whole state last: what is there fits together."""
        record = self._history[-1]
        is_best = self._is_better(record["validation"])
        if is_best:
            self._best = {"epoch": epoch, **record["validation"]}
        if not self.processes.is_first:
            return
        if is_best:
            save_checkpoint(self.out / BEST, self._network, self._optimizer, epoch, self._best)
            publish_weights(self.out, self._network, self.configuration)
        text = json.dumps(self._metrics(), indent=2, allow_nan=False) + "\n"
        write_durably(self.out / METRICS, lambda file: file.write(text.encode()))
        save_checkpoint(self.out / LATEST, self._network, self._optimizer, epoch, self._best)
        self.listener.epoch(record)

    def _is_better(self, validation: dict[str, float | None]) -> bool:
        name = self.configuration.best_by
        value, best = validation[name], self._best.get(name)
        if value is None:
            return False
        return best is None or (value > best if BEST_BY[name] else value < best)

    def _has_stalled(self, epoch: int) -> bool:
        patience = self.configuration.patience
        return bool(patience) and epoch - 1 - self._best.get("epoch", -1) >= patience

    def _metrics(self) -> dict[str, Any]:
        return {
            **provenance(self.train, self.validation),
            "seed": self.configuration.seed,
            "configuration": asdict(self.configuration),
            "processes": self.processes.count,
            "device": self.device.type,
            "before": self._before,
            "best": self._best,
            "epochs": self._history,
        }
