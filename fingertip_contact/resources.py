"""Finds the package's shared files (layouts, profiles, model list, launch files) in every kind of installation."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path, user_config_path

if TYPE_CHECKING:
    from importlib.abc import Traversable

PACKAGE = "fingertip_contact"


def find_share_directory() -> Path:
    """The folder with config/, launch/ and models/: that of the source checkout, else the one inside the installed
    package. ROS has a copy of its own, under share/.

    Raises FileNotFoundError if there is neither.
    """
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "config").is_dir() and (checkout / "package.xml").is_file():
        return checkout
    installed = files(PACKAGE) / "share"
    if not (installed / "package.xml").is_file():
        raise FileNotFoundError(
            f"the shared files of {PACKAGE} are neither in {checkout} nor in {installed}; "
            "install the package with pip or colcon, not by copying its modules"
        )
    return installed if isinstance(installed, Path) else _unpack_share_directory()


@cache
def _unpack_share_directory() -> Path:
    """Of a package inside a zip file, into a folder that lasts as long as the process: OpenVINO and DDS read files."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PACKAGE}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _copy(files(PACKAGE) / "share", folder)
    return folder


def _copy(source: Traversable, target: Path) -> None:
    for entry in source.iterdir():
        if entry.is_dir():
            (target / entry.name).mkdir()
            _copy(entry, target / entry.name)
        else:
            (target / entry.name).write_bytes(entry.read_bytes())


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


def get_config_directory() -> Path:
    """The folder of what a user has chosen and measured: on Linux $XDG_CONFIG_HOME/fingertip_contact, by default
    ~/.config/fingertip_contact."""
    return user_config_path(PACKAGE)
