"""Folders that a command writes several files into."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from fingertip_contact.file_locks import hold_folder

_reserved = ExitStack()


def reserve_folder(folder: Path) -> None:
    """Until the command ends: before its long work, since it may be that nothing can be written there, or that another
    process does, and the files of both would be mixed.

    Raises OSError as `hold_folder` does.
    """
    _reserved.enter_context(hold_folder(folder))


def release_folders() -> None:
    """At the end of the command."""
    _reserved.close()
