"""The results of the contact suites, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from fingertip_research.evaluation.contact_counts import (
    ContactCounts,
    bootstrap_intervals,
    bootstrap_margin,
    compute_metrics,
    pool_counts,
)
from fingertip_research.evaluation.kinematic_suite import PARTICIPANTS, SPLITS, Split, find_split
from fingertip_research.evaluation.kinematic_suite_run import DEFAULT_PROFILE, NO_ABLATION, TrialResult
from fingertip_research.evaluation.rendered_suite import RenderedResult, compute_by_angle
from fingertip_research.evaluation.tables import MISSING, Column, format_cells, make_table

# Metrics with an interval over participants.
INTERVAL_METRICS = ("event_f1", "event_precision", "event_recall", "false_presses_per_min", "key_accuracy", "cer")
# Results of the paper, with its own data, participants and definition of a frame.
PUBLISHED_METRICS = {
    "depth_only": {"frame_accuracy": 0.873, "frame_f1": 0.861, "frame_fpr": 0.087},
    "velocity_only": {"frame_accuracy": 0.891, "frame_f1": 0.885, "frame_fpr": 0.063},
    "fusion": {"frame_accuracy": 0.942, "frame_f1": 0.944, "frame_fpr": 0.042, "cer": 0.031, "wpm": 45.6},
}
EVENT_COLUMNS = (
    Column("event_f1", "F1", "{:.3f}"),
    Column("event_precision", "prec.", "{:.3f}"),
    Column("event_recall", "recall", "{:.3f}"),
    Column("false_presses_per_min", "false/min", "{:.1f}"),
    Column("key_accuracy", "keys", "{:.3f}"),
    Column("cer", "CER", "{:.3f}"),
    Column("cer_with_words", "words", "{:.3f}"),
)
DETAIL_COLUMNS = (
    Column("finger_accuracy", "fingers", "{:.3f}"),
    Column("onset_error_ms_median", "onset", "{:.0f}"),
    Column("onset_error_ms_p95", "p95", "{:.0f}"),
    Column("latency_ms_median", "delay", "{:.0f}"),
    Column("frame_accuracy", "frames", "{:.3f}"),
    Column("frame_f1", "F1", "{:.3f}"),
    Column("frame_fpr", "FPR", "{:.3f}"),
)


def make_suite_report(results: Sequence[TrialResult]) -> dict[str, Any]:
    """The kinematic suite. profiles, ablations, speeds: name -> split -> metrics; margins: of the default over the
    other profiles; by_condition: of the default."""
    groups = list(dict.fromkeys(result.group for result in results))
    profiles = [
        group for group in groups if not (group == NO_ABLATION or group.startswith("without ") or "WPM" in group)
    ]
    report: dict[str, Any] = {
        "participants": {
            split: [participant for participant in PARTICIPANTS if find_split(participant) == split] for split in SPLITS
        },
        "profiles": {profile: _compute_by_split(results, profile) for profile in profiles},
        "published": PUBLISHED_METRICS,
        "margins": {},
    }
    if DEFAULT_PROFILE in profiles:
        compared = [group for group in groups if group == NO_ABLATION or group.startswith("without ")]
        report["ablations"] = {group: _compute_by_split(results, group) for group in compared}
        report["speeds"] = {group: _compute_by_split(results, group) for group in groups if "WPM" in group}
        for split in SPLITS:
            report["margins"][split] = _compute_margins(results, [p for p in profiles if p != DEFAULT_PROFILE], split)
        report["by_condition"] = {split: _compute_by_condition(results, split) for split in SPLITS}
    return report


def make_rendered_report(results: Sequence[RenderedResult]) -> dict[str, Any]:
    """The rendered suite: profile -> split -> metrics, also by angle and by recording."""
    profiles = dict.fromkeys(result.profile for result in results)
    report: dict[str, Any] = {}
    for profile in profiles:
        report[profile] = {}
        for split in SPLITS:
            of_split = [r for r in results if (r.profile, r.split) == (profile, split)]
            if of_split:
                report[profile][split] = {
                    **compute_metrics_with_intervals(_pool_by_key((r.participant, r.counts) for r in of_split)),
                    "by_angle_deg": compute_by_angle(of_split),
                    "recordings": {r.name: compute_metrics(r.counts) for r in of_split},
                }
    return report


def compute_metrics_with_intervals(by_participant: Mapping[int, ContactCounts]) -> dict[str, Any]:
    """Metrics over all participants, and `ci95` of INTERVAL_METRICS."""
    whole: dict[str, Any] = dict(compute_metrics(pool_counts(by_participant.values())))
    bounds = bootstrap_intervals(by_participant, INTERVAL_METRICS)
    return {**whole, "ci95": {name: list(bounds[name]) for name in INTERVAL_METRICS}}


def pool_by_participant(results: Sequence[TrialResult], group: str, split: Split) -> dict[int, ContactCounts]:
    """A group's counts for each participant of a split."""
    chosen = [result for result in results if result.group == group and find_split(result.participant) == split]
    return _pool_by_key((result.participant, result.counts) for result in chosen)


def _pool_by_key(pairs: Any) -> dict[int, ContactCounts]:
    totals: dict[int, ContactCounts] = {}
    for key, found in pairs:
        totals[key] = totals.get(key, ContactCounts()) + found
    return totals


def _compute_by_split(results: Sequence[TrialResult], group: str) -> dict[str, Any]:
    by_split = {split: pool_by_participant(results, group, split) for split in SPLITS}
    return {
        split: compute_metrics_with_intervals(by_participant)
        for split, by_participant in by_split.items()
        if by_participant
    }


def _compute_margins(results: Sequence[TrialResult], profiles: Sequence[str], split: Split) -> dict[str, Any]:
    """The default's event F1 minus that of each profile, with its interval."""
    ours = pool_by_participant(results, DEFAULT_PROFILE, split)
    if not ours:
        return {}
    found = {
        profile: bootstrap_margin(ours, pool_by_participant(results, profile, split), "event_f1")
        for profile in profiles
    }
    return {name: {"event_f1": difference, "ci95": [low, high]} for name, (difference, low, high) in found.items()}


def _compute_by_condition(results: Sequence[TrialResult], split: Split) -> dict[str, dict[str, Any]]:
    """The default's metrics by each property of the conditions."""
    own = [r for r in results if r.group == DEFAULT_PROFILE and find_split(r.participant) == split]
    keys = {
        "angle_deg": lambda r: f"{r.condition.angle_deg:g}",
        "distance_m": lambda r: f"{r.condition.distance_m:g}",
        "frame_rate_hz": lambda r: f"{r.condition.frame_timing.rate_hz:g}",
        "frame_drop_rate": lambda r: f"{r.condition.frame_timing.drop_rate:g}",
        "track_loss": lambda r: str(r.condition.has_track_loss).lower(),
    }
    tables: dict[str, dict[str, Any]] = {}
    for name, key in keys.items():
        totals = _pool_by_key((key(result), result.counts) for result in own)
        tables[name] = {str(value): compute_metrics(totals[value]) for value in sorted(totals)}
    return tables


def make_tables(report: Mapping[str, Any]) -> list[RenderableType]:
    """All tables and lines, in order."""
    renderables: list[RenderableType] = []
    for split in SPLITS:
        rows = {name: by_split[split] for name, by_split in report.get("profiles", {}).items() if split in by_split}
        if rows:
            renderables += _make_table_pair(f"Kinematic suite, {split} participants", rows)
    for key, title in (("ablations", "What each confounder costs"), ("speeds", "At given speeds")):
        rows = {name: by_split["test"] for name, by_split in report.get(key, {}).items() if "test" in by_split}
        if rows:
            renderables.append(_make_table(f"{title} (default, test participants)", rows, EVENT_COLUMNS))
    for split in SPLITS:
        rows = {name: by_split[split] for name, by_split in report.get("rendered", {}).items() if split in by_split}
        if rows:
            renderables += _make_table_pair(f"Rendered, {split} participants", rows)
            angles = rows.get(DEFAULT_PROFILE, {}).get("by_angle_deg", {})
            renderables.append(
                _make_table(
                    "By angle (default)", {f"{angle} degrees": row for angle, row in angles.items()}, EVENT_COLUMNS
                )
            )
    for split, margins in report.get("margins", {}).items():
        for name, found in margins.items():
            low, high = found["ci95"]
            renderables.append(
                f"default over {name}, {split}: event F1 {found['event_f1']:+.3f} [{low:+.3f}, {high:+.3f}]"
            )
    if "profiles" in report:
        renderables.append(_make_published_table())
    if "matched" in report:
        matched = report["matched"]
        renderables.append(
            f"On the same motion: event F1 {matched['rendered_event_f1']:.3f} in images, "
            f"{matched['kinematic_event_f1']:.3f} by the noise model ({matched['difference']:+.3f})"
        )
    return renderables


def _make_table_pair(title: str, rows: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    return [_make_table(title, rows, EVENT_COLUMNS), _make_table(f"{title}: times and frames", rows, DETAIL_COLUMNS)]


def _make_table(title: str, rows: Mapping[str, Mapping[str, Any]], columns: Sequence[Column]) -> Table:
    """One row per name, followed by the 95 % intervals over participants of those metrics that have one."""
    table = make_table(["", *(column.heading for column in columns)], title=title)
    for name, metrics in rows.items():
        table.add_row(name, *format_cells(metrics, columns))
        bounds = metrics.get("ci95", {})
        if any(column.field in bounds for column in columns):
            table.add_row(
                "", *(_format_interval(bounds.get(column.field), column.form) for column in columns), style="dim"
            )
    return table


def _format_interval(bounds: Sequence[float] | None, form: str) -> str:
    return "" if bounds is None else "\n".join(form.format(bound) for bound in bounds)


def _make_published_table() -> Table:
    fields = ("frame_accuracy", "frame_f1", "frame_fpr", "cer", "wpm")
    rows = (
        [name, *(f"{metrics[field]:g}" if field in metrics else MISSING for field in fields)]
        for name, metrics in PUBLISHED_METRICS.items()
    )
    return make_table(["", "frames", "frame F1", "FPR", "CER", "WPM"], rows, "As published, on other data")
