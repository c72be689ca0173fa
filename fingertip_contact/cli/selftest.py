"""`fingertip-contact selftest`: real nodes against faults, and mutated messages and files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fingertip_contact.selftest.fuzz_case import FuzzCase

app = typer.Typer(
    help="Start real nodes and see whether they hold against faults.", no_args_is_help=True, add_completion=False
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _keep_subcommands() -> None:
    """Start real nodes and see whether they hold against faults."""


@app.command()
def faults(
    as_json: AsJson = False,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only rows of this kind, or with this text in their name; may be given several times."),
    ] = None,
    form: Annotated[list[str] | None, typer.Option(help="Only this form: processes or composed.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Only the quick rows, which the package's tests run.")] = False,
    times: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Number of rows on held keys that end, and on signals.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the times at which signals come.")] = 0,
    list_only: Annotated[bool, typer.Option("--list", help="List the rows and run none.")] = False,
) -> None:
    """Run the table of faults: streams, messages, files, arguments, services, ends and signals, against nodes in
    processes of their own and in the composed form. Needs no camera and no weights, and no robot hears it.

    Exit code 1 if a row fails. Ctrl-C ends it with the report of the rows so far. Example:
    fingertip-contact selftest faults --only ends --times 200
    """
    from rich.console import Console

    from fingertip_contact.cli.progress import track_progress
    from fingertip_contact.ros.selftest.report import make_report, make_table
    from fingertip_contact.ros.selftest.runner import FORMS, Outcome, list_jobs, make_rows, run_jobs

    unknown = set(form or ()) - set(FORMS)
    if unknown:
        raise ValueError(f"no form {', '.join(sorted(unknown))}; choose one of {', '.join(FORMS)}")
    rows = [
        row
        for row in make_rows(times, seed)
        if (not only or any(text == row.kind or text in row.name for text in only)) and (row.is_fast or not fast)
    ]
    jobs = list_jobs(rows, form or tuple(FORMS))
    if not jobs:
        kinds = sorted({row.kind for row in make_rows()})
        raise ValueError(f"no row of this kind or name; --list shows all, the kinds are {', '.join(kinds)}")
    if list_only:
        outcomes = [Outcome(job.row.kind, job.row.name, job.form, job.row.expects, "", 0.0) for job in jobs]
        typer.echo(json.dumps(make_report(outcomes, False)["rows"], indent=2)) if as_json else Console().print(
            make_table(outcomes)
        )
        return
    outcomes, started_s = [], time.monotonic()
    is_complete = False
    try:
        with track_progress(range(len(jobs)), len(jobs), "faults") as progress:
            next(progress)

            def add(outcome: Outcome) -> None:
                outcomes.append(outcome)
                next(progress, None)

            run_jobs(jobs, add)
        is_complete = True
    finally:
        report = make_report(outcomes, is_complete)
        if as_json:
            typer.echo(json.dumps(report, indent=2))
        else:
            Console().print(make_table(outcomes))
            typer.echo(
                f"{report['passed']} passed, {report['failed']} failed, "
                f"{len(jobs) - len(outcomes)} not run, {time.monotonic() - started_s:.0f} s"
            )
    raise typer.Exit(1 if report["failed"] else 0)


@app.command()
def fuzz(
    as_json: AsJson = False,
    cases: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of messages, and of files.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same cases.")] = 0,
    only: Annotated[str, typer.Option(help="messages or files; empty: both.")] = "",
) -> None:
    """Send mutated messages to real nodes, and read mutated files of every kind.

    A finding: a node that dies, hangs, logs a traceback, leaves a press open or publishes what is not a number; a
    reader that raises what it does not document, or takes more than 2 s or 500 MB. Exit code 1 if there is one. Ctrl-C
    ends it with the report of the cases so far. Example: fingertip-contact selftest fuzz --cases 5000 --seed 1
    """
    from fingertip_contact.cli.progress import track_progress
    from fingertip_contact.ros.selftest.message_fuzz import fuzz_messages
    from fingertip_contact.selftest.file_fuzz import fuzz_files
    from fingertip_contact.selftest.fuzz_report import FuzzReport

    fuzzers: dict[str, Callable[[int, int], Iterator[FuzzCase]]] = {"files": fuzz_files, "messages": fuzz_messages}
    if only and only not in fuzzers:
        raise ValueError(f"no fuzz of {only!r}; choose messages or files")
    report = FuzzReport(seed)
    try:
        for name, run in fuzzers.items():
            if only in ("", name):
                with track_progress(run(cases, seed), cases, name) as progress:
                    for case in progress:
                        report.add(name, case)
        report.is_complete = True
    finally:
        typer.echo(json.dumps(report.to_data(), indent=2) if as_json else report.format())
    raise typer.Exit(1 if report.findings else 0)
