"""The quick rows of `selftest faults`, and that a node that does not hold is found."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("rclpy")

from typer.testing import CliRunner

from fingertip_contact.cli import selftest
from fingertip_contact.ros.selftest.message_fuzz import check_fingertips, fuzz_messages
from fingertip_contact.ros.selftest.report import make_report
from fingertip_contact.ros.selftest.rows import ProcessRow, StationRow
from fingertip_contact.ros.selftest.runner import Job, Outcome, list_jobs, make_rows, run_jobs
from fingertip_contact.selftest.finding import FindingError

MIN_ROWS = 90
FUZZ_CASES = 100


def list_fast_jobs() -> list[Job]:
    """Every quick row once: composed where it can be."""
    jobs = list_jobs(row for row in make_rows() if row.is_fast)
    return [
        job for job in jobs if job.form != "processes" or (isinstance(job.row, StationRow) and len(job.row.forms) == 1)
    ]


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, str], Outcome]:
    """Of all quick rows, by kind and name: their processes are shared.

    A row that fails is run once more: a busy machine can starve the artificial camera for longer than the camera's
    time-out, which lets go of the key.
    """
    jobs, found = list_fast_jobs(), []
    run_jobs(jobs, found.append)
    failed = {(outcome.kind, outcome.name) for outcome in found if outcome.finding}
    run_jobs([job for job in jobs if (job.row.kind, job.row.name) in failed], found.append)
    return {(outcome.kind, outcome.name): outcome for outcome in found}


@pytest.mark.parametrize("job", list_fast_jobs(), ids=lambda job: f"{job.row.kind}: {job.row.name}")
def test_nodes_hold_against(outcomes, job):
    """What the row says has to hold."""
    assert outcomes[job.row.kind, job.row.name].finding == ""


def test_the_table_is_whole():
    """Each row is there once; most of them in both forms."""
    rows = make_rows()
    names = [(row.kind, row.name) for row in rows]
    assert len(set(names)) == len(names) >= MIN_ROWS
    both = [row for row in rows if isinstance(row, StationRow) and len(row.forms) == 2]
    assert len(both) >= MIN_ROWS


def test_a_row_that_fails_is_found():
    """With what did not hold; the rows after it run."""

    def fail(starter, folder):
        raise FindingError("the node\nhas died")

    found: list[Outcome] = []
    rows = [ProcessRow("x", "bad", "", run=fail), ProcessRow("x", "good", "", run=lambda starter, folder: None)]
    run_jobs(list_jobs(rows), found.append)
    assert [outcome.finding for outcome in found] == ["the node has died", ""]
    report = make_report(found, True)
    assert (report["passed"], report["failed"]) == (1, 1)


def test_times_are_rows_of_ends_and_signals():
    """Each form counts; a seed makes the same times."""
    jobs = [job for job in list_jobs(make_rows(times=40, seed=1)) if job.row.kind in ("ends", "signals")]
    assert [job.row.kind for job in jobs].count("signals") == 40
    assert 40 <= [job.row.kind for job in jobs].count("ends") <= 41
    assert [job.row.name for job in jobs] == [
        job.row.name for job in list_jobs(make_rows(times=40, seed=1)) if job.row.kind in ("ends", "signals")
    ]


def test_mutated_messages_find_nothing():
    """In the composed form; the command sends thousands."""
    assert [case for case in fuzz_messages(FUZZ_CASES, seed=0, forms=("composed",)) if case.finding] == []


def test_a_value_that_is_no_number_is_found():
    """In a finger that is not lost."""
    from fingertip_contact.datatypes import Fingertip
    from fingertip_contact.ros import messages

    tip = Fingertip(1, "right", "index", (1.0, 1.0), [0.0, 0.0, 0.3], 0.0, 0.0, 1.0, "hover")
    good = messages.make_fingertips(messages.make_header(1, "camera"), [tip])
    check_fingertips([good])
    bad = messages.make_fingertips(messages.make_header(1, "camera"), [tip])
    data = bytearray(bad.data)
    data[:4] = b"\x00\x00\xc0\x7f"
    bad.data = bytes(data)
    with pytest.raises(FindingError, match="x of a finger"):
        check_fingertips([bad])


@pytest.mark.parametrize(
    ("arguments", "text"), [(["--only", "nonsense"], "the kinds are arguments"), (["--form", "one"], "no form one")]
)
def test_wrong_options_are_explained(arguments, text):
    """With what can be chosen."""
    result = CliRunner().invoke(selftest.app, ["faults", *arguments])
    assert text in str(result.exception)


def test_rows_are_listed_without_running():
    """As JSON with the fields of the report."""
    result = CliRunner().invoke(selftest.app, ["faults", "--list", "--json", "--only", "depth"])
    rows = json.loads(result.stdout)
    assert {"kind", "name", "form", "expects"} <= set(rows[0])
