"""`fingertip-contact train`: fine-tunes the depth network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fingertip_research.training.configuration import TrainingConfiguration
    from fingertip_research.training.run import TrainingCallback, TrainingStep

# The configuration's `base` -> the name of its weights in models.yaml.
BASE_MODELS = {"relative": "base", "metric": "d405"}


def train(
    dataset: Annotated[Path, typer.Argument(help="Folder in the D405 Hand-Surface layout.")],
    out: Annotated[Path, typer.Option(help="The run's folder: checkpoints, config.yaml, metrics.json, TensorBoard.")],
    split: Annotated[str, typer.Option(help="Split manifest, or a published split's name.")] = "card",
    config: Annotated[Path | None, typer.Option(help="YAML file with values that replace the recipe's.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE, replaces a value of the configuration; may be repeated."),
    ] = None,
    base_weights: Annotated[
        Path | None, typer.Option(help="Initial weights; by default those of `models pull depth`.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue after the last epoch in --out.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="Threads of torch on the CPU; 0: its own choice.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read frames; 0: the main process.")] = 0,
    show_config: Annotated[bool, typer.Option("--show-config", help="Print the configuration and exit.")] = False,
) -> None:
    """Fine-tune Depth Anything V2 ViT-S by the published recipe, changed by --config and --set.

    Ctrl-C ends a run; --resume continues it after its last complete epoch, on the same curve. On several GPUs:
    torchrun --nproc_per_node 4 --no-python fingertip-contact train ... with the same arguments. See docs/training.md.

    Examples: fingertip-contact train data --split card --out runs/card; fingertip-contact train data --split mine.json
    --out runs/small --set base=none --set height=126 --set width=168
    """
    from fingertip_contact.file_locks import hold_folder
    from fingertip_research.datasets.dataset import open_dataset
    from fingertip_research.datasets.split import load_split
    from fingertip_research.training.configuration import to_yaml
    from fingertip_research.training.distributed import choose_device, init_distributed, limit_threads
    from fingertip_research.training.run import TrainingRun

    configuration = _load_configuration(out, config, assignments or [], resume)
    if show_config:
        typer.echo(to_yaml(configuration), nl=False)
        return
    limit_threads(threads)
    data, parts = open_dataset(dataset), load_split(split)
    selected_device = choose_device(device)
    with ExitStack() as stack:
        distributed = stack.enter_context(init_distributed(selected_device))
        if distributed.is_main_process:
            stack.enter_context(hold_folder(out))
        run = TrainingRun(
            configuration,
            train=list(parts.frames(data, "train")),
            validation=list(parts.frames(data, "val")),
            out=out,
            base_weights=_find_base_weights(configuration, base_weights, out if resume else None),
            device=selected_device,
            distributed=distributed,
            workers=workers,
        )
        if resume:
            run.resume()
        if distributed.is_main_process:
            run.callback = stack.enter_context(_show_progress(out, run.first_step, run.steps))
        best = run.run()["best"]
    if distributed.is_main_process:
        typer.echo(_summarise(best, out), err=True)


def _load_configuration(out: Path, config: Path | None, assignments: list[str], resume: bool) -> TrainingConfiguration:
    """The configuration of the resumed run, or of a new one. Raises ValueError if it would change a resumed run, or
    if the new run would overwrite another."""
    from fingertip_research.training.checkpoint import LATEST
    from fingertip_research.training.configuration import load_configuration, parse_overrides
    from fingertip_research.training.run import CONFIGURATION

    if not resume:
        if (out / LATEST).exists():
            raise ValueError(f"{out} already holds a run; continue it (--resume), or name another --out")
        return load_configuration(config, parse_overrides(assignments))
    if config or assignments:
        raise ValueError("--resume continues with the run's own configuration; leave out --config and --set")
    if not (out / LATEST).exists():
        raise ValueError(f"{out} holds no run to continue: it has no {LATEST}")
    return load_configuration(out / CONFIGURATION)


def _find_base_weights(
    configuration: TrainingConfiguration, requested: Path | None, resumed_run: Path | None
) -> Path | None:
    """The initial weights; None for random ones. resumed_run: folder of a run that continues; its own weights replace
    those of the base, which need not exist any more."""
    from fingertip_contact import weights
    from fingertip_research.training.checkpoint import LATEST

    if requested is not None or configuration.base == "none":
        return requested
    if resumed_run is not None:
        return resumed_run / LATEST
    return weights.get_verified_path(BASE_MODELS[configuration.base])


@contextmanager
def _show_progress(out: Path, first_step: int, steps: int) -> Iterator[TrainingCallback]:
    """Shows a progress bar on a terminal and one line per epoch, and writes TensorBoard's log."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from fingertip_research.training.tensorboard import TensorboardLog

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    log = TensorboardLog(out / "tensorboard", first_step)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        try:
            yield _ProgressCallback(progress, progress.add_task("training", total=steps, completed=first_step), log)
        finally:
            log.close()


class _ProgressCallback:
    """Updates the progress bar, prints one line per epoch, and forwards everything to TensorBoard's log."""

    def __init__(self, progress: Any, task: Any, log: TrainingCallback) -> None:
        self._progress, self._task, self._log = progress, task, log

    def on_step(self, step: TrainingStep, steps: int) -> None:
        self._progress.update(self._task, completed=step.index + 1, description=f"SiLog {step.loss:.4f}")
        for error in step.read_errors:
            typer.echo(f"skipped: {error}", err=True)
        self._log.on_step(step, steps)

    def on_epoch(self, record: dict[str, Any]) -> None:
        shown = {name: record["validation"][name] for name in ("mae_mm", "delta1", "silog")}
        values = " ".join(f"{name} {value:.4g}" for name, value in shown.items() if value is not None)
        trained = "none" if record["train_silog"] is None else f"{record['train_silog']:.4f}"
        typer.echo(f"epoch {record['epoch']}: train silog {trained}; validation {values}", err=True)
        self._log.on_epoch(record)


def _summarise(best: dict[str, Any], out: Path) -> str:
    if not best:
        return f"no epoch could be validated; the last state is in {out}"
    return f"best epoch {best['epoch']}: MAE {best['mae_mm']:.2f} mm, delta1 {best['delta1']:.4f}; {out}"
