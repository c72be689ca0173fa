"""What a real D405 gives: config/sensor_reference.yaml, and how far a figure may stray from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fingertip_contact.yaml_file import read_yaml
from fingertip_research.resources import find_config_file

REFERENCE_FILE = "sensor_reference.yaml"


@dataclass(frozen=True)
class Tolerance:
    """relative: largest difference, as a ratio of the figure compared with. low, high: a range. None: not limited."""

    relative: float | None = None
    low: float | None = None
    high: float | None = None

    def describe(self) -> str:
        """In a few characters: `±25 %`, `6 to 12`, `< 0.8`, `> 0.98`."""
        if self.relative is not None:
            return f"±{100 * self.relative:.0f} %"
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"< {self.high:g}" if self.high is not None else f"> {self.low:g}"

    def judge(self, value: float | None, expected: float | None) -> str:
        """`ok`, or what is off and by how much. expected: the figure that `relative` is of."""
        if value is None:
            return "not measured"
        if self.low is not None and value < self.low:
            return f"off by {value - self.low:+.2g}"
        if self.high is not None and value > self.high:
            return f"off by {value - self.high:+.2g}"
        if self.relative is None:
            return "ok"
        if expected is None:
            return "not measured"
        difference = value / expected - 1
        return "ok" if abs(difference) <= self.relative else f"off by {100 * difference:+.0f} %"


@dataclass(frozen=True)
class ReferenceFigure:
    """real: as measured by others, None where nobody has. source: key of `Reference.sources`, empty without one."""

    real: float | None
    source: str
    tolerance: Tolerance | None


@dataclass(frozen=True)
class Reference:
    """figures: by name, `target.figure`. sources: what each source is. autocorrelation: `fixed` and `temporal`, at
    lags of 0, 1, ... pixels."""

    figures: Mapping[str, ReferenceFigure]
    sources: Mapping[str, str]
    autocorrelation: Mapping[str, tuple[float, ...]]


@cache
def load_reference() -> Reference:
    """The package's reference. Raises ValueError that names the file if it cannot be understood."""
    path = find_config_file(REFERENCE_FILE)
    try:
        data = read_yaml(path)
        figures = {name: _parse_figure(entry) for name, entry in data["figures"].items()}
        autocorrelation = {part: tuple(map(float, values)) for part, values in data["autocorrelation"].items()}
        sources = {name: str(text) for name, text in data["sources"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a sensor reference: {error!r}; restore it") from error
    unknown = {figure.source for figure in figures.values()} - {"", *sources}
    if unknown:
        raise ValueError(f"{path}: the sources {', '.join(sorted(unknown))} are not described; add them to `sources`")
    return Reference(figures, sources, autocorrelation)


def _parse_figure(entry: Mapping[str, Any]) -> ReferenceFigure:
    tolerance = entry.get("tolerance")
    return ReferenceFigure(entry.get("real"), entry.get("source", ""), Tolerance(**tolerance) if tolerance else None)
