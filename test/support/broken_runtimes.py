"""Stand-ins for a runtime of the depth network, each broken in its own way; every start of one is counted.

They are found by name in the child process of a trial, so they are classes of a module.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from fingertip_contact.depth import parity
from fingertip_contact.depth.conversions import Conversion

# In this folder each child leaves a file.
STARTS_VARIABLE = "BROKEN_RUNTIMES_STARTS"


class GoodRuntime:
    """Gives the stored depth."""

    name = "stand-in"

    def __init__(self, conversion: Conversion, precision: str, threads: int) -> None:
        self.precision = precision
        (Path(os.environ[STARTS_VARIABLE]) / str(os.getpid())).touch()
        self._depth_m = parity.read(conversion.parity)[1][None, None]

    def infer(self, batch: np.ndarray) -> np.ndarray:
        return self._depth_m


class SignalRuntime(GoodRuntime):
    """A signal ends its process."""

    signal_number: signal.Signals

    def infer(self, batch: np.ndarray) -> np.ndarray:
        os.kill(os.getpid(), self.signal_number)
        return self._depth_m


class CrashingRuntime(SignalRuntime):
    signal_number = signal.SIGSEGV


class IllegalRuntime(SignalRuntime):
    signal_number = signal.SIGILL


class KilledRuntime(SignalRuntime):
    signal_number = signal.SIGKILL


class StoppedRuntime(SignalRuntime):
    signal_number = signal.SIGTERM


class HangingRuntime(GoodRuntime):
    def infer(self, batch: np.ndarray) -> np.ndarray:
        time.sleep(600)
        return self._depth_m


class RaisingRuntime(GoodRuntime):
    def infer(self, batch: np.ndarray) -> np.ndarray:
        raise MemoryError("no room for the network")


class WrongRuntime(GoodRuntime):
    def infer(self, batch: np.ndarray) -> np.ndarray:
        return self._depth_m * np.float32(1.1)
