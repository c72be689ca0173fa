"""Folders that belong to one process while it runs: the system gives a lock back however the process ends, so what a
killed one left is known, and removed."""

from __future__ import annotations

import errno
import fcntl
import glob
import logging
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from fingertip_contact.resources import PACKAGE

SUFFIX = ".partial"
# A folder is locked just after it was made.
_MIN_LEFTOVER_AGE_S = 10.0

logger = logging.getLogger(__name__)


class BeingWrittenError(FileExistsError):
    """Another process is writing the same."""


class Lock(Enum):
    """Whose a folder is. UNKNOWN: some file systems, as NFS, cannot lock folders."""

    OURS, OTHERS, UNKNOWN = range(3)


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """A descriptor to lock. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> Lock:
    """Until the descriptor is closed, where nobody else has the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return Lock.OTHERS if error.errno == errno.EWOULDBLOCK else Lock.UNKNOWN
    return Lock.OURS


def wait_for_lock(descriptor: int) -> bool:
    """Until nobody else has it; False where the file system has no locks. Ctrl-C interrupts it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """For a command that writes several files into a folder: makes it, and keeps other processes of ours out.

    Raises BeingWrittenError if one is in it, OSError if it cannot be made.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Also tells of a disk that is full or read-only; permissions would not.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"cannot write into {folder}: {error.strerror}; choose another folder") from error
    with open_folder(folder) as descriptor:
        if lock(descriptor) is Lock.OTHERS:
            raise BeingWrittenError(f"another process is writing into {folder}; wait until it ends, or choose another")
        try:
            yield
        finally:
            # Of a command that has failed before its first file.
            with suppress(OSError):
                if is_new:
                    folder.rmdir()


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder that is removed at the end. By default in the system's folder for temporary files; what killed processes
    left there is removed first, which may be a whole unpacked recording."""
    parent = parent or Path(tempfile.gettempdir())
    remove_leftovers(parent, PACKAGE)
    # Named before it is made: an interrupt in between must not leave it.
    folder = make_hidden_path(parent, PACKAGE)
    try:
        folder.mkdir(mode=0o700)
        with open_folder(folder) as descriptor:
            lock(descriptor)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_hidden_path(parent: Path, name: str) -> Path:
    """A name that no other process makes, and `remove_leftovers` finds."""
    return parent / f".{name}.{secrets.token_hex(4)}{SUFFIX}"


def remove_leftovers(parent: Path, name: str) -> None:
    """Removes the hidden folders of killed processes, and says so; those of running processes and of others stay."""
    for folder in parent.glob(f".{glob.escape(name)}.*{SUFFIX}"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.geteuid() or time.time() - status.st_mtime < _MIN_LEFTOVER_AGE_S:
                continue
            with open_folder(folder) as descriptor:
                if lock(descriptor) is Lock.OURS and is_open_as(folder, descriptor):
                    remove_leftover(folder)


def is_open_as(folder: Path, descriptor: int) -> bool:
    """Whether the name is still that of the folder that was opened: another process may have replaced it meanwhile."""
    try:
        return os.path.samestat(folder.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def remove_leftover(folder: Path) -> None:
    """Whose lock is ours now."""
    shutil.rmtree(folder)
    logger.warning("removed what a process that was killed had left: %s", folder)
