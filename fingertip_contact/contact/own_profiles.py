"""The profiles that a user has saved, by name: `setup` writes them, and everything that takes a profile finds them."""

from __future__ import annotations

from pathlib import Path

from fingertip_contact.files import require_entry_name
from fingertip_contact.resources import get_config_directory

FOLDER = "profiles"


def find_profile_path(name: str) -> Path:
    """Of a profile that a user saved under this name. Raises ValueError for a name that cannot be that of a file."""
    return get_config_directory() / FOLDER / f"{require_entry_name(name, 'the name of the profile')}.yaml"


def list_own_profiles() -> tuple[str, ...]:
    """The names of those that were saved, sorted."""
    return tuple(sorted(path.stem for path in (get_config_directory() / FOLDER).glob("[!.]*.yaml")))
