"""Compiled networks in the cache: they load in a third of the time, without the memory that compiling leaves behind.

OpenVINO has a cache of its own (CACHE_DIR). It reads the network all the same, for twice the time, and uses a file
whose bytes have changed: hands would be tracked wrongly, and nothing told.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fingertip_contact.files import atomic_write
from fingertip_contact.openvino_import import get_core, openvino
from fingertip_contact.processor import describe_processor
from fingertip_contact.resources import get_cache_directory
from fingertip_contact.safe_text import to_one_line

if TYPE_CHECKING:
    from importlib.abc import Traversable

logger = logging.getLogger(__name__)

_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class CompiledNetwork:
    """A network for the CPU. Keep it as long as its requests: OpenVINO computes with weights in `content` (N,) uint8,
    the bytes of the file that it was loaded from, and does not keep them. None: it was compiled just now."""

    model: openvino.CompiledModel
    content: np.ndarray | None = None


def load_compiled(
    contents: Iterable[Traversable],
    input_size: int,
    settings: dict[str, object],
    compile_network: Callable[[], openvino.CompiledModel],
) -> CompiledNetwork:
    """What `compile_network` gives: from the cache, where it was compiled before of the same files, for the same input,
    with the same settings, by the same version of OpenVINO, on the same processor.

    contents: all files that the network depends on, also the modules that change it before it is compiled. A damaged
    file of the cache is replaced; a cache that cannot be written is told in the log. Raises what `compile_network`
    raises.
    """
    path = get_cache_directory() / "compiled_networks" / f"{_identify(contents, input_size, settings)}.blob"
    stored = _load(path, settings)
    if stored is not None:
        return stored
    compiled = compile_network()
    _write(path, compiled)
    return CompiledNetwork(compiled)


def _identify(contents: Iterable[Traversable], input_size: int, settings: dict[str, object]) -> str:
    """A digest of all that a compiled network depends on."""
    digest = hashlib.sha256(
        repr((openvino.__version__, describe_processor(), input_size, sorted(settings.items()))).encode()
    )
    for path in contents:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _load(path: Path, settings: dict[str, object]) -> CompiledNetwork | None:
    """None where there is none, or it is damaged: OpenVINO would not notice."""
    try:
        stored = np.fromfile(path, np.uint8)
    except OSError:
        return None
    content = stored[_DIGEST_BYTES:]
    if hashlib.sha256(content.data).digest() != stored[:_DIGEST_BYTES].tobytes():
        logger.warning("%s is damaged, and compiled again", path)
        return None
    try:
        model = get_core().import_model(openvino.Tensor(content, shared_memory=True), "CPU", settings)
    except RuntimeError as error:
        logger.warning("%s is compiled again: %s", path, to_one_line(str(error)))
        return None
    return CompiledNetwork(model, content)


def _write(path: Path, compiled: openvino.CompiledModel) -> None:
    stream = io.BytesIO()
    compiled.export_model(stream)
    content = stream.getvalue()
    try:
        with atomic_write(path, overwrite=True) as temporary_path:
            temporary_path.write_bytes(hashlib.sha256(content).digest() + content)
    except FileExistsError:  # Another process writes the same.
        return
    except OSError as error:
        logger.info("the compiled network is not kept: %s", error)
