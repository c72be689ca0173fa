"""Files and folders that appear complete or not at all."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fingertip_contact.safe_text import describe

_SUFFIX = ".partial"
# No separators, nothing that is hidden or looks like an option, and short enough for every file system.
_ENTRY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
# A folder is locked just after it was made.
_MIN_LEFTOVER_AGE_S = 10.0


@contextmanager
def atomic_write(
    path: Path,
    *,
    overwrite: bool = False,
    replaceable: Callable[[Path], bool] = Path.is_file,
    is_one_of_many: bool = False,
) -> Iterator[Path]:
    """Gives a path in a hidden folder beside `path`; the file or folder written there moves to `path` at the end.

    On any exception, Ctrl-C included, nothing is left and the old content of `path` stays; what a killed process left
    is removed by the next one that writes `path`. replaceable: what `overwrite` may replace, by default a file and
    never a folder. is_one_of_many: in a folder with a file per frame, looking for leftovers would cost more with each
    frame; it is left out.

    Raises FileExistsError if `path` exists and may not be replaced: before anything is written, or at the end if
    another process created it meanwhile; and if another process is about to replace it. Raises OSError that names
    `path` if it cannot be written or the disk is full.
    """
    path = Path(path)
    if not overwrite:
        require_not_exists(path)
    elif path.exists() and not replaceable(path):
        file_type = "a folder" if path.is_dir() else "something else"
        raise FileExistsError(f"{path} is {file_type}, which overwriting would destroy; choose another name")
    is_written = not is_one_of_many and _remove_leftovers(path)
    if overwrite and is_written:
        raise FileExistsError(f"another process is writing {path}; wait until it ends, or choose another name")
    # Named before it is made: an interrupt in between must not leave it.
    temporary_folder = path.parent / f".{path.name}.{secrets.token_hex(4)}{_SUFFIX}"
    try:
        _make_folder(temporary_folder, path)
        with _open_folder(temporary_folder) as descriptor:
            _lock(descriptor)
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


def require_entry_name(name: str, subject: str) -> str:
    """The name, where it is that of one entry of a folder. Every text of a file, a message or a list goes through it
    before it becomes a part of a path to write to: none leads out of the folder that an option has chosen.

    Raises ValueError that begins with `subject`.
    """
    if not _ENTRY_NAME.fullmatch(name):
        raise ValueError(
            f"{subject} is {describe(name)}, which cannot name a file or folder; "
            "it has to consist of letters, digits, _, - and dots, and begin with a letter or digit"
        )
    return name


def require_inside(path: Path, folder: Path) -> None:
    """Raises ValueError if links on the way to `path` lead out of `folder`: a folder of somebody else's may hold links
    to any place."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} is a link that leads out of {folder}; nothing is written there: remove the link")


def _make_folder(folder: Path, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror} ({path.parent}); choose another place") from error


def _remove_leftovers(path: Path) -> bool:
    """Removes what killed processes left of the same output. Whether a process that runs is writing it too."""
    is_written = False
    for folder in path.parent.glob(f".{glob.escape(path.name)}.*{_SUFFIX}"):
        with suppress(OSError), _open_folder(folder) as descriptor:
            if not _lock(descriptor):
                is_written = True
            elif time.time() - folder.stat().st_mtime > _MIN_LEFTOVER_AGE_S:
                shutil.rmtree(folder, ignore_errors=True)
    return is_written


@contextmanager
def _open_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """The system gives the lock back when the process ends, however it does. Some file systems have no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


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
