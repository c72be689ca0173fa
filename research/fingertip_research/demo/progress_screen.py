"""The display of a run in progress, and its summary."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from fingertip_research.demo.score import RunScore
from fingertip_research.ros.topic_recorder import ReceivedMessages


class ProgressScreen:
    """Prints key events and the text as they arrive, above a progress bar of the frames."""

    def __init__(self, console: Console, frame_count: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"))
        self.progress = Progress(*columns, console=console)
        self._console = console
        self._task = self.progress.add_task("reading", total=frame_count)
        self._printed_events = 0

    def update(self, received: ReceivedMessages) -> None:
        """Prints new events and updates the progress bar."""
        self.progress.update(self._task, completed=len(received.fingertips))
        events = received.key_events[self._printed_events :]
        self._printed_events += len(events)
        for event in events:
            if event.contact.type == "press":
                finger = f"{event.contact.hand} {event.contact.finger}"
                self._console.print(
                    f"  [bold]{event.key:<12}[/bold] {finger:<13} text: {received.text!r}", highlight=False
                )


def make_summary_table(score: RunScore, max_cer: float) -> Table:
    """The figures of a run."""
    table = Table(show_header=False, title="From camera to text")
    rows = (
        ("text typed", repr(score.text_typed)),
        ("text read", repr(score.text_read)),
        ("character error rate", f"{score.cer:.1%} (at most {max_cer:.1%})"),
        ("event F1", f"{score.matching.f1:.3f}"),
        ("key accuracy", f"{score.matching.key_accuracy:.3f}"),
        ("frames recorded / sent / read", f"{score.frames_recorded} / {score.frames_in} / {score.frames_out}"),
        ("frames per second", f"{score.frames_per_second:.1f}"),
        ("image stamp to key event", f"median {score.latency_median_ms:.0f} ms, p99 {score.latency_p99_ms:.0f} ms"),
    )
    for row in rows:
        table.add_row(*row)
    return table
