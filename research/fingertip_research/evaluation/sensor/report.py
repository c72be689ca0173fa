"""The report of `evaluate sensor`: each figure real, simulated and of a recording, with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from rich.table import Table

from fingertip_research.evaluation.sensor.reference import Reference, ReferenceFigure, Tolerance
from fingertip_research.evaluation.tables import format_value, make_table

OK = "ok"
# What comes after the dot of a figure's name: label and format.
_LABELS: dict[str, tuple[str, str]] = {
    "rms_mm": ("RMS, mm", "{:.2f}"),
    "temporal_share": ("temporal share", "{:.2f}"),
    "fill": ("fill", "{:.3f}"),
    "gross_share": ("wrong matches", "{:.3f}"),
    "bias_mm": ("bias, mm", "{:+.1f}"),
    "rms_per_m": ("RMS / z², 1/m", "{:.4f}"),
    "fixed_length_px": ("fixed 1/e, px", "{:.1f}"),
    "temporal_length_px": ("temporal 1/e, px", "{:.1f}"),
    "frame_to_frame": ("frame to frame", "{:.3f}"),
    "step_px": ("disparity step, px", "{:.4f}"),
    "fill_gentle": ("fill at g 2-4", "{:.2f}"),
    "fill_steep": ("fill at g > 21", "{:.2f}"),
    "flicker_flat": ("flicker at g < 1", "{:.2f}"),
    "flicker_gentle": ("flicker at g 2-4", "{:.2f}"),
    "flicker_steep": ("flicker at g > 21", "{:.2f}"),
    "within_4mm": ("within 4 mm", "{:.2f}"),
    "within_tolerance": ("within tolerance", "{:.2f}"),
    "color_width_px": ("colour width, px", "{:.1f}"),
    "depth_width_px": ("depth width, px", "{:.1f}"),
    "rise_px": ("10-90 % rise, px", "{:.1f}"),
    "peak_mm": ("peak, mm", "{:.1f}"),
    "valley": ("valley", "{:.2f}"),
}
_GROUPS = {
    "print": "print",
    "white": "white",
    "black": "black",
    "plane": "print, all",
    "view": "hand on a desk",
    "finger": "stretched finger",
    "fingers": "two fingers",
}


@dataclass(frozen=True)
class Row:
    """A figure as reported. verdict: of the simulated one against the real; verdict_of_yours: of the recording's
    against the simulated one. `ok`, what is off, or empty where nothing is to be judged."""

    name: str
    real: float | None
    simulated: float | None
    yours: float | None
    tolerance: str
    verdict: str
    verdict_of_yours: str
    source: str

    @property
    def is_off(self) -> bool:
        """Whether a figure is out of its tolerance, or could not be measured although it has one."""
        return not {self.verdict, self.verdict_of_yours} <= {OK, ""}


def make_rows(
    reference: Reference, simulated: Mapping[str, float | None] | None, yours: Mapping[str, float | None] | None
) -> list[Row]:
    """A row for each figure of the reference that was measured. None: not asked for."""
    return [
        _make_row(name, figure, simulated, yours)
        for name, figure in reference.figures.items()
        if name in {**(simulated or {}), **(yours or {})}
    ]


def make_report(rows: Sequence[Row], reference: Reference, notes: Sequence[str], **settings: Any) -> dict[str, Any]:
    """The report as JSON has it. settings: how it was measured."""
    return {
        **settings,
        "figures": {row.name: {key: value for key, value in asdict(row).items() if key != "name"} for row in rows},
        "off": [row.name for row in rows if row.is_off],
        "notes": list(notes),
        "sources": dict(reference.sources),
    }


def make_sensor_table(rows: Sequence[Row], has_recording: bool) -> Table:
    """One table of all rows, a section for each target."""
    table = make_table(["", "real", "simulated", *(["yours"] if has_recording else []), "allowed", "verdict"])
    for title, section in groupby(rows, key=lambda row: describe_target(row.name)):
        table.add_section()
        table.add_row(title, style="bold")
        for row in section:
            table.add_row(*_make_cells(row, has_recording))
    return table


def _make_cells(row: Row, has_recording: bool) -> list[str]:
    label, form = _LABELS[row.name.partition(".")[2]]
    values = [row.real, row.simulated, *([row.yours] if has_recording else [])]
    verdicts = [row.verdict, *([f"yours {row.verdict_of_yours}"] if row.verdict_of_yours else [])]
    return [
        f" {label}",
        *(format_value(value, form) for value in values),
        row.tolerance,
        "\n".join(filter(None, verdicts)),
    ]


def describe_target(name: str) -> str:
    """`print_294mm.rms_mm` as `print, 29.4 cm`."""
    group, _, distance = name.partition(".")[0].partition("_")
    return f"{_GROUPS[group]}, {int(distance.removesuffix('mm')) / 10:g} cm" if distance else _GROUPS[group]


def _make_row(
    name: str,
    figure: ReferenceFigure,
    simulated: Mapping[str, float | None] | None,
    yours: Mapping[str, float | None] | None,
) -> Row:
    tolerance = figure.tolerance
    simulated_value, your_value = (None if values is None else values.get(name) for values in (simulated, yours))
    return Row(
        name=name,
        real=figure.real,
        simulated=simulated_value,
        yours=your_value,
        tolerance=tolerance.describe() if tolerance else "",
        verdict=tolerance.judge(simulated_value, figure.real) if tolerance and name in (simulated or {}) else "",
        verdict_of_yours=_judge_yours(tolerance, your_value, simulated_value, figure.real),
        source=figure.source,
    )


def _judge_yours(tolerance: Tolerance | None, yours: float | None, simulated: float | None, real: float | None) -> str:
    """A recording is held against what is simulated; without a simulation against the real figure. A figure that it
    cannot have, for want of the scene, is not judged."""
    if tolerance is None or yours is None:
        return ""
    return tolerance.judge(yours, real if simulated is None else simulated)
