"""A training run: epochs of steps, validation, checkpoints; it can be resumed after any epoch."""

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

from fingertip_contact.json_file import read_object
from fingertip_research.datasets.dataset import DatasetFrame
from fingertip_research.evaluation.depth_score import sample_evenly
from fingertip_research.training.checkpoint import (
    BEST,
    LATEST,
    load_checkpoint,
    make_network,
    publish_weights,
    save_checkpoint,
    write_durably,
)
from fingertip_research.training.configuration import HIGHER_IS_BETTER, TrainingConfiguration, to_yaml
from fingertip_research.training.data import (
    EpochBatchSampler,
    SampleRequest,
    TrainingFrames,
    plan_epoch,
    steps_per_epoch,
)
from fingertip_research.training.distributed import DistributedContext
from fingertip_research.training.loss import silog
from fingertip_research.training.optimizer import PARAMETER_GROUPS, make_optimizer, set_learning_rates
from fingertip_research.training.provenance import collect_provenance
from fingertip_research.training.validation import validate

CONFIGURATION, METRICS = "config.yaml", "metrics.json"
MAX_READ_ERRORS = 5

Batch = tuple[Tensor, Tensor, list[str]]


@dataclass(frozen=True)
class TrainingStep:
    """A completed step. loss: mean over its usable batches, NaN without one. skipped: number of unusable batches."""

    epoch: int
    index: int
    loss: float
    skipped: int
    read_errors: tuple[str, ...]
    learning_rates: tuple[float, ...]


class TrainingCallback(Protocol):
    """An observer of a run's progress."""

    def on_step(self, step: TrainingStep, steps: int) -> None:
        """Called after each step. steps: number of steps of the whole run."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Called after each epoch with its entry in metrics.json."""


class NullCallback:
    """Ignores all progress."""

    def on_step(self, step: TrainingStep, steps: int) -> None:
        pass

    def on_epoch(self, record: dict[str, Any]) -> None:
        pass


@dataclass
class TrainingRun:
    """One run in its folder `out`. workers: number of processes that read frames; 0: this process reads them.

    base_weights: initial weights, see checkpoint.make_network. Raises ValueError if there are no frames for training or
    validation, or the batches of a step cannot be divided evenly among the processes.
    """

    configuration: TrainingConfiguration
    train: Sequence[DatasetFrame]
    validation: Sequence[DatasetFrame]
    out: Path
    base_weights: Path | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    distributed: DistributedContext = field(default_factory=DistributedContext)
    workers: int = 0
    callback: TrainingCallback = field(default_factory=NullCallback)

    def __post_init__(self) -> None:
        for name, frames in (("train", self.train), ("validation", self.validation)):
            if not frames:
                raise ValueError(f"the {name} part of the data has no frames; check the split and the participants")
        if self.configuration.accumulation % self.distributed.world_size:
            raise ValueError(
                f"accumulation is {self.configuration.accumulation} batches per step; "
                f"it has to be a multiple of the number of processes, {self.distributed.world_size}"
            )
        self._validation_frames = sample_evenly(self.validation, self.configuration.validation_frames)
        self._steps_per_epoch = steps_per_epoch(len(self.train), self.configuration)
        self.steps = self.configuration.epochs * self._steps_per_epoch
        self._network = make_network(self.configuration, self.base_weights).to(self.device).train()
        self._optimizer = make_optimizer(self._network, self.configuration)
        self._initial_validation: dict[str, float | None] | None = None
        self._history: list[dict[str, Any]] = []
        self._best: dict[str, Any] = {}
        self._consecutive_bad_batches = 0

    @property
    def first_step(self) -> int:
        """The index of the next step."""
        return len(self._history) * self._steps_per_epoch

    def resume(self) -> None:
        """Continues after the last epoch in `out`. Raises ValueError if that is of other data or damaged."""
        stored = read_object(self.out / METRICS)
        data_sha256 = collect_provenance(self.train, self.validation)["data_sha256"]
        if stored["data_sha256"] != data_sha256:
            raise ValueError(
                f"{self.out} was trained on other frames; name the same dataset and split, or another --out"
            )
        epoch, self._best = load_checkpoint(self.out / LATEST, self._network, self._optimizer)
        self._initial_validation = stored["before"]
        self._history = [record for record in stored["epochs"] if record["epoch"] <= epoch]

    def run(self) -> dict[str, Any]:
        """Trains to the end, or until `patience` epochs bring no improvement; returns the content of metrics.json.

        Raises ValueError for too many consecutive unusable batches, OSError if a checkpoint cannot be written.
        """
        if self.distributed.is_main_process:
            self.out.mkdir(parents=True, exist_ok=True)
            write_durably(self.out / CONFIGURATION, lambda file: file.write(to_yaml(self.configuration).encode()))
        if self._initial_validation is None:
            self._initial_validation = self._validate()
        for epoch in range(len(self._history), self.configuration.epochs):
            if self._should_stop_early(epoch):
                break
            self._history.append(self._run_epoch(epoch))
            self._save_epoch(epoch)
        return self._collect_metrics()

    def _run_epoch(self, epoch: int) -> dict[str, Any]:
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
            "read_errors": [error for step in steps for error in step.read_errors][:MAX_READ_ERRORS],
            "learning_rates": dict(zip(PARAMETER_GROUPS, steps[-1].learning_rates, strict=True)),
            "validation": validation,
            "train_seconds": round(trained - start, 1),
            "validation_seconds": round(time.monotonic() - trained, 1),
        }

    def _validate(self) -> dict[str, float | None]:
        """Validation metrics; None replaces NaN, which JSON does not have."""
        metrics = validate(self._network, self._validation_frames, self.configuration, self.device, self.distributed)
        return {name: value if math.isfinite(value) else None for name, value in metrics.items()}

    def _train_epoch(self, epoch: int) -> Iterator[TrainingStep]:
        plan = plan_epoch(len(self.train), epoch, self.configuration)
        batches = iter(self._make_loader(plan))
        for step_in_epoch, step_batches in enumerate(plan):
            index = epoch * self._steps_per_epoch + step_in_epoch
            local_count = len(step_batches[self.distributed.rank :: self.distributed.world_size])
            step = self._run_step(epoch, index, [next(batches) for _ in range(local_count)])
            self.callback.on_step(step, self.steps)
            yield step

    def _make_loader(self, plan: list[list[list[SampleRequest]]]) -> DataLoader:
        return DataLoader(
            TrainingFrames(self.train, self.configuration),
            batch_sampler=EpochBatchSampler(plan, self.distributed.rank, self.distributed.world_size),
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
        )

    def _run_step(self, epoch: int, index: int, batches: list[Batch]) -> TrainingStep:
        """Computes the mean gradient over all usable batches of all processes, and steps the optimizer."""
        set_learning_rates(self._optimizer, self.configuration, index, self.steps)
        self._optimizer.zero_grad()
        # Sum of losses, number of usable batches, number of unusable ones.
        sums = torch.zeros(3, device=self.device)
        read_errors = []
        for images, maps, batch_errors in batches:
            read_errors += [error for error in batch_errors if error]
            loss = self._compute_loss(images.to(self.device), maps.to(self.device))
            if loss is None:
                sums[2] += 1
                continue
            loss.backward()
            sums += torch.tensor([loss.item(), 1.0, 0.0], device=self.device)
        self.distributed.all_reduce_sum([sums])
        total, usable, unusable = sums.tolist()
        is_applied = usable > 0 and self._apply_gradients(usable)
        self._check_bad_batches(0 if is_applied else int(usable + unusable), index, read_errors)
        return TrainingStep(
            epoch=epoch,
            index=index,
            loss=total / usable if is_applied else math.nan,
            skipped=int(unusable if is_applied else usable + unusable),
            read_errors=tuple(read_errors),
            learning_rates=tuple(group["lr"] for group in self._optimizer.param_groups),
        )

    def _compute_loss(self, images: Tensor, maps: Tensor) -> Tensor | None:
        """The loss of a batch; None if it has no valid pixel, or the loss is not finite."""
        bfloat16 = self.configuration.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
            predicted_m = self._network(images)
        loss = silog(predicted_m[:, 0].float(), maps[:, 0], maps[:, 1], self.configuration.silog_lambda)
        return loss if loss is not None and torch.isfinite(loss) else None

    def _apply_gradients(self, usable: float) -> bool:
        """Steps the optimizer. Returns False and changes nothing if the gradient is not finite."""
        parameters = list(self._network.parameters())
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        self.distributed.all_reduce_sum(gradients)
        torch._foreach_div_(gradients, usable)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.configuration.gradient_clip or math.inf)
        if not torch.isfinite(norm):
            return False
        self._optimizer.step()
        return True

    def _check_bad_batches(self, batches: int, index: int, read_errors: list[str]) -> None:
        """Raises ValueError after too many consecutive unusable batches."""
        self._consecutive_bad_batches = self._consecutive_bad_batches + batches if batches else 0
        if self._consecutive_bad_batches >= self.configuration.bad_batches_max:
            reason = read_errors[-1] if read_errors else "no valid depth in the frames, or losses that are not finite"
            raise ValueError(
                f"stopped at step {index}: {self._consecutive_bad_batches} consecutive batches were unusable "
                f"({reason}); check the dataset (fingertip-contact dataset check), or lower the learning rates"
            )

    def _save_epoch(self, epoch: int) -> None:
        """Saves the best weights first and LATEST last, so that after an interruption the files are consistent."""
        record = self._history[-1]
        is_best = self._is_better(record["validation"])
        if is_best:
            self._best = {"epoch": epoch, **record["validation"]}
        if not self.distributed.is_main_process:
            return
        if is_best:
            save_checkpoint(self.out / BEST, self._network, self._optimizer, epoch, self._best)
            publish_weights(self.out, self._network, self.configuration)
        text = json.dumps(self._collect_metrics(), indent=2, allow_nan=False) + "\n"
        write_durably(self.out / METRICS, lambda file: file.write(text.encode()))
        save_checkpoint(self.out / LATEST, self._network, self._optimizer, epoch, self._best)
        self.callback.on_epoch(record)

    def _is_better(self, validation: dict[str, float | None]) -> bool:
        name = self.configuration.best_by
        value, best = validation[name], self._best.get(name)
        if value is None:
            return False
        return best is None or (value > best if HIGHER_IS_BETTER[name] else value < best)

    def _should_stop_early(self, epoch: int) -> bool:
        patience = self.configuration.patience
        return bool(patience) and epoch - 1 - self._best.get("epoch", -1) >= patience

    def _collect_metrics(self) -> dict[str, Any]:
        return {
            **collect_provenance(self.train, self.validation),
            "seed": self.configuration.seed,
            "configuration": asdict(self.configuration),
            "processes": self.distributed.world_size,
            "device": self.device.type,
            "before": self._initial_validation,
            "best": self._best,
            "epochs": self._history,
        }
