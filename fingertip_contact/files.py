"""Files and folders that appear complete or not at all."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(
    path: Path, *, overwrite: bool = False, replaceable: Callable[[Path], bool] = Path.is_file
) -> Iterator[Path]:
    """Gives a path in a hidden folder beside `path`; the file or folder written there moves to `path` at the end.

    On any exception, Ctrl-C included, nothing is left and the old content of `path` stays. replaceable: what
    `overwrite` may replace, by default a file and never a folder. Raises FileExistsError if `path` exists and may not
    be replaced: before anything is written, or at the end if another process created it meanwhile. Raises OSError that
    names `path` if it cannot be written or the disk is full.
    """
    path = Path(path)
    if not overwrite:
        require_not_exists(path)
    elif path.exists() and not replaceable(path):
        file_type = "a folder" if path.is_dir() else "something else"
        raise FileExistsError(f"{path} is {file_type}, which overwriting would destroy; choose another name")
    temporary_folder = _temporary_sibling(path)
    try:
        yield temporary_folder / path.name
        _move(temporary_folder / path.name, path, overwrite)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OSError(f"no space is left to write {path}; free some, or choose another disk") from error
        raise
    finally:
        shutil.rmtree(temporary_folder, ignore_errors=True)


def require_not_exists(path: Path) -> None:
    """Raises FileExistsError, with the remedy, if `path` exists."""
    if path.exists():
        raise FileExistsError(f"{path} exists already; choose another name, or allow overwriting (--force)")


def require_distinct(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raises ValueError if an output would overwrite an input or another output."""
    used_paths = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in used_paths:
            raise ValueError(f"{path} is named twice, and writing would destroy it; choose another name to write to")
        used_paths.add(path.resolve())


def _temporary_sibling(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror} ({path.parent}); choose another place") from error


def _move(source: Path, path: Path, overwrite: bool) -> None:
    """Renames, which replaces a file in one step; an old folder has to be moved first."""
    backup = source.with_name(f"{path.name}.old")
    if not overwrite:
        require_not_exists(path)
    elif path.is_dir():
        path.rename(backup)
    try:
        source.replace(path)
    except OSError:
        if backup.exists():
            backup.rename(path)
        raise
