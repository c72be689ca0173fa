"""Files that come with the package: noise model, splits, training recipes."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(__file__).resolve().parent / "config"


def find_config_file(relative: str) -> Path:
    """A file of config/, e.g. `training/d405.yaml`. Raises FileNotFoundError where it is missing."""
    path = CONFIG / relative
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; the installation of fingertip_research is not complete")
    return path
