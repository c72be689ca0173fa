"""The profile that the guide saves: a contact profile in the user's own folder, with how to start as its comment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import yaml

from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.files import atomic_write
from fingertip_contact.resources import find_share_directory
from fingertip_contact.safe_text import to_printable


def save_profile(
    path: Path, name: str, parameters: ContactParameters, comments: Sequence[str], overwrite: bool = False
) -> None:
    """Writes the parameters as a profile file; the comments stand before them, a line each.

    Raises FileExistsError where it exists and may not be replaced, OSError where it cannot be written.
    """
    lines = "".join(f"# {to_printable(line)}\n" for line in comments)
    values = yaml.safe_dump({name: _list_changes(parameters)}, sort_keys=False)
    with atomic_write(path, overwrite=overwrite) as temporary_path:
        temporary_path.write_text(lines + values, encoding="utf-8")
        load_profile(temporary_path)


def _list_changes(parameters: ContactParameters) -> dict[str, object]:
    """The fields that differ from their defaults. The model of the package is the one that is used where none is named:
    its path may change with the next version."""
    default = ContactParameters()
    values = {entry.name: getattr(parameters, entry.name) for entry in fields(parameters)}
    model = values["model"]
    if model and Path(model).resolve().is_relative_to(find_share_directory().resolve()):
        del values["model"]
    return {name: value for name, value in values.items() if value != getattr(default, name)}
