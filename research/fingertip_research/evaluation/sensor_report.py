"""The report of `evaluate sensor`: each figure real, simulated and of a recording, with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from fingertip_research.evaluation.sensor_reference import Reference, ReferenceFigure, Tolerance
from fingertip_research.evaluation.tables import format_value, make_table

OK = "ok"
# What comes after the dot of a figure's name: label and format.
_LABELS: dict[str, tuple[str, str]] = {
    "rms_mm": ("RMS about the plane, mm", "{:.2f}"),
    "temporal_share": ("share of it new in each frame", "{:.2f}"),
    "fill": ("fill", "{:.3f}"),
    "gross_share": ("wrong matches", "{:.3f}"),
    "bias_mm": ("bias, mm", "{:+.1f}"),
    "rms_per_m": ("RMS / z², 1/m", "{:.4f}"),
    "fixed_length_px": ("fixed part correlated over, px", "{:.1f}"),
    "temporal_length_px": ("temporal part correlated over, px", "{:.1f}"),
    "frame_to_frame": ("carried over to the next frame", "{:.3f}"),
    "step_px": ("step of disparity, px", "{:.4f}"),
    "fill_gentle": ("fill at gradient 2 to 4", "{:.2f}"),
    "fill_steep": ("fill at gradient above 21", "{:.2f}"),
    "flicker_flat": ("flickering pixels, flat", "{:.2f}"),
    "flicker_gentle": ("flickering pixels, gradient 2 to 4", "{:.2f}"),
    "flicker_steep": ("flickering pixels, gradient above 21", "{:.2f}"),
    "within_tolerance": ("depth within the surface tolerance", "{:.2f}"),
    "within_band": ("depth within three SD of the desk", "{:.2f}"),
    "color_width_px": ("width in colour, px", "{:.1f}"),
    "depth_width_px": ("width in depth at half height, px", "{:.1f}"),
    "rise_px": ("10-90 % rise of its edges, px", "{:.1f}"),
    "peak_mm": ("peak, mm", "{:.1f}"),
    "valley": ("valley between, 1: down to the desk", "{:.2f}"),
}
_GROUPS = {
    "print": "print",
    "white": "white paper",
    "black": "black print",
    "plane": "print, all",
    "view": "hand on a desk",
    "finger": "stretched finger",
    "fingers": "two fingers 3 mm apart",
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


def make_sensor_tables(rows: Sequence[Row], has_recording: bool) -> list[Table]:
    """A table for each group of targets."""
    headings = ["real", "simulated", *(["yours"] if has_recording else []), "tolerance", "verdict"]
    if has_recording:
        headings.append("yours is")
    tables: dict[str, Table] = {}
    for row in rows:
        title = describe_target(row.name)
        table = tables.setdefault(title, make_table([title, *headings]))
        form = _LABELS[row.name.partition(".")[2]][1]
        yours = [format_value(row.yours, form)] if has_recording else []
        cells = [format_value(row.real, form), format_value(row.simulated, form), *yours, row.tolerance, row.verdict]
        table.add_row(
            _LABELS[row.name.partition(".")[2]][0], *cells, *([row.verdict_of_yours] if has_recording else [])
        )
    return list(tables.values())


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
    # A figure that a recording cannot have, for want of the scene, is not judged.
    has_yours = your_value is not None
    return Row(
        name=name,
        real=figure.real,
        simulated=simulated_value,
        yours=your_value,
        tolerance=tolerance.describe() if tolerance else "",
        verdict=tolerance.judge(simulated_value, figure.real) if tolerance and simulated is not None else "",
        verdict_of_yours=_judge_yours(tolerance, your_value, simulated_value, figure.real) if has_yours else "",
        source=figure.source,
    )


def _judge_yours(tolerance: Tolerance | None, yours: float | None, simulated: float | None, real: float | None) -> str:
    """A recording is held against what is simulated; without a simulation against the real figure."""
    return tolerance.judge(yours, real if simulated is None else simulated) if tolerance else ""
