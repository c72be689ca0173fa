"""Finds the package's shared files (layouts, profiles, model list, launch files) in every kind of installation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from platformdirs import user_cache_path

PACKAGE = "fingertip_contact"


def find_share_directory() -> Path:
    """The folder with config/, launch/ and models/: the source checkout, an ament prefix, or pip's prefix."""
    checkout = Path(__file__).resolve().parent.parent
    prefixes = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    candidates = [checkout, *(prefix / "share" / PACKAGE for prefix in (*prefixes, Path(sys.prefix)))]
    for candidate in candidates:
        if (candidate / "config").is_dir() and (candidate / "package.xml").is_file():
            return candidate
    raise FileNotFoundError(
        f"the shared files of {PACKAGE} are in none of {', '.join(map(str, candidates))}; "
        "install the package with pip or colcon, or source the workspace that holds it"
    )


def find_share_file(relative: str) -> Path:
    """A shared file, e.g. `config/layouts/qwerty.yaml`. Raises FileNotFoundError if it is missing."""
    path = find_share_directory() / relative
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; reinstall {PACKAGE}")
    return path


def advise_install(requirement: str = ".") -> str:
    """The command that installs this package with an extra (`.[depth]`), or the laboratory (`research[plots]`).

    Both are on no index, where anybody could take their names: they are installed from the checkout.
    """
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file():
        target = f"{checkout}{requirement[1:]}" if requirement.startswith(".") else f"{checkout}/{requirement}"
        return f"pip install '{target}'"
    target = requirement if requirement.startswith(".") else f"./{requirement}"
    return f"in a clone of {PACKAGE}: pip install '{target}'"


def get_cache_directory() -> Path:
    """The folder of files that can be created or fetched again: on Linux $XDG_CACHE_HOME/fingertip_contact, by default
    ~/.cache/fingertip_contact."""
    return user_cache_path(PACKAGE)
