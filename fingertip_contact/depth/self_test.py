"""Loads the runtime of a converted network, and holds it against the depth stored with the network.

As a program it does the same for `trial.py`, in a process that a broken runtime may end:
`python -m fingertip_contact.depth.self_test MODULE:CLASS FOLDER PRECISION THREADS`. It exits with 0 if the runtime may
be used; otherwise the last line of standard error is the reason.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.depth import conversions, parity
from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.depth.preprocessing import Preprocessor
from fingertip_contact.depth.runtimes import Runtime, RuntimeRejectedError

# Called with a conversion, a precision and threads, it makes a Runtime.
RuntimeClass = type[Any]


def load_and_test(
    runtime_class: RuntimeClass, conversion: Conversion, precision: str, threads: int
) -> tuple[Runtime, float]:
    """The runtime, and its mean deviation from torch in metres. Raises RuntimeRejectedError."""
    try:
        image, expected_m = parity.read(conversion.parity)
    except ValueError as error:
        raise RuntimeRejectedError(str(error)) from error
    chosen: Runtime = runtime_class(conversion, precision, threads)
    return chosen, hold_against_stored_depth(chosen, image, expected_m, conversion.max_depth_m)


def hold_against_stored_depth(
    runtime: Runtime, image_bgr: np.ndarray, expected_m: np.ndarray, max_depth_m: float
) -> float:
    """The mean deviation in metres. Raises RuntimeRejectedError if it exceeds the tolerance of the precision."""
    try:
        depth_m = runtime.infer(Preprocessor(*expected_m.shape)(image_bgr))[0, 0]
        deviation_m = parity.mean_deviation_m(depth_m, expected_m)
    except Exception as error:  # Any failure is a failed check.
        raise RuntimeRejectedError(f"the self-test failed: {error}") from error
    if not parity.is_within_tolerance(deviation_m, runtime.precision, max_depth_m):
        limit_m = parity.TOLERANCES[runtime.precision] * max_depth_m
        raise RuntimeRejectedError(
            f"its depth for the stored image deviates {1e3 * deviation_m:.3g} mm from torch's on average; "
            f"the limit is {1e3 * limit_m:.3g} mm"
        )
    return deviation_m


def main(reference: str, folder: str, precision: str, threads: str) -> int:
    """The exit status."""
    module, _, name = reference.partition(":")
    try:
        runtime_class: RuntimeClass = getattr(importlib.import_module(module), name)
        load_and_test(runtime_class, conversions.read(Path(folder)), precision, int(threads))
    except RuntimeRejectedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
