"""The contact benchmark as figures for JSON, and as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table

from fingertip_contact.evaluation.contact_rendered import RenderedResult, by_angle
from fingertip_contact.evaluation.contact_suite import PARTICIPANTS, SPLITS, Split, split_of
from fingertip_contact.evaluation.contact_suite_run import DEFAULT, SAME, TrialResult
from fingertip_contact.evaluation.contact_tally import Tally, figures, intervals, margin, pooled

# Figures with an interval over people.
WITH_INTERVAL = ("event_f1", "event_precision", "event_recall", "false_presses_per_min", "key_accuracy", "cer")
# The paper's own figures: its measurements, its data, its definition of a frame; typing with its own participants.
PUBLISHED = {
    "depth_only": {"frame_accuracy": 0.873, "frame_f1": 0.861, "frame_fpr": 0.087},
    "velocity_only": {"frame_accuracy": 0.891, "frame_f1": 0.885, "frame_fpr": 0.063},
    "fusion": {"frame_accuracy": 0.942, "frame_f1": 0.944, "frame_fpr": 0.042, "cer": 0.031, "wpm": 45.6},
}
# Field of the figures, heading, and how a value is shown: what was found, and when and where.
FOUND = (
    ("event_f1", "F1", "{:.3f}"),
    ("event_precision", "prec.", "{:.3f}"),
    ("event_recall", "recall", "{:.3f}"),
    ("false_presses_per_min", "false/min", "{:.1f}"),
    ("key_accuracy", "keys", "{:.3f}"),
    ("cer", "CER", "{:.3f}"),
)
DETAILS = (
    ("finger_accuracy", "fingers", "{:.3f}"),
    ("onset_error_ms_median", "onset", "{:.0f}"),
    ("onset_error_ms_p95", "p95", "{:.0f}"),
    ("latency_ms_median", "delay", "{:.0f}"),
    ("frame_accuracy", "frames", "{:.3f}"),
    ("frame_f1", "F1", "{:.3f}"),
    ("frame_fpr", "FPR", "{:.3f}"),
)


def suite_report(results: Sequence[TrialResult]) -> dict[str, Any]:
    """Tier a. profiles, without, speeds, angles: name -> split -> figures; margins: of the default over its parts."""
    groups = list(dict.fromkeys(result.group for result in results))
    profiles = [group for group in groups if not (group == SAME or group.startswith("without ") or "WPM" in group)]
    report: dict[str, Any] = {
        "participants": {split: [number for number in PARTICIPANTS if split_of(number) == split] for split in SPLITS},
        "profiles": {profile: _splits(results, profile) for profile in profiles},
        "published": PUBLISHED,
        "margins": {},
    }
    if DEFAULT in profiles:
        compared = [group for group in groups if group == SAME or group.startswith("without ")]
        report["troubles"] = {group: _splits(results, group) for group in compared}
        report["speeds"] = {group: _splits(results, group) for group in groups if "WPM" in group}
        for split in SPLITS:
            report["margins"][split] = _margins(results, [p for p in profiles if p != DEFAULT], split)
        report["by"] = {split: _by_condition(results, split) for split in SPLITS}
    return report


def rendered_report(results: Sequence[RenderedResult]) -> dict[str, Any]:
    """Tier b: profile -> split -> figures, and the default by angle."""
    profiles = dict.fromkeys(result.profile for result in results)
    report: dict[str, Any] = {}
    for profile in profiles:
        report[profile] = {}
        for split in SPLITS:
            of_split = [r for r in results if (r.profile, r.split) == (profile, split)]
            if of_split:
                report[profile][split] = {
                    **with_intervals(_by_person((r.person, r.tally) for r in of_split)),
                    "by_angle_deg": by_angle(of_split),
                    "recordings": {r.name: figures(r.tally) for r in of_split},
                }
    return report


def with_intervals(by_person: Mapping[int, Tally]) -> dict[str, Any]:
    """Figures of all people, and `ci95` of some of them."""
    whole: dict[str, Any] = dict(figures(pooled(by_person.values())))
    bounds = intervals(by_person, WITH_INTERVAL)
    return {**whole, "ci95": {name: list(bounds[name]) for name in WITH_INTERVAL}}


def people(results: Sequence[TrialResult], group: str, split: Split) -> dict[int, Tally]:
    """A group's tally of each participant of a split."""
    chosen = [result for result in results if result.group == group and split_of(result.participant) == split]
    return _by_person((result.participant, result.tally) for result in chosen)


def _by_person(pairs: Any) -> dict[int, Tally]:
    totals: dict[int, Tally] = {}
    for person, found in pairs:
        totals[person] = totals.get(person, Tally()) + found
    return totals


def _splits(results: Sequence[TrialResult], group: str) -> dict[str, Any]:
    by_split = {split: people(results, group, split) for split in SPLITS}
    return {split: with_intervals(by_person) for split, by_person in by_split.items() if by_person}


def _margins(results: Sequence[TrialResult], profiles: Sequence[str], split: Split) -> dict[str, Any]:
    """By how much the default's event F1 is higher, with its interval."""
    ours = people(results, DEFAULT, split)
    if not ours:
        return {}
    found = {profile: margin(ours, people(results, profile, split), "event_f1") for profile in profiles}
    return {name: {"event_f1": middle, "ci95": [low, high]} for name, (middle, low, high) in found.items()}


def _by_condition(results: Sequence[TrialResult], split: Split) -> dict[str, dict[str, Any]]:
    """The default's figures by what differed."""
    own = [r for r in results if r.group == DEFAULT and split_of(r.participant) == split]
    keys = {
        "angle_deg": lambda r: f"{r.condition.angle_deg:g}",
        "distance_m": lambda r: f"{r.condition.distance_m:g}",
        "hertz": lambda r: f"{r.condition.shutter.hertz:g}",
        "frame_drops": lambda r: f"{r.condition.shutter.drops:g}",
        "tracking_losses": lambda r: str(r.condition.losses).lower(),
    }
    tables: dict[str, dict[str, Any]] = {}
    for name, key in keys.items():
        totals = _by_person((key(result), result.tally) for result in own)
        tables[name] = {str(value): figures(totals[value]) for value in sorted(totals)}
    return tables


def tables(report: Mapping[str, Any]) -> list[RenderableType]:
    """All there is to show, one below the other."""
    shown: list[RenderableType] = []
    for split in SPLITS:
        rows = {name: by_split[split] for name, by_split in report.get("profiles", {}).items() if split in by_split}
        if rows:
            shown += _both(f"Without pictures, {split} participants", rows)
    for key, title in (("troubles", "What each trouble costs"), ("speeds", "At given speeds")):
        rows = {name: by_split["test"] for name, by_split in report.get(key, {}).items() if "test" in by_split}
        if rows:
            shown.append(_table(f"{title} (default, test participants)", rows, FOUND))
    for split in SPLITS:
        rows = {name: by_split[split] for name, by_split in report.get("rendered", {}).items() if split in by_split}
        if rows:
            shown += _both(f"Rendered, {split} participants", rows)
            angles = rows.get(DEFAULT, {}).get("by_angle_deg", {})
            shown.append(
                _table("By angle (default)", {f"{angle} degrees": row for angle, row in angles.items()}, FOUND)
            )
    for split, margins in report.get("margins", {}).items():
        for name, found in margins.items():
            low, high = found["ci95"]
            shown.append(f"default over {name}, {split}: event F1 {found['event_f1']:+.3f} [{low:+.3f}, {high:+.3f}]")
    if "profiles" in report:
        shown.append(_published_table())
    if "matched" in report:
        matched = report["matched"]
        shown.append(
            f"On the same movements: event F1 {matched['rendered_event_f1']:.3f} in pictures, "
            f"{matched['kinematic_event_f1']:.3f} by the noise figures ({matched['difference']:+.3f})"
        )
    return shown


def _both(title: str, rows: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    return [_table(title, rows, FOUND), _table(f"{title}: times and frames", rows, DETAILS)]


def _table(title: str, rows: Mapping[str, Mapping[str, Any]], columns: Sequence[tuple[str, str, str]]) -> Table:
    """One row for each name; below it the 95 % intervals over people of those figures that have them."""
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("", no_wrap=True)
    for _, heading, _ in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(name, *("–" if row[key] is None else shown.format(row[key]) for key, _, shown in columns))
        bounds = row.get("ci95", {})
        if any(key in bounds for key, _, _ in columns):
            table.add_row("", *(_interval(bounds.get(key), shown) for key, _, shown in columns), style="dim")
    return table


def _interval(bounds: Sequence[float] | None, shown: str) -> str:
    return "" if bounds is None else "\n".join(shown.format(bound) for bound in bounds)


def _published_table() -> Table:
    table = Table("", "frames", "frame F1", "FPR", "CER", "WPM", title="As published, on other data", box=SIMPLE_HEAD)
    for name, row in PUBLISHED.items():
        keys = ("frame_accuracy", "frame_f1", "frame_fpr", "cer", "wpm")
        table.add_row(name, *(f"{row[key]:g}" if key in row else "–" for key in keys))
    return table
