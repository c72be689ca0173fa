"""What a row of the table of faults is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fingertip_contact.ros.selftest.station import FORMS, Station
from fingertip_contact.selftest.processes import NodeStarter


@dataclass(frozen=True)
class Row:
    """kind: a group of rows, for `--only`. name: what is done. expects: what has to hold, in words. is_fast: quick
    enough for `make test`."""

    kind: str
    name: str
    expects: str
    is_fast: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class StationRow(Row):
    """A fault in a running form. run: raises FindingError; good frames have to be read again afterwards. parameters: of
    the station's nodes; rows of the same ones share its processes. forms: in which it makes sense."""

    run: Callable[[Station], None] = field(kw_only=True)
    parameters: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    forms: tuple[str, ...] = field(default=tuple(FORMS), kw_only=True)


@dataclass(frozen=True)
class ProcessRow(Row):
    """A fault at a node's start. run: gets a starter and an empty folder, and raises FindingError."""

    run: Callable[[NodeStarter, Path], None] = field(kw_only=True)
