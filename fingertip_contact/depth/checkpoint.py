"""Depth weights from a file: checkpoints of the training (.pth), bare state dicts and .safetensors, under the names of
the authors or of transformers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from fingertip_contact.depth.checkpoint_file import load_pickle, load_safetensors
from fingertip_contact.depth.checkpoint_names import OUTER_KEYS, rename_to_published
from fingertip_contact.depth.configuration import TRAINING_SIZE_PX, check_exists
from fingertip_contact.depth.network import EMBED_DIM, DepthNetwork, get_published_shapes
from fingertip_contact.files import atomic_write, library_writes

logger = logging.getLogger(__name__)

# Present in published files, used only by the encoder's pre-training.
UNUSED_PARAMETERS = {"pretrained.mask_token"}
ENCODER_PREFIX, HEAD_PREFIX = "pretrained.", "depth_head."
ENCODER_BY_WIDTH = {384: "ViT-S", 768: "ViT-B", 1024: "ViT-L", 1536: "ViT-g"}
# Types whose values single precision holds, double precision but for its rounding.
FLOAT_TYPES = {
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.float8_e4m3fn,
    torch.float8_e4m3fnuz,
    torch.float8_e5m2,
    torch.float8_e5m2fnuz,
}
# Of a wrong file hundreds of names differ.
MAX_LISTED = 5
SAVE_HINT = "save the state dict of the network alone, as .safetensors"
# A file keeps weights at most so deep, e.g. in `state_dict` of `teacher`.
MAX_OUTER_KEYS = 3


def load_network(path: Path, height: int, width: int, max_depth_m: float) -> DepthNetwork:
    """The network with the weights of a file, ready for inference. Raises ValueError as load_weights does."""
    network = DepthNetwork(height, width, max_depth_m)
    network.load_published(load_weights(path))
    return network.eval()


def load_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a file under their published names, float32.

    Raises ValueError that names the file and the remedy if it is missing, damaged, holds code, is for another encoder,
    lacks weights, has weights that the network does not have, or holds numbers of another kind.
    """
    weights = read_weights(path)
    check_shapes(weights, get_published_shapes(), path)
    return convert_to_single(weights, path)


def load_encoder(path: Path) -> dict[str, Tensor]:
    """The encoder's weights alone, from which fine-tuning starts: the file may hold any head, or none.

    Raises ValueError as load_weights does.
    """
    weights = {name: value for name, value in read_weights(path).items() if not name.startswith(HEAD_PREFIX)}
    shapes = {name: shape for name, shape in get_published_shapes().items() if name.startswith(ENCODER_PREFIX)}
    check_shapes(weights, shapes, path)
    return convert_to_single(weights, path)


def read_weights(path: Path) -> dict[str, Tensor]:
    """All weights in a file, under plain names, checked to be of this encoder; they need not be complete."""
    check_exists(path)
    content = load_safetensors(path) if path.suffix == ".safetensors" else load_pickle(path)
    try:
        renamed = rename_to_published(extract_state_dict(content, path))
    except ValueError as error:
        raise ValueError(f"depth weights {path} hold a name twice: {error}; save the weights alone") from error
    weights = {name: value for name, value in renamed.items() if name not in UNUSED_PARAMETERS}
    check_encoder(weights, path)
    return weights


def save_safetensors(weights: dict[str, Tensor], path: Path) -> None:
    with library_writes(path):
        save_file({name: value.contiguous() for name, value in weights.items()}, path)


def save_random_weights(path: Path) -> None:
    """Writes random weights, for benchmarks without a checkpoint."""
    torch.manual_seed(0)
    network = DepthNetwork(TRAINING_SIZE_PX, TRAINING_SIZE_PX, max_depth_m=1.0)
    with atomic_write(path, overwrite=True) as temporary_path:
        save_safetensors(network.state_dict(), temporary_path)


def extract_state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    """The named tensors in a file's content: below the first of OUTER_KEYS that it has, else the content itself."""
    for _ in range(MAX_OUTER_KEYS):
        content = _descend(content, path)
    if not isinstance(content, Mapping) or not content:
        found = "nothing" if isinstance(content, Mapping) else f"a {type(content).__name__}, not named tensors"
        raise ValueError(f"depth weights {path} hold {found}; {SAVE_HINT}")
    others = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if others:
        raise ValueError(f"depth weights {path} hold entries that are not tensors: {list_names(others)}; {SAVE_HINT}")
    return {str(name): value for name, value in content.items()}


def _descend(content: Any, path: Path) -> Any:
    if not isinstance(content, Mapping):
        return content
    found = [key for key in OUTER_KEYS if isinstance(content.get(key), Mapping)]
    if len(found) > 1:
        logger.warning("%s holds weights in %s; those in %s are read", path, " and ".join(found), found[0])
    return content[found[0]] if found else content


def list_names(names: Iterable[str]) -> str:
    """The first names, and how many there are beside them."""
    listed = sorted(names)
    rest = len(listed) - MAX_LISTED
    return ", ".join(listed[:MAX_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def check_encoder(weights: dict[str, Tensor], path: Path) -> None:
    token = weights.get("pretrained.cls_token")
    if token is not None and token.shape[-1] != EMBED_DIM:
        encoder = ENCODER_BY_WIDTH.get(token.shape[-1], "unknown")
        raise ValueError(
            f"depth weights {path} are for another encoder ({encoder}, width {token.shape[-1]}); "
            f"only ViT-S (width {EMBED_DIM}) runs here: take a file named ..._vits"
        )


def check_shapes(weights: dict[str, Tensor], shapes: dict[str, tuple[int, ...]], path: Path) -> None:
    """Raises ValueError if names or shapes differ."""
    missing = shapes.keys() - weights.keys()
    unexpected = weights.keys() - shapes.keys()
    if missing or unexpected:
        lists = {"missing": missing, "unexpected": unexpected}
        description = "; ".join(f"{problem}: {list_names(names)}" for problem, names in lists.items() if names)
        raise ValueError(
            f"depth weights {path} do not fit Depth Anything V2 ViT-S: {description}; take a file of this network, "
            "as its authors or transformers save it"
        )
    mismatched = [
        f"{name} {tuple(weights[name].shape)}" for name in shapes if tuple(weights[name].shape) != shapes[name]
    ]
    if mismatched:
        raise ValueError(
            f"depth weights {path} have other shapes than Depth Anything V2 ViT-S: {list_names(mismatched)}; "
            "take a file named ..._vits"
        )


def convert_to_single(weights: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """float32. Raises ValueError for numbers that mean something only with the scales of a quantised network, and for
    values that are not finite in single precision."""
    others = [
        f"{name} ({str(value.dtype).removeprefix('torch.')})"
        for name, value in weights.items()
        if value.dtype not in FLOAT_TYPES or value.layout != torch.strided
    ]
    if others:
        raise ValueError(
            f"depth weights {path} hold numbers that are not plain floating point: {list_names(others)}; "
            "take the file in single or half precision"
        )
    singles = {name: value.float() for name, value in weights.items()}
    non_finite = [name for name, value in singles.items() if not torch.isfinite(value).all()]
    if non_finite:
        raise ValueError(
            f"depth weights {path} hold values that are not finite in {list_names(non_finite)}: the training has "
            "diverged, or the file is damaged; take an earlier checkpoint"
        )
    return singles
