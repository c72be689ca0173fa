"""Networks converted for a runtime: folders with the graph, its description, and the expected output of a self-test.

The name of a folder in the cache holds the sha256 of the weights and every setting that the graph depends on. A folder
appears complete or not at all. Using one needs neither torch nor the weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from fingertip_contact.depth.configuration import NetworkSpec, check_input_size, require_positive_m
from fingertip_contact.files import fill_cache
from fingertip_contact.json_file import read_object
from fingertip_contact.resources import get_cache_directory
from fingertip_contact.safe_text import describe

GRAPH_FILES = {"openvino": "network.xml", "onnx": "network.onnx"}
PRECISIONS = ("fp32", "int8")
DESCRIPTION_FILE = "conversion.json"
PARITY_FILE = "parity.npz"


@dataclass(frozen=True)
class Conversion:
    """The description of a converted network. format: openvino or onnx; precision: fp32 or int8.

    weights_sha256: of the weights file. made_with: versions of the libraries that converted it.
    """

    folder: Path
    format: str
    precision: str
    height: int
    width: int
    max_depth_m: float
    weights_sha256: str
    made_with: dict[str, str]

    @property
    def graph(self) -> Path:
        return self.folder / GRAPH_FILES[self.format]

    @property
    def parity(self) -> Path:
        """An image and torch's depth for it (parity.py)."""
        return self.folder / PARITY_FILE

    def write(self) -> None:
        """Writes the description to the folder."""
        fields = {name: value for name, value in asdict(self).items() if name != "folder"}
        (self.folder / DESCRIPTION_FILE).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> Conversion:
    """The conversion in a folder. Raises ValueError, with the remedy, if it is incomplete."""
    remedy = "delete the folder and export it again: fingertip-contact export"
    try:
        fields = read_object(folder / DESCRIPTION_FILE)
        conversion = Conversion(folder=folder, **fields)
        check_input_size(conversion.height, conversion.width)
        require_positive_m(conversion.max_depth_m, "max_depth_m")
        is_known = conversion.format in GRAPH_FILES and conversion.precision in PRECISIONS
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{folder} holds no converted depth network ({error}); {remedy}") from error
    if not is_known:
        raise ValueError(
            f"{folder} holds {describe(f'{conversion.format} {conversion.precision}')}, which is unknown; {remedy}"
        )
    missing = [path.name for path in (conversion.graph, conversion.parity) if not path.is_file()]
    if missing:
        raise ValueError(f"{folder} lacks {' and '.join(missing)}; {remedy}")
    return conversion


def get_cache_folder(spec: NetworkSpec, format_: str, precision: str) -> Path:
    """The folder of a network's conversion in the cache; it need not exist. Raises ValueError without the weights."""
    name = f"{spec.sha256}-{spec.height}x{spec.width}-{spec.max_depth_m:g}m-{format_}-{precision}"
    return get_cache_directory() / "depth" / name


def fill(folder: Path, write_files: Callable[[Path], object]) -> None:
    """Creates a folder with the files of `write_files`: complete or not at all; of several processes one does."""

    def write(partial_folder: Path) -> None:
        partial_folder.mkdir()
        write_files(partial_folder)

    fill_cache(folder, write)


def is_conversion(folder: Path) -> bool:
    """Whether a folder is one that this package wrote."""
    try:
        read(folder)
    except ValueError:
        return False
    return True
