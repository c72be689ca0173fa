"""Networks made ready for a runtime: folders that hold the graph, what it is, and the answer it has to give.

Each lies in the cache under the sha256 of its weights and all that it depends on, and appears complete or not at all.
Using one needs neither torch nor the weights.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from fingertip_contact.depth.configuration import NetworkSpec, check_input_size, checked
from fingertip_contact.resources import cache_directory

GRAPHS = {"openvino": "network.xml", "onnx": "network.onnx"}
PRECISIONS = ("fp32", "int8")
DESCRIPTION = "conversion.json"
PARITY = "parity.npz"


@dataclass(frozen=True)
class Conversion:
    """What a folder holds. format: openvino or onnx; precision: fp32 or int8.

    weights_sha256: of the file that it was made from. made_with: versions of the libraries that made it.
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
        return self.folder / GRAPHS[self.format]

    @property
    def parity(self) -> Path:
        """A picture and torch's depth for it (parity.py)."""
        return self.folder / PARITY

    def write(self) -> None:
        """Puts the description into the folder."""
        fields = {name: value for name, value in asdict(self).items() if name != "folder"}
        (self.folder / DESCRIPTION).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> Conversion:
    """What lies in a folder. Raises ValueError, with the remedy, where it is no whole conversion."""
    remedy = "delete the folder and make it again: fingertip-contact export"
    try:
        fields = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        conversion = Conversion(folder=folder, **fields)
        check_input_size(conversion.height, conversion.width)
        checked(conversion.max_depth_m, "max_depth_m")
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{folder} holds no converted depth network ({error}); {remedy}") from error
    if conversion.format not in GRAPHS or conversion.precision not in PRECISIONS:
        raise ValueError(f"{folder} says {conversion.format} {conversion.precision}, which is unknown here; {remedy}")
    lacking = [path.name for path in (conversion.graph, conversion.parity) if not path.is_file()]
    if lacking:
        raise ValueError(f"{folder} lacks {' and '.join(lacking)}; {remedy}")
    return conversion


def cached_folder(spec: NetworkSpec, format_: str, precision: str) -> Path:
    """Where the conversion of a network lies in the cache, or would lie. Raises ValueError without the weights."""
    name = f"{spec.sha256}-{spec.height}x{spec.width}-{spec.max_depth_m:g}m-{format_}-{precision}"
    return cache_directory() / "depth" / name


def fill(folder: Path, make: Callable[[Path], object]) -> None:
    """Has `make` fill a folder that then appears under its name, whole; whoever is first wins."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".", suffix=".partial", dir=folder.parent))
    try:
        make(aside)
        try:
            os.rename(aside, folder)
        except OSError:
            if not (folder / DESCRIPTION).is_file():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
