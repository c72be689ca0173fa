"""Intrinsics of a camera as a file: the YAML of ROS's camera_calibration_parsers, which camera drivers read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
import yaml

from fingertip_contact.geometry import Camera
from fingertip_contact.images import parse_camera_info
from fingertip_contact.safe_text import describe
from fingertip_contact.settings import read_yaml_mapping

_EXAMPLE = "image_width: 640"
_REMEDY = "`fingertip-contact keyboard calibrate-camera` makes such a file"


def parse_camera_info_url(url: str) -> Path:
    """The path of `file:///home/me/camera.yaml` or of a plain path. Raises ValueError for another kind of URL."""
    parsed = urlparse(url)
    if parsed.scheme == "file" and parsed.netloc in ("", "localhost"):
        return Path(unquote(parsed.path))
    if "://" in url:
        raise ValueError(f"camera_info_url is {url!r}; it has to be a path, or file:// and an absolute path")
    return Path(url)


def save_camera_info(path: Path, camera: Camera, name: str, comment: str = "") -> None:
    """Writes the file. name: of the camera. comment: lines for people, without the #."""
    coefficients = camera.distortion or (0.0,) * 5
    projection = np.column_stack([camera.matrix, np.zeros(3)])
    data = {
        "image_width": camera.width,
        "image_height": camera.height,
        "camera_name": name,
        "camera_matrix": _describe_matrix(camera.matrix),
        "distortion_model": "plumb_bob" if len(coefficients) <= 5 else "rational_polynomial",
        "distortion_coefficients": _describe_matrix(np.atleast_2d(coefficients)),
        "rectification_matrix": _describe_matrix(np.eye(3)),
        "projection_matrix": _describe_matrix(projection),
    }
    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    path.write_text(lines + yaml.safe_dump(data, sort_keys=False, default_flow_style=None), encoding="utf-8")


def load_camera_info(path: Path) -> Camera:
    """The camera of a file. Raises ValueError that names file, field and remedy, OSError if it cannot be read."""
    values = read_yaml_mapping(path, _EXAMPLE)
    has_distortion = "distortion_coefficients" in values
    info = SimpleNamespace(
        k=_read_matrix(path, values, "camera_matrix", 9),
        d=_read_matrix(path, values, "distortion_coefficients") if has_distortion else (),
        distortion_model=values.get("distortion_model", ""),
        width=_read_size(path, values, "image_width"),
        height=_read_size(path, values, "image_height"),
    )
    try:
        return parse_camera_info(info)
    except ValueError as error:
        raise ValueError(f"{path}: {error}. {_REMEDY}") from error


def _describe_matrix(matrix: np.ndarray) -> dict[str, Any]:
    rows, columns = matrix.shape
    return {"rows": rows, "cols": columns, "data": [round(float(value), 9) for value in matrix.ravel()]}


def _read_matrix(path: Path, values: Mapping[str, Any], name: str, count: int | None = None) -> np.ndarray:
    entry = values.get(name)
    try:
        matrix = np.array(entry["data"], dtype=np.float64).ravel()  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        matrix = np.empty(0)
    if not len(matrix) or len(matrix) != (count or len(matrix)):
        raise ValueError(
            f"{path}: {name} is {describe(entry)}; it has to be a mapping with `data`, {count or 'some'} numbers. "
            f"{_REMEDY}"
        )
    return matrix


def _read_size(path: Path, values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{path}: {name} is {describe(value)}; it has to be a whole number of pixels. {_REMEDY}")
    return value
