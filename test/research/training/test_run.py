"""Complete runs with the real network, on images of a few patches: learning, resuming, bad data, files."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from cli_harness import run as run_command  # noqa: E402
from depth_weights import make_random_weights, save_training_checkpoint  # noqa: E402
from fingertip_contact.depth.checkpoint import load_weights  # noqa: E402
from fingertip_contact.depth.configuration import resolve_max_depth_m  # noqa: E402
from fingertip_research.training import checkpoint  # noqa: E402
from fingertip_research.training.checkpoint import make_network, write_durably  # noqa: E402
from fingertip_research.training.configuration import TrainingConfiguration  # noqa: E402
from fingertip_research.training.distributed import DistributedContext  # noqa: E402
from fingertip_research.training.run import NullCallback, TrainingRun  # noqa: E402
from training_world import CAMERA, load_frames, write_session  # noqa: E402

SMALL = TrainingConfiguration(
    base="none",
    epochs=2,
    batch_size=1,
    accumulation=2,
    height=28,
    width=42,
    encoder_learning_rate=1e-4,
    head_learning_rate=5e-4,
    best_by="mae_mm",
)


class RecordingCallback(NullCallback):
    """Keeps the steps; raises KeyboardInterrupt at the first step of a given epoch."""

    def __init__(self, exit_at_epoch: int | None = None) -> None:
        self.steps = []
        self._exit_at_epoch = exit_at_epoch

    def on_step(self, step, steps) -> None:
        if step.epoch == self._exit_at_epoch:
            raise SystemExit(130)
        self.steps.append(step)

    @property
    def losses(self) -> list[float]:
        return [step.loss for step in self.steps]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Two participants for training, one for validation, and their split."""
    root = tmp_path_factory.mktemp("data")
    for seed, participant in enumerate(["P01", "P02", "P03"]):
        write_session(root, participant, seed=seed)
    manifest = {"version": 1, "name": "three", "participants": {"train": ["P01", "P02"], "val": ["P03"], "test": []}}
    (root / "split.json").write_text(json.dumps(manifest))
    return root


def new_run(data: Path, out: Path, configuration: TrainingConfiguration = SMALL, **options) -> TrainingRun:
    return TrainingRun(configuration, load_frames(data, "P01", "P02"), load_frames(data, "P03"), out, **options)


@pytest.fixture
def out(tmp_path):
    """A folder for a run, deleted afterwards: its checkpoints are 700 MB."""
    yield tmp_path / "run"
    shutil.rmtree(tmp_path / "run", ignore_errors=True)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """An uninterrupted run: its folder, its steps, and its result."""
    recorder, folder = RecordingCallback(), tmp_path_factory.mktemp("runs") / "finished"
    yield folder, recorder, new_run(data, folder, callback=recorder).run()
    shutil.rmtree(folder)


def test_single_batch_can_be_overfitted(data, out):
    """SiLog under 0.02 on two images after 60 steps: the whole loop can learn."""
    pair = load_frames(data, "P01")
    configuration = replace(
        SMALL,
        epochs=1,
        batch_size=2,
        accumulation=1,
        encoder_learning_rate=2e-4,
        head_learning_rate=1e-3,
        flip_probability=0.0,
        jitter_probability=0.0,
    )
    recorder = RecordingCallback()
    result = TrainingRun(configuration, pair * 60, pair, out, callback=recorder).run()
    assert recorder.losses[0] > 0.05
    assert max(recorder.losses[-3:]) < 0.02
    assert result["epochs"][0]["validation"]["mae_mm"] < 0.5 * result["before"]["mae_mm"]


def test_resumed_run_reproduces_the_uninterrupted_run(data, finished, out):
    """Interrupted in the second epoch and resumed: losses, validation and weights of an uninterrupted run."""
    uninterrupted_out, uninterrupted, uninterrupted_result = finished
    with pytest.raises(SystemExit):
        new_run(data, out, callback=RecordingCallback(exit_at_epoch=1)).run()
    assert not list(out.glob(".*"))
    again = RecordingCallback()
    second = new_run(data, out, callback=again)
    second.resume()
    result = second.run()
    assert [step.index for step in again.steps] == [2, 3]
    assert again.losses == pytest.approx(uninterrupted.losses[2:], abs=1e-6)
    assert result["epochs"][1]["validation"] == pytest.approx(uninterrupted_result["epochs"][1]["validation"], abs=1e-6)
    ours, theirs = (load_weights(folder / checkpoint.LATEST) for folder in (out, uninterrupted_out))
    assert max((ours[name] - theirs[name]).abs().max() for name in ours) < 1e-6


def test_distributed_run_matches_single_process(data, finished, out):
    """Two processes by torchrun, over gloo: the same losses and the same validation as one alone."""
    pytest.importorskip("tensorboard")
    settings = [f"--set={name}={getattr(SMALL, name)}" for name in ("base", "batch_size", "accumulation", "best_by")]
    settings += [f"--set={name}={getattr(SMALL, name)}" for name in ("height", "width", "epochs")]
    settings += ["--set=encoder_learning_rate=1e-4", "--set=head_learning_rate=5e-4"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone", "--no-python"]
    command += [sys.executable, "-c", "from fingertip_contact.cli.main import main; main()", "train", str(data)]
    command += ["--split", str(data / "split.json"), "--out", str(out), "--threads=1", "--device=cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *settings], capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == 0, done.stderr
    together = json.loads((out / "metrics.json").read_text())
    _, _, alone = finished
    assert together["processes"] == 2
    for one, two in zip(alone["epochs"], together["epochs"], strict=True):
        assert two["train_silog"] == pytest.approx(one["train_silog"], abs=1e-5)
        assert two["validation"] == pytest.approx(one["validation"], rel=1e-3)
    assert list((out / "tensorboard").glob("events.*"))


def test_run_writes_documented_files(finished):
    """Checkpoints in the published format, weights that every command accepts, and metrics with their provenance."""
    folder, recorder, result = finished
    content = torch.load(folder / checkpoint.BEST, weights_only=True)
    assert set(content) == {"model", "optimizer", "epoch", "previous_best"}
    assert content["epoch"] == content["previous_best"]["epoch"] == result["best"]["epoch"]
    best = load_weights(folder / checkpoint.BEST)
    published = load_weights(folder / checkpoint.WEIGHTS)
    assert all(torch.equal(best[name], published[name]) for name in best)
    assert resolve_max_depth_m(folder / checkpoint.WEIGHTS) == SMALL.max_depth_m
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["seed"] == 42
    assert len(metrics["data_sha256"]) == 64
    assert metrics["versions"]["torch"] == torch.__version__.split("+")[0]
    assert metrics["train_participants"] == ["P01", "P02"]
    assert [record["epoch"] for record in metrics["epochs"]] == [0, 1]
    assert min(record["validation"]["mae_mm"] for record in metrics["epochs"]) == metrics["best"]["mae_mm"]
    assert len(recorder.steps) == 4


def test_runtime_accuracy_matches_validation(data, finished, tmp_path, monkeypatch, capsys):
    """`evaluate depth` with the published weights, in the runtime, gives the MAE of the run's validation."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder, _, result = finished
    split = ("--split", data / "split.json", "--part", "val")
    weights = folder / checkpoint.WEIGHTS
    assert run_command("evaluate", "depth", data, *split, "--weights", weights, "--json") == 0
    evaluated = json.loads(capsys.readouterr().out)
    assert evaluated["frames"] == 2
    for name in ("mae_mm", "silog", "delta1"):
        assert evaluated[name] == pytest.approx(result["best"][name], rel=1e-3)


def test_bfloat16_loss_is_close_to_float32(data, finished, out):
    """Mixed precision changes the first loss by its rounding only."""
    recorder = RecordingCallback(exit_at_epoch=1)
    with pytest.raises(SystemExit):
        new_run(data, out, replace(SMALL, precision="bfloat16"), callback=recorder).run()
    _, uninterrupted, _ = finished
    assert recorder.losses[0] == pytest.approx(uninterrupted.losses[0], rel=0.05)
    assert recorder.losses[0] != uninterrupted.losses[0]


def test_early_stopping_ends_the_run(data, out):
    """With learning rates of 0 no epoch is better than the first; patience 1 ends the run after the second."""
    frozen = replace(SMALL, epochs=9, patience=1, encoder_learning_rate=0.0, head_learning_rate=0.0)
    result = new_run(data, out, frozen).run()
    assert [record["epoch"] for record in result["epochs"]] == [0, 1]
    assert result["best"]["epoch"] == 0
    assert {"epoch": 0, **result["before"]} == pytest.approx(result["best"])


def test_frames_without_depth_are_skipped_and_counted(data, tmp_path, out):
    """One unreadable frame and one without depth: two batches fewer, and the run continues."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    broken, empty = load_frames(copy, "P01")
    broken.rgb_path.write_bytes(b"no image")
    cv2.imwrite(str(empty.depth_path), np.zeros((CAMERA.height, CAMERA.width), np.uint16))
    recorder = RecordingCallback()
    result = new_run(copy, out, replace(SMALL, epochs=1, accumulation=4), callback=recorder).run()
    assert result["epochs"][0]["skipped_batches"] == 2
    assert "000000.png" in result["epochs"][0]["read_errors"][0]
    assert all(loss > 0 for loss in recorder.losses)


def test_run_without_usable_depth_is_aborted(data, out):
    """A range so narrow that no pixel is valid: the error states this and the remedy, and there is no checkpoint."""
    blind = replace(SMALL, max_depth_m=0.01, bad_batches_max=3)
    with pytest.raises(ValueError, match="consecutive batches were unusable"):
        new_run(data, out, blind).run()
    assert not (out / checkpoint.LATEST).exists()


def test_relative_checkpoint_initialises_only_the_encoder(tmp_path):
    """Its head outputs disparity, so the head starts at random; from a metric checkpoint everything is loaded."""
    file = save_training_checkpoint(make_random_weights(), tmp_path / "base.pth")
    for base, loaded_parts in (("relative", {"pretrained"}), ("metric", {"pretrained", "depth_head"})):
        weights = make_network(replace(SMALL, base=base), file).state_dict()
        same = {name for name, value in make_random_weights().items() if torch.equal(weights[name], value)}
        assert {name.split(".")[0] for name in same} == loaded_parts
        assert len(same) == sum(name.split(".")[0] in loaded_parts for name in weights)
    with pytest.raises(ValueError, match="need a file"):
        make_network(replace(SMALL, base="relative"), None)


def test_full_disk_keeps_the_existing_file(tmp_path):
    """A file that cannot be written completely is not written at all, and is named."""
    file = tmp_path / "latest.pth"
    file.write_bytes(b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match=r"latest\.pth could not be written"):
            write_durably(file, lambda stream: torch.save({"a": torch.zeros(100_000)}, stream))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["latest.pth"]


def test_invalid_run_is_rejected_before_training(data, tmp_path):
    """No frames for training; a step that cannot be divided among the processes."""
    with pytest.raises(ValueError, match="train part"):
        TrainingRun(SMALL, [], load_frames(data, "P03"), tmp_path)
    with pytest.raises(ValueError, match="multiple"):
        new_run(data, tmp_path, distributed=DistributedContext(0, 3))


def test_train_command_rejects_conflicting_runs(data, finished, tmp_path, capsys):
    """A run in --out is neither overwritten nor resumed with other data or settings; errors have exit code 2."""
    done, _, _ = finished
    split = ("--split", data / "split.json")
    assert run_command("train", data, *split, "--out", done) == 2
    assert "--resume" in capsys.readouterr().err
    assert run_command("train", data, *split, "--out", done, "--resume", "--set", "epochs=5") == 2
    assert run_command("train", data, *split, "--out", tmp_path / "none", "--resume") == 2
    assert run_command("train", data, *split, "--out", tmp_path / "new", "--set", "epochs=0") == 2
    capsys.readouterr()
    write_session(tmp_path / "other", "P01", seed=9)
    write_session(tmp_path / "other", "P03", seed=8)
    assert run_command("train", tmp_path / "other", *split, "--out", done, "--resume") == 2
    assert "other frames" in capsys.readouterr().err


def test_train_command_prints_its_configuration(tmp_path, capsys):
    assert run_command("train", tmp_path, "--out", tmp_path / "run", "--set", "epochs=3", "--show-config") == 0
    shown = capsys.readouterr().out
    assert "epochs: 3" in shown
    assert "head_learning_rate: 5.0e-05" in shown


def test_ctrl_c_while_a_checkpoint_is_written_stays_an_interruption(tmp_path):
    """torch turns it into an error of its own; the exit code has to be that of the signal, and the old file stays."""
    file = tmp_path / "latest.pth"
    file.write_bytes(b"old")

    class InterruptedStream:
        def write(self, data):
            raise SystemExit(130)

        def flush(self):
            pass

    with pytest.raises(SystemExit) as exit_info:
        write_durably(file, lambda stream: torch.save({"a": torch.zeros(100)}, InterruptedStream()))
    assert exit_info.value.code == 130
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
