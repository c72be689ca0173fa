"""The library rerun, whose viewer shows recordings and running nodes in 3-D and over time."""

from __future__ import annotations

from typing import Any

from fingertip_contact.resources import advise_install


def import_rerun() -> Any:
    """The module. Raises ValueError with the remedy where it is missing."""
    try:
        import rerun
    except ModuleNotFoundError as error:
        remedy = f"{advise_install('.[rerun]')}, with Python 3.11 or later"
        raise ValueError(f"the Python module {error.name} is not installed: {remedy}") from None
    return rerun
