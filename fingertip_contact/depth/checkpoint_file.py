"""Reads files of weights without running anything that is in them.

torch's restricted loader reads pickles, which accepts tensors and plain containers only, here also the numbers of
numpy that training programs keep beside the weights; a file that it rejects is rejected here.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

REFETCH_HINT = "fetch the file again"


def load_safetensors(path: Path) -> dict[str, Tensor]:
    """Raises ValueError that names the file and the remedy if it is damaged, or of types that torch does not have."""
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(make_damage_message(path, str(error))) from error
    except (KeyError, AttributeError, TypeError, RuntimeError) as error:
        reason = _shorten(str(error)) or type(error).__name__
        raise ValueError(
            f"depth weights {path} are of a type that this torch ({torch.__version__}) cannot read ({reason}); "
            "take the file in single or half precision"
        ) from error


def load_pickle(path: Path) -> Any:
    """The content of a .pth, .pt or .bin file. Raises ValueError that names the file and the remedy."""
    try:
        with torch.serialization.safe_globals(_NUMPY_NUMBERS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(_make_rejection_message(path, error)) from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, IndexError, TypeError) as error:
        # The loader's error depends on where the damage is. Its first sentence states the finding; the following ones
        # may recommend loading without restriction.
        raise ValueError(
            make_damage_message(path, _shorten(str(error).split(". ")[0]) or type(error).__name__)
        ) from error


def make_damage_message(path: Path, reason: str) -> str:
    return (
        f"depth weights {path} are damaged or not a checkpoint ({reason}), and nothing in them was run; {REFETCH_HINT}"
    )


def _make_rejection_message(path: Path, error: pickle.UnpicklingError) -> str:
    """Why the restricted loader rejected a pickle: an object that is not a tensor, or damage."""
    forbidden = re.search(r"GLOBAL (\S+)", str(error))
    if forbidden is None:
        return make_damage_message(path, "not a pickle of torch")
    return (
        f"depth weights {path} were refused and nothing in them was run: they hold more than tensors "
        f"({forbidden.group(1)}); get them from a source that you trust, as .safetensors"
    )


def _shorten(reason: str, limit: int = 200) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= limit else line[:limit] + "..."


class _NumberType:
    """Stands for numpy.dtype in a pickle; numpy's own would build types that hold pointers."""

    def __init__(self, name: object, *_: object) -> None:
        self._name = name
        self._order = "="

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self._order = state[1]

    def to_numpy(self) -> np.dtype:
        if not isinstance(self._name, str) or not re.fullmatch(r"[biufc]\d{1,2}", self._name):
            raise pickle.UnpicklingError("a number of numpy has a type that is none")
        return np.dtype(self._name).newbyteorder(self._order)  # type: ignore[arg-type]


def _make_number(number_type: object, data: object) -> Any:
    """Stands for numpy's maker of scalars: the number whose bytes these are."""
    # The old protocol of pickles keeps bytes as the text of their Latin-1.
    content = data.encode("latin-1") if isinstance(data, str) else data
    if not isinstance(number_type, _NumberType) or not isinstance(content, bytes):
        raise pickle.UnpicklingError("a number of numpy is none")
    dtype = number_type.to_numpy()
    if len(content) != dtype.itemsize:
        raise pickle.UnpicklingError("a number of numpy has another length than its type")
    return np.frombuffer(content, dtype)[0].item()


# numpy 1 and 2 write different names.
_NUMPY_NUMBERS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_make_number, "numpy.core.multiarray.scalar"),
    (_make_number, "numpy._core.multiarray.scalar"),
    (_NumberType, "numpy.dtype"),
]
