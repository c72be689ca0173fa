"""An output whose failures do not reach the node: the events of a frame are published all the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fingertip_contact.datatypes import FrameResult
from fingertip_contact.protocols import Output


class GuardedOutput:
    """Passes results on. on_error: gets a ValueError that names output and failure, for each one."""

    def __init__(self, output: Output, on_error: Callable[[Exception], None]) -> None:
        self._output = output
        self._on_error = on_error

    def process(self, result: FrameResult) -> None:
        """See protocols.Output."""
        self._attempt(partial(self._output.process, result), "process")

    def close(self) -> None:
        """See protocols.Output."""
        self._attempt(self._output.close, "close")

    def _attempt(self, action: Callable[[], None], name: str) -> None:
        try:
            action()
        # Whatever an extension raises: also the SystemExit of an output that takes itself for a program.
        except (Exception, SystemExit) as error:
            self._on_error(ValueError(f"output {type(self._output).__name__} failed in {name}(): {error!r}"))
