"""Folders that a command writes several files into."""

from __future__ import annotations

from pathlib import Path

import click

from fingertip_contact.file_locks import hold_folder


def reserve_folder(folder: Path) -> None:
    """Until the command ends: before its long work, since it may be that nothing can be written there, or that another
    process does, and the files of both would be mixed.

    Raises OSError as `hold_folder` does.
    """
    click.get_current_context().with_resource(hold_folder(folder))
