"""Files and folders that appear under their name when they are whole, or not at all."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(
    path: Path, *, overwrite: bool = False, replaceable: Callable[[Path], bool] = Path.is_file
) -> Iterator[Path]:
    """Gives a path in a hidden folder beside `path`; what is written there moves to `path` at the end.

    On any exception, Ctrl-C included, nothing is left and what was under `path` stays. replaceable: what `overwrite`
    may replace, by default a file and never a folder. Raises FileExistsError where `path` exists and may not be
    replaced, before anything is written; OSError that names `path` where there is no place to write, or none left.
    """
    path = Path(path)
    if not overwrite:
        require_free(path)
    elif path.exists() and not replaceable(path):
        kind = "a folder" if path.is_dir() else "something else"
        raise FileExistsError(f"{path} is {kind}, which overwriting would destroy; choose another name")
    aside = _folder_beside(path)
    try:
        yield aside / path.name
        _move(aside / path.name, path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OSError(f"no space is left to write {path}; free some, or choose another disk") from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def require_free(path: Path) -> None:
    """Raises FileExistsError, with the remedy, where `path` exists."""
    if path.exists():
        raise FileExistsError(f"{path} exists already; choose another name, or allow overwriting (--force)")


def require_apart(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raises ValueError where an output would overwrite an input, or one output another."""
    taken = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in taken:
            raise ValueError(f"{path} is named twice, and writing would destroy it; choose another name to write to")
        taken.add(path.resolve())


def _folder_beside(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror} ({path.parent}); choose another place") from error


def _move(whole: Path, path: Path) -> None:
    """Renames, which replaces a file in one step; an old folder has to go out of the way first."""
    old = whole.with_name(f"{path.name}.old")
    if path.is_dir():
        path.rename(old)
    try:
        whole.replace(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
