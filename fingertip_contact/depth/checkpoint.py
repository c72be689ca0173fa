"""Depth weights from a file: checkpoints of the training (.pth), bare state dicts and .safetensors.

Nothing in a file is executed: torch's restricted loader reads pickles, which accepts tensors and plain containers
only; a file that it rejects is rejected here.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from fingertip_contact.depth.configuration import TRAINING_SIZE_PX, check_exists
from fingertip_contact.depth.network import EMBED_DIM, DepthNetwork, get_published_shapes
from fingertip_contact.files import atomic_write

# Present in published files, used only by the encoder's pre-training.
UNUSED_PARAMETERS = {"pretrained.mask_token"}
DISTRIBUTED_PREFIX = "module."
ENCODER_PREFIX, HEAD_PREFIX = "pretrained.", "depth_head."
REFETCH_HINT = "fetch the file again"
ENCODER_BY_WIDTH = {384: "ViT-S", 768: "ViT-B", 1024: "ViT-L", 1536: "ViT-g"}


def load_network(path: Path, height: int, width: int, max_depth_m: float) -> DepthNetwork:
    """The network with the weights of a file, ready for inference. Raises ValueError as load_weights does."""
    network = DepthNetwork(height, width, max_depth_m)
    network.load_published(load_weights(path))
    return network.eval()


def load_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a file under their published names, float32.

    Raises ValueError that names the file and the remedy if it is missing, damaged, holds code, is for another encoder,
    lacks weights, or has weights that the network does not have.
    """
    check_exists(path)
    weights = read_weights(path)
    check_shapes(weights, get_published_shapes(), path)
    return {name: value.float() for name, value in weights.items()}


def load_encoder(path: Path) -> dict[str, Tensor]:
    """The encoder's weights alone, from which fine-tuning starts: the file may hold any head, or none.

    Raises ValueError as load_weights does.
    """
    weights = {name: value for name, value in read_weights(path).items() if not name.startswith(HEAD_PREFIX)}
    shapes = {name: shape for name, shape in get_published_shapes().items() if name.startswith(ENCODER_PREFIX)}
    check_shapes(weights, shapes, path)
    return {name: value.float() for name, value in weights.items()}


def read_weights(path: Path) -> dict[str, Tensor]:
    """All weights in a file, under plain names, checked to be of this encoder; they need not be complete."""
    check_exists(path)
    content = load_safetensors(path) if path.suffix == ".safetensors" else load_pickle(path)
    weights = {
        name: value
        for name, value in strip_distributed_prefix(extract_state_dict(content, path)).items()
        if name not in UNUSED_PARAMETERS
    }
    check_encoder(weights, path)
    return weights


def save_safetensors(weights: dict[str, Tensor], path: Path) -> None:
    save_file({name: value.contiguous() for name, value in weights.items()}, path)


def save_random_weights(path: Path) -> None:
    """Writes random weights, for benchmarks without a checkpoint."""
    torch.manual_seed(0)
    network = DepthNetwork(TRAINING_SIZE_PX, TRAINING_SIZE_PX, max_depth_m=1.0)
    with atomic_write(path, overwrite=True) as temporary_path:
        save_safetensors(network.state_dict(), temporary_path)


def load_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(make_damage_message(path, str(error))) from error


def load_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(make_rejection_message(path, error)) from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, IndexError) as error:
        # The loader's error depends on where the damage is. Its first sentence states the finding; the following ones
        # may recommend loading without restriction.
        raise ValueError(make_damage_message(path, str(error).split(". ")[0] or type(error).__name__)) from error


def make_rejection_message(path: Path, error: pickle.UnpicklingError) -> str:
    """Why the restricted loader rejected a pickle: an object that is not a tensor, or damage."""
    forbidden = re.search(r"GLOBAL (\S+)", str(error))
    if forbidden is None:
        return make_damage_message(path, "not a pickle of torch")
    return (
        f"depth weights {path} were refused and nothing in them was run: they hold more than tensors "
        f"({forbidden.group(1)}); get them from a source that you trust, as .safetensors"
    )


def make_damage_message(path: Path, reason: str) -> str:
    return (
        f"depth weights {path} are damaged or not a checkpoint ({reason}), and nothing in them was run; {REFETCH_HINT}"
    )


def extract_state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    """The named tensors in a file's content: its `model` in a training checkpoint, else the content itself."""
    if isinstance(content, Mapping) and isinstance(content.get("model"), Mapping):
        content = content["model"]
    if not isinstance(content, Mapping) or not content:
        raise ValueError(f"depth weights {path} hold a {type(content).__name__}, not named tensors; {REFETCH_HINT}")
    non_tensors = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if non_tensors:
        raise ValueError(
            f"depth weights {path} hold entries that are not tensors: {', '.join(non_tensors)}; {REFETCH_HINT}"
        )
    return dict(content)


def strip_distributed_prefix(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefix that training on several GPUs adds to names."""
    return {name.removeprefix(DISTRIBUTED_PREFIX): value for name, value in weights.items()}


def check_encoder(weights: dict[str, Tensor], path: Path) -> None:
    token = weights.get("pretrained.cls_token")
    if token is not None and token.shape[-1] != EMBED_DIM:
        encoder = ENCODER_BY_WIDTH.get(token.shape[-1], "unknown")
        raise ValueError(
            f"depth weights {path} are for another encoder ({encoder}, width {token.shape[-1]}); "
            f"only ViT-S (width {EMBED_DIM}) runs here: take a file named ..._vits"
        )


def check_shapes(weights: dict[str, Tensor], shapes: dict[str, tuple[int, ...]], path: Path) -> None:
    """Raises ValueError if names or shapes differ, or a value is not finite."""
    missing = sorted(shapes.keys() - weights.keys())
    unexpected = sorted(weights.keys() - shapes.keys())
    if missing or unexpected:
        lists = {"missing": missing, "unexpected": unexpected}
        description = "; ".join(f"{problem}: {', '.join(names)}" for problem, names in lists.items() if names)
        raise ValueError(f"depth weights {path} do not fit Depth Anything V2 ViT-S: {description}")
    mismatched = [
        f"{name} {tuple(weights[name].shape)}" for name in shapes if tuple(weights[name].shape) != shapes[name]
    ]
    if mismatched:
        raise ValueError(
            f"depth weights {path} have other shapes than Depth Anything V2 ViT-S: {', '.join(mismatched)}"
        )
    non_finite = sorted(name for name, value in weights.items() if not torch.isfinite(value).all())
    if non_finite:
        raise ValueError(
            f"depth weights {path} hold values that are not finite in {', '.join(non_finite)}; {REFETCH_HINT}"
        )
