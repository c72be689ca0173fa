"""A file with the pose of the sheet, for cameras and sheets that do not move.

YAML: `layout`, and `camera_from_sheet` with `rotation` (3 x 3) and `translation_m`: p_camera = rotation @ p_sheet +
translation, the camera's optical frame. It is valid for one camera in one place, at any resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.layout_file import read_mapping
from fingertip_contact.safe_text import describe

_MAX_DISTANCE_M = 3.0
_REMEDY = "`fingertip-contact keyboard pose` makes such a file"


def save_pose(path: Path, layout: Layout, camera_from_sheet: RigidTransform) -> None:
    """Writes the file, rounded to less than a thousandth of a millimetre on the sheet."""
    text = yaml.safe_dump(
        {
            "layout": layout.name,
            "camera_from_sheet": {
                "rotation": np.round(camera_from_sheet.rotation, 9).tolist(),
                "translation_m": np.round(camera_from_sheet.translation_m, 6).tolist(),
            },
        },
        sort_keys=False,
    )
    path.write_text(f"# Pose of the printed sheet in the camera's optical frame, metres.\n{text}", encoding="utf-8")


def load_pose(path: Path, layout: Layout) -> RigidTransform:
    """camera_from_sheet. Raises ValueError that names file, field and remedy if the file is not a pose of this layout
    seen from above, OSError if it cannot be read."""
    data = read_mapping(path)
    if data.get("layout") != layout.name:
        raise ValueError(f"{path}: layout is {describe(data.get('layout'))}, but {layout.name!r} is in use; {_REMEDY}")
    entry = data.get("camera_from_sheet")
    if not isinstance(entry, Mapping):
        raise ValueError(
            f"{path}: camera_from_sheet is {describe(entry)}; it has to hold rotation and translation_m. {_REMEDY}"
        )
    rotation = _read_array(path, entry, "rotation", (3, 3))
    translation_m = _read_array(path, entry, "translation_m", (3,))
    # Larger entries would overflow in the product.
    is_bounded = bool(np.all(np.abs(rotation) <= 2))
    is_orthogonal = is_bounded and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4)
    if not is_orthogonal or np.linalg.det(rotation) < 0:
        raise ValueError(f"{path}: the rows of rotation have to be of length 1, at right angles. {_REMEDY}")
    is_near = (
        bool(np.all(np.abs(translation_m) <= _MAX_DISTANCE_M)) and np.linalg.norm(translation_m) <= _MAX_DISTANCE_M
    )
    if not is_near or translation_m[2] <= 0 or rotation[:, 2] @ translation_m >= 0:
        raise ValueError(
            f"{path}: with translation_m {translation_m.tolist()} the sheet does not lie in front of the camera with "
            f"its face up, within {_MAX_DISTANCE_M:g} m. {_REMEDY}"
        )
    return RigidTransform(rotation, translation_m)


def _read_array(path: Path, entry: Mapping, name: str, shape: tuple[int, ...]) -> np.ndarray:
    try:
        values = np.array(entry.get(name), dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != shape or not np.all(np.isfinite(values)):
        expected_shape = " x ".join(map(str, shape))
        raise ValueError(
            f"{path}: {name} is {describe(entry.get(name))}; it has to be {expected_shape} finite numbers. {_REMEDY}"
        )
    return values
