"""The library rerun, whose viewer shows recordings and running nodes in 3-D and over time."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from fingertip_contact.resources import advise_install

MODULE = "rerun"
LOCALHOST = "127.0.0.1"
# Where a viewer listens that was started without arguments.
DEFAULT_URL = f"rerun+http://{LOCALHOST}:9876/proxy"


def import_rerun() -> Any:
    """The module. Raises ValueError with the remedy where it is missing."""
    try:
        import rerun
    except ModuleNotFoundError as error:
        raise ValueError(_describe_missing(error.name or MODULE)) from None
    return rerun


def require_rerun() -> None:
    """As import_rerun, without the second that importing takes."""
    if find_spec(MODULE) is None:
        raise ValueError(_describe_missing(MODULE))


def _describe_missing(module: str) -> str:
    return f"the Python module {module} is not installed: {advise_install('.[rerun]')}, with Python 3.11 or later"
