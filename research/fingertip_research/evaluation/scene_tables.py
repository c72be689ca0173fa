"""The report of `scene_report` as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from fingertip_research.evaluation.scene_report import ALL, INTERVAL_METRIC
from fingertip_research.evaluation.tables import MISSING, Column, format_cells, format_value, make_table

# Tables fit 80 columns.
_EVENT_COLUMNS = (
    Column("event_precision", "prec.", "{:.3f}"),
    Column("event_recall", "recall", "{:.3f}"),
    Column("false_presses_per_min", "false\n/min", "{:.1f}"),
    Column("cer", "CER", "{:.2f}"),
    Column("cer_with_words", "words", "{:.2f}"),
)
_TIME_COLUMNS = (
    Column("onset_error_ms_median", "onset", "{:+.0f}"),
    Column("onset_error_ms_abs_median", "|onset|", "{:.0f}"),
    Column("offset_error_ms_median", "release", "{:+.0f}"),
    Column("key_accuracy", "keys", "{:.3f}"),
    Column("frame_accuracy", "frames", "{:.3f}"),
    Column("frame_f1", "F1", "{:.3f}"),
    Column("frame_fpr", "FPR", "{:.3f}"),
)
_CONDITION_COLUMNS = (Column("taps", "taps", "{}"), Column("event_f1", "F1", "{:.3f}"), *_EVENT_COLUMNS)
_CONDITIONS = {
    "postures": "By posture",
    "difficulties": "By difficulty",
    "resolutions": "By resolution",
    "frame_rates": "By frame rate",
}


def make_scene_tables(report: Mapping[str, Any], profile: str, source: str) -> list[Table]:
    """All tables that have rows. profile: of the tables by angle; profile, source: of those by other conditions."""
    typing = report["typing"]
    # A single view is all there is.
    parts = typing if len(typing) > 2 else {name: own for name, own in typing.items() if name == ALL}
    tables = [
        *(_make_typing_table(_name_part(name), by_source) for name, by_source in parts.items()),
        _make_time_table(typing.get(ALL, {})),
        _make_angle_table(report["angles"], profile),
        *(_make_condition_table(title, report[group], profile, source) for group, title in _CONDITIONS.items()),
        _make_hands_table(report["hands_only"]),
        _make_calibration_table(report["calibration"]),
        _make_surface_table(report["scenes"]),
    ]
    return [table for table in tables if table.row_count]


def _name_part(name: str) -> str:
    return "All typing" if name == ALL else f"Typing, {name.replace('_', ' ')}"


def _list_runs(by_source: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What each profile found with each source, profile by profile."""
    profiles = dict.fromkeys(profile for by_profile in by_source.values() for profile in by_profile)
    for profile in profiles:
        for source, by_profile in by_source.items():
            if profile in by_profile:
                yield f"{profile}, {source}", by_profile[profile]


def _make_typing_table(title: str, by_source: Mapping[str, Any]) -> Table:
    rows = []
    for name, metrics in _list_runs(by_source):
        low, high = metrics["ci95"][INTERVAL_METRIC]
        f1 = [f"{metrics['event_f1']:.3f}", f"{low:.2f}-{high:.2f}"]
        rows.append([name, *f1, *format_cells(metrics, _EVENT_COLUMNS)])
    headings = ["profile, source", "F1", "95 %", *(column.heading for column in _EVENT_COLUMNS)]
    taps = {metrics["taps"] for _, metrics in _list_runs(by_source)}
    return make_table(headings, rows, f"{title}: {', '.join(map(str, sorted(taps)))} taps")


def _make_time_table(by_source: Mapping[str, Any]) -> Table:
    rows = [[name, *format_cells(metrics, _TIME_COLUMNS)] for name, metrics in _list_runs(by_source)]
    headings = ["profile, source", *(column.heading for column in _TIME_COLUMNS)]
    return make_table(headings, rows, "Times (ms, positive: late), keys, and fingers in frames, all typing")


def _make_angle_table(angles: Mapping[str, Any], profile: str) -> Table:
    sources = dict.fromkeys(
        source for by_source in angles.values() for source, own in by_source.items() if profile in own
    )
    rows = []
    for name, by_source in angles.items():
        found = [by_source[source][profile] for source in sources]
        rows.append([name, str(found[0]["taps"]), *(f"{metrics['event_f1']:.3f}" for metrics in found)])
    return make_table(["view, degrees", "taps", *sources], rows, f"Event F1 by angle ({profile})")


def _make_condition_table(title: str, by_condition: Mapping[str, Any], profile: str, source: str) -> Table:
    rows = [
        [name, *format_cells(by_source[source][profile], _CONDITION_COLUMNS)]
        for name, by_source in by_condition.items()
        if profile in by_source.get(source, {})
    ]
    return make_table(["", *(column.heading for column in _CONDITION_COLUMNS)], rows, f"{title} ({profile}, {source})")


def _make_hands_table(hands_only: Mapping[str, Any]) -> Table:
    rates: dict[str, dict[str, str]] = {}
    for part, by_source in hands_only.items():
        for name, metrics in _list_runs(by_source):
            rates.setdefault(name, {})[part] = f"{metrics['false_presses_per_min']:.1f}"
    rows = [[name, *(of_parts.get(part, MISSING) for part in hands_only)] for name, of_parts in rates.items()]
    headings = ["profile, source", *(part.replace("_", " ") for part in hands_only)]
    return make_table(headings, rows, "False presses per minute of hands that do not type")


def _make_calibration_table(calibration: Mapping[str, Any]) -> Table:
    rows = [
        [name, str(found["touches"]), format_value(found["ece"], "{:.3f}")] for name, found in _list_runs(calibration)
    ]
    return make_table(["profile, source", "touches", "ECE"], rows, "Expected calibration error of confidences")


def _make_surface_table(scenes: Sequence[Mapping[str, Any]]) -> Table:
    return make_table(
        ["scene", "found", "height mm", "tilt deg", "moved", "hint"],
        [_make_surface_row(scene) for scene in scenes],
        "Surface (95th percentiles against the truth)",
    )


def _make_surface_row(scene: Mapping[str, Any]) -> list[str]:
    surface = scene["surface"]
    return [
        f"{scene['seed']} {scene['view']} {scene['angle_deg']:g} {scene['resolution']}",
        f"{surface['found_ratio']:.2f}",
        format_value(surface["height_mm"], "{:.2f}"),
        format_value(surface["tilt_deg"], "{:.2f}"),
        str(surface["moved_count"]),
        scene["hint"][:40],
    ]
