"""Runs the rows of the table of faults."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from fingertip_contact.ros.selftest import end_rows, image_rows, stamp_rows, start_rows, state_rows
from fingertip_contact.ros.selftest.rows import ProcessRow, Row, StationRow
from fingertip_contact.ros.selftest.station import FORMS, Station, isolate_ros, open_station
from fingertip_contact.safe_text import to_one_line
from fingertip_contact.selftest.finding import FindingError
from fingertip_contact.selftest.processes import NodeStarter

# Of rows that are repeated: as many as `--times` says, by default.
TIMES = {"ends": 15, "signals": 12}


@dataclass(frozen=True)
class Outcome:
    """One row in one form ("" where it needs none). finding: what did not hold; empty where the row has passed."""

    kind: str
    name: str
    form: str
    expects: str
    finding: str
    seconds: float


@dataclass(frozen=True)
class Job:
    """A row in a form."""

    row: Row
    form: str


def make_rows(times: int | None = None, seed: int = 0) -> list[Row]:
    """The whole table. times: of the rows on ends and signals, each row and form counted; seed: of the signals."""
    return [
        *stamp_rows.make_rows(),
        *image_rows.make_rows(),
        *state_rows.make_rows(),
        *end_rows.make_end_rows(times or TIMES["ends"]),
        *start_rows.make_rows(),
        *end_rows.make_signal_rows(times or TIMES["signals"], seed),
    ]


def list_jobs(rows: Iterable[Row], forms: Sequence[str] = tuple(FORMS)) -> list[Job]:
    """Each row in each of its forms; those that share processes follow one another."""
    jobs = [
        Job(row, form)
        for row in rows
        for form in ([form for form in row.forms if form in forms] if isinstance(row, StationRow) else [""])
    ]
    return sorted(jobs, key=_station_key)


def run_jobs(jobs: Sequence[Job], on_outcome: Callable[[Outcome], None]) -> None:
    """Run jobs in their order, in a ROS domain of their own. on_outcome: gets the outcome of each, as it comes."""
    with isolate_ros():
        for (form, _), group in groupby(jobs, key=_station_key):
            members = list(group)
            outcomes = _run_in_station(form, members) if form else map(_run_process_row, members)
            for outcome in outcomes:
                on_outcome(outcome)


def _station_key(job: Job) -> tuple[str, str]:
    parameters = job.row.parameters if isinstance(job.row, StationRow) else {}
    return job.form, repr(sorted(parameters.items()))


def _run_in_station(form: str, jobs: list[Job]) -> Iterator[Outcome]:
    first = jobs[0].row
    assert isinstance(first, StationRow)
    with ExitStack() as stack:
        try:
            station = stack.enter_context(open_station(form, first.parameters))
        except FindingError as error:
            yield from (_make_outcome(job, f"the nodes do not start: {error}", 0.0) for job in jobs)
            return
        for job in jobs:
            yield _run_station_row(station, job)


def _run_station_row(station: Station, job: Job) -> Outcome:
    assert isinstance(job.row, StationRow)
    started_s, finding = time.monotonic(), ""
    try:
        job.row.run(station)
        station.check()
    except AssertionError as error:
        finding = str(error)
        finding += _restart(station)
    return _make_outcome(job, finding, time.monotonic() - started_s)


def _restart(station: Station) -> str:
    """The next row begins with nodes that have not seen this one; a finding where they cannot be had."""
    try:
        station.restart()
    except FindingError as error:
        return f"; then the nodes did not start again: {error}"
    return ""


def _run_process_row(job: Job) -> Outcome:
    assert isinstance(job.row, ProcessRow)
    started_s, finding = time.monotonic(), ""
    with tempfile.TemporaryDirectory(prefix="selftest-") as folder, NodeStarter(Path(folder)) as starter:
        try:
            job.row.run(starter, Path(folder))
        except AssertionError as error:
            finding = str(error)
    return _make_outcome(job, finding, time.monotonic() - started_s)


def _make_outcome(job: Job, finding: str, seconds: float) -> Outcome:
    return Outcome(job.row.kind, job.row.name, job.form, job.row.expects, to_one_line(finding), round(seconds, 1))
