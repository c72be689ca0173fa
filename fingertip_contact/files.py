"""Files and folders that appear complete or not at all."""

from __future__ import annotations

import errno
import logging
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fingertip_contact.file_locks import (
    SUFFIX,
    BeingWrittenError,
    Lock,
    is_open_as,
    lock,
    make_hidden_path,
    open_folder,
    remove_leftover,
    remove_leftovers,
    wait_for_lock,
)
from fingertip_contact.safe_text import describe

# No separators, nothing that is hidden or looks like an option, and short enough for every file system.
_ENTRY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# Libraries write in blocks: after a write that failed, not even one of this size has room.
_PROBE_BYTES = 4096

logger = logging.getLogger(__name__)


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
    is removed by the next one that writes `path`. Of two processes that write one path, the second is refused at its
    start. replaceable: what `overwrite` may replace, by default a file and never a folder. is_one_of_many: for a folder
    with a file per frame, which has one writer as a whole; only complete files, without the rest.

    Raises FileExistsError if `path` exists and may not be replaced: before anything is written, or at the end if
    another program created it meanwhile; BeingWrittenError if another process is writing it. Raises OSError that names
    `path` if it cannot be written or the disk is full, also where a library has not noticed.
    """
    path = Path(path)
    if not overwrite:
        require_not_exists(path)
    elif path.exists() and not replaceable(path):
        file_type = "a folder" if path.is_dir() else "something else"
        raise FileExistsError(f"{path} is {file_type}, which overwriting would destroy; choose another name")
    with ExitStack() as stack:
        temporary_folder = stack.enter_context(_make_folder(path) if is_one_of_many else _claim_folder(path))
        try:
            yield temporary_folder / path.name
            if not is_one_of_many:
                require_space(temporary_folder)
            _move(temporary_folder / path.name, path, overwrite)
        except Exception as error:
            if message := _describe_full_disk(error, temporary_folder, path):
                raise OSError(message) from error
            raise


@contextmanager
def library_writes(path: Path) -> Iterator[None]:
    """Of libraries with errors of their own for a write that failed, which often name neither file nor reason.

    Raises OSError that names `path`.
    """
    try:
        yield
    except (OSError, ValueError):
        raise
    except Exception as error:
        raise OSError(f"{path} cannot be written ({error}); free some space, or choose another disk") from error


def fill_cache(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` make a file or folder of a cache, unless it is there. Raises OSError as `atomic_write` does."""

    def write_whole() -> None:
        with atomic_write(path) as temporary_path:
            write(temporary_path)

    write_once(path, path.exists, write_whole)


def write_once(path: Path, is_there: Callable[[], bool], write: Callable[[], object]) -> None:
    """Calls `write`, which writes `path` by `atomic_write`, unless all is there. Of several processes one does it, and
    the others wait for it: they would write the same."""
    while not is_there():
        try:
            write()
            return
        except BeingWrittenError as error:
            wait_for_writer(path, error)
        except FileExistsError:
            if not is_there():
                raise


def wait_for_writer(path: Path, refusal: BeingWrittenError) -> None:
    """Until the other process has ended that `refusal` is about. Raises it where locks do not tell when."""
    logger.warning("waits for another process that writes %s", path)
    with suppress(FileNotFoundError), open_folder(_locate_claim(path)) as descriptor:
        if not wait_for_lock(descriptor):
            raise refusal


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


@contextmanager
def _make_folder(path: Path) -> Iterator[Path]:
    """A new hidden folder beside `path`, removed at the end."""
    # Named before it is made: an interrupt in between must not leave it.
    folder = make_hidden_path(path.parent, path.name)
    try:
        with _name_in_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _claim_folder(path: Path) -> Iterator[Path]:
    """The one hidden folder for `path`, which only one process can have: made and locked elsewhere, then renamed."""
    remove_leftovers(path.parent, path.name)
    claim = _locate_claim(path)
    with _make_folder(path) as folder, open_folder(folder) as descriptor:
        lock(descriptor)
        with _name_in_errors(path):
            # A folder is not renamed to one that has an entry.
            (folder / f"{path.name}.claim").touch()
        try:
            while not _rename(folder, claim):
                _remove_stale_claim(claim, path)
            yield claim
        finally:
            if is_open_as(claim, descriptor):
                shutil.rmtree(claim, ignore_errors=True)


def _locate_claim(path: Path) -> Path:
    return path.parent / f".{path.name}.claim{SUFFIX}"


def _rename(folder: Path, claim: Path) -> bool:
    try:
        folder.rename(claim)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _remove_stale_claim(claim: Path, path: Path) -> None:
    """Raises BeingWrittenError where its process runs, or nobody can know."""
    with suppress(FileNotFoundError), open_folder(claim) as descriptor:
        owner = lock(descriptor)
        if owner is Lock.OTHERS:
            raise BeingWrittenError(f"another process is writing {path}; wait until it ends, or choose another name")
        if owner is Lock.UNKNOWN:
            raise BeingWrittenError(
                f"another process is writing {path}, or was killed; wait until it ends, or remove {claim} if none runs"
            )
        if is_open_as(claim, descriptor):
            remove_leftover(claim)


@contextmanager
def _name_in_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror} ({path.parent}); choose another place") from error


def require_space(folder: Path) -> None:
    """Raises OSError where nothing more can be written: OpenVINO, OpenCV and others do not tell of a failed write."""
    probe = folder / "probe"
    probe.write_bytes(bytes(_PROBE_BYTES))
    probe.unlink()


def _describe_full_disk(error: Exception, folder: Path, path: Path) -> str:
    """Empty where the disk is not full. torch, safetensors and OpenVINO have errors of their own for it."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EFBIG:
        return f"{path} becomes larger than its file system, or `ulimit -f`, allows; choose another disk"
    if number is None and not isinstance(error, ValueError | OSError):
        try:
            require_space(folder)
        except OSError as probed:
            number = probed.errno
    if number in _NO_SPACE:
        return f"no space is left to write {path}; free some, or choose another disk"
    return ""


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
