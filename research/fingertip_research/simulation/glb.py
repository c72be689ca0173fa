"""Reads the skinned mesh of a binary glTF 2.0 file (GLB)."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MAGIC = b"glTF"
_COMPONENT_DTYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_COMPONENT_COUNTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class SkinnedMesh:
    """The one skinned mesh of a GLB file, in the file's own frame and rest pose.

    vertices_m: (V, 3). uv: (V, 2). triangles: (T, 3) int32. weights: (V, J), rows sum to 1.
    joint_names: J names. joint_transforms: (J, 4, 4) file_from_joint in the rest pose.
    """

    vertices_m: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    joint_names: tuple[str, ...]
    joint_transforms: np.ndarray


def read_skinned_mesh(path: Path) -> SkinnedMesh:
    """Read the first skin and mesh primitive of `path`. Raises ValueError where the file is not a GLB 2.0 with one."""
    data = path.read_bytes()
    if len(data) < 20 or data[:4] != _MAGIC or struct.unpack_from("<I", data, 4)[0] != 2:
        raise ValueError(f"{path} is not a binary glTF 2.0 file; reinstall the package")
    (json_length,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + json_length])
    binary = memoryview(data)[20 + json_length + 8 :]
    if not document.get("skins") or not document.get("meshes"):
        raise ValueError(f"{path} contains no skinned mesh; reinstall the package")

    def read_accessor(index: int) -> np.ndarray:
        entry = document["accessors"][index]
        view = document["bufferViews"][entry["bufferView"]]
        dtype, columns = _COMPONENT_DTYPES[entry["componentType"]], _COMPONENT_COUNTS[entry["type"]]
        offset = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
        return np.frombuffer(binary, dtype, entry["count"] * columns, offset).reshape(entry["count"], columns)

    skin = document["skins"][0]
    primitive = document["meshes"][0]["primitives"][0]
    attributes = primitive["attributes"]
    influences, influence_weights = (
        read_accessor(attributes["JOINTS_0"]),
        read_accessor(attributes["WEIGHTS_0"]).astype(np.float64),
    )
    weights = np.zeros((len(influences), len(skin["joints"])))
    np.add.at(weights, (np.arange(len(influences))[:, None], influences), influence_weights)
    # glTF stores matrices column by column.
    joint_from_file = read_accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
    return SkinnedMesh(
        vertices_m=read_accessor(attributes["POSITION"]).astype(np.float64),
        uv=read_accessor(attributes["TEXCOORD_0"]).astype(np.float64),
        triangles=read_accessor(primitive["indices"]).reshape(-1, 3).astype(np.int32),
        weights=weights / weights.sum(axis=1, keepdims=True),
        joint_names=tuple(document["nodes"][node]["name"] for node in skin["joints"]),
        joint_transforms=np.linalg.inv(joint_from_file),
    )
