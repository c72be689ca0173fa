"""Compiled networks in the cache: they load in a third of the time, without the memory that compiling leaves behind.

OpenVINO has a cache of its own (CACHE_DIR). It reads the network all the same, for twice the time, and uses a file
whose bytes have changed: hands would be tracked wrongly, and nothing told.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path

from fingertip_contact.files import atomic_write
from fingertip_contact.openvino_import import get_core, openvino
from fingertip_contact.processor import describe_processor
from fingertip_contact.resources import get_cache_directory
from fingertip_contact.safe_text import to_one_line

logger = logging.getLogger(__name__)

# The modules that change a network before it is compiled.
_SOURCES = ("network.py", "eight_bit.py")
_DIGEST_BYTES = hashlib.sha256().digest_size


def load_compiled(
    contents: Iterable[Path],
    input_size: int,
    settings: dict[str, object],
    compile_network: Callable[[], openvino.CompiledModel],
) -> openvino.CompiledModel:
    """What `compile_network` gives: from the cache, where it was compiled before of the same files, for the
    same input, with the same settings, by the same version of OpenVINO, on the same processor.

    contents: the files that the network is made of. A damaged file of the cache is replaced; a cache that cannot be
    written is told in the log. Raises what `compile_network` raises.
    """
    path = get_cache_directory() / "hands" / "compiled" / f"{_identify(contents, input_size, settings)}.blob"
    stored = _read(path)
    if stored is not None:
        try:
            return get_core().import_model(stored, "CPU", settings)
        except RuntimeError as error:
            logger.warning("%s is compiled again: %s", path, to_one_line(str(error)))
    compiled = compile_network()
    _write(path, compiled)
    return compiled


def _identify(contents: Iterable[Path], input_size: int, settings: dict[str, object]) -> str:
    """A digest of all that a compiled network depends on."""
    digest = hashlib.sha256(
        repr((openvino.__version__, describe_processor(), input_size, sorted(settings.items()))).encode()
    )
    parts = [path.read_bytes() for path in contents]
    parts += [(files("fingertip_contact.hands") / name).read_bytes() for name in _SOURCES]
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:32]


def _read(path: Path) -> bytes | None:
    """None where there is none, or it is damaged: OpenVINO would not notice."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(stored[_DIGEST_BYTES:]).digest() == stored[:_DIGEST_BYTES]:
        return stored[_DIGEST_BYTES:]
    logger.warning("%s is damaged, and compiled again", path)
    return None


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
