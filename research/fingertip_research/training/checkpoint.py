"""The files of a run: checkpoints in the published format, and the weights alone for inference.

A file appears complete and stored on disk, or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors.torch import save
from torch import Tensor
from torch.optim import Optimizer

from fingertip_contact.depth.checkpoint import load_encoder, load_weights
from fingertip_contact.depth.checkpoint_file import load_pickle
from fingertip_contact.depth.configuration import ENCODER
from fingertip_contact.depth.network import HEAD_CHANNELS, LEVEL_CHANNELS
from fingertip_contact.files import atomic_write
from fingertip_research.training.configuration import TrainingConfiguration
from fingertip_research.training.network import TrainableNetwork, initialise_from_scratch

LATEST, BEST = "latest.pth", "best.pth"
WEIGHTS, CONFIG = "best.safetensors", "config.json"
CHECKPOINT_KEYS = ("model", "optimizer", "epoch", "previous_best")


def make_network(configuration: TrainingConfiguration, weights: Path | None) -> TrainableNetwork:
    """A network with the starting weights that the configuration asks for.

    weights: of the base; None if the base is none. Raises ValueError if the two do not agree, or as
    depth.checkpoint.load_weights does.
    """
    if (weights is None) != (configuration.base == "none"):
        raise ValueError(
            f"base is {configuration.base!r} and the weights to start from are {weights}: "
            "relative and metric need a file, none accepts no file"
        )
    torch.manual_seed(configuration.seed)
    network = TrainableNetwork(configuration.max_depth_m)
    if weights is None:
        initialise_from_scratch(network)
        return network
    # The head of a relative checkpoint outputs disparity, so the head starts with random weights.
    initial = load_encoder(weights) if configuration.base == "relative" else load_weights(weights)
    network.load_state_dict({**network.state_dict(), **initial})
    return network


def save_checkpoint(
    path: Path, network: TrainableNetwork, optimizer: Optimizer, epoch: int, previous_best: dict[str, Any]
) -> None:
    """Saves in the published format: CHECKPOINT_KEYS, weights under their published names.

    Raises OSError if it cannot be written.
    """
    values = (network.state_dict(), optimizer.state_dict(), epoch, previous_best)
    write_durably(path, lambda stream: torch.save(dict(zip(CHECKPOINT_KEYS, values, strict=True)), stream))


def load_checkpoint(path: Path, network: TrainableNetwork, optimizer: Optimizer) -> tuple[int, dict[str, Any]]:
    """Restores weights and optimizer; returns epoch and previous_best.

    Raises ValueError that names the file if it is missing, damaged, holds code, or belongs to another network.
    """
    network.load_state_dict(load_weights(path))
    content = load_pickle(path)
    missing = [key for key in CHECKPOINT_KEYS if key not in content]
    if missing:
        raise ValueError(f"checkpoint {path} cannot be resumed: it lacks {', '.join(missing)}")
    try:
        optimizer.load_state_dict(content["optimizer"])
    except (ValueError, KeyError) as error:
        raise ValueError(f"checkpoint {path} has the state of another optimizer: {error}") from error
    return content["epoch"], content["previous_best"]


def publish_weights(folder: Path, network: TrainableNetwork, configuration: TrainingConfiguration) -> None:
    """Writes WEIGHTS and CONFIG, which every command with depth weights reads. Raises OSError."""
    tensors: dict[str, Tensor] = {name: value.contiguous().cpu() for name, value in network.state_dict().items()}
    metadata = {
        "encoder": ENCODER,
        "features": HEAD_CHANNELS,
        "out_channels": list(LEVEL_CHANNELS),
        "max_depth": configuration.max_depth_m,
        "input_height": configuration.height,
        "input_width": configuration.width,
    }
    write_durably(folder / CONFIG, lambda stream: stream.write((json.dumps(metadata, indent=2) + "\n").encode()))
    write_durably(folder / WEIGHTS, lambda stream: stream.write(save(tensors)))


def write_durably(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """An atomic write that waits until the file is on disk. Raises OSError that names the file, or the interruption."""
    try:
        with atomic_write(path, overwrite=True) as partial_path, partial_path.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
    # torch reports a full disk as a RuntimeError of its archive writer.
    except (OSError, RuntimeError) as error:
        if interruption := _find_interruption(error):
            raise interruption from None
        raise OSError(f"{path} could not be written ({error}); the previous version is unchanged") from error


def _find_interruption(error: BaseException) -> BaseException | None:
    """What Ctrl-C or a signal raised inside torch's archive writer, which then raises a RuntimeError of its own."""
    cause = error.__context__
    while cause is not None and not isinstance(cause, (KeyboardInterrupt, SystemExit)):
        cause = cause.__context__
    return cause
