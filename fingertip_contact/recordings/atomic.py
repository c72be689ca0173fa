"""Files and folders that appear under their name when they are whole, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Gives a path in a hidden folder beside `path`; what is written there moves to `path` at the end.

    On any exception, Ctrl-C included, nothing is left and what was under `path` stays. Raises FileExistsError where
    `path` exists and `overwrite` is not given, before anything is written.
    """
    path = Path(path)
    if not overwrite:
        require_free(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    try:
        yield aside / path.name
        if path.is_dir():
            # A folder cannot be replaced in one step as a file can.
            path.rename(aside / "replaced")
        (aside / path.name).replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def require_free(path: Path) -> None:
    """Raises FileExistsError, with the remedy, where `path` exists."""
    if path.exists():
        raise FileExistsError(f"{path} exists already; choose another name, or allow overwriting (--force)")
