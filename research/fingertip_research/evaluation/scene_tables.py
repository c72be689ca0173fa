"""The report of `scene_matrix` as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from fingertip_research.evaluation.scene_matrix import IDEAL, STEREO
from fingertip_research.evaluation.tables import MISSING, format_value, make_table

_GROUPS = {
    "typing": "All typing",
    "views": "By view",
    "postures": "By posture",
    "difficulties": "By difficulty",
    "resolutions": "By resolution",
}


def make_scene_tables(report: Mapping[str, Any], profile: str) -> list[Table]:
    """All tables. profile: of the tables by group; each profile has its row in the first."""
    typing = report["typing"].get("all", {})
    tables = [
        make_table(
            ["profile", "ideal F1", "stereo F1", "fall", "precision", "recall", "CER", "with words"],
            [_make_profile_row(name, typing) for name in typing.get(STEREO, {})],
            "All typing, by profile (precision, recall and CER, without and with the word list, on matched depth)",
        )
    ]
    for group, title in _GROUPS.items():
        rows = [_make_group_row(name, by_sensor, profile) for name, by_sensor in report[group].items()]
        if group != "typing":
            tables.append(
                make_table(
                    ["", "taps", "ideal F1", "stereo F1", "false / min", "CER", "with words"],
                    rows,
                    f"{title} ({profile})",
                )
            )
    hands = [
        [f"{name}, {sensor}", format_value(by_profile[profile]["false_presses_per_min"], "{:.1f}")]
        for name, by_sensor in report["hands_only"].items()
        for sensor, by_profile in by_sensor.items()
    ]
    tables.append(make_table(["hands that do not type", "false / min"], hands, f"False presses ({profile})"))
    tables.append(
        make_table(
            ["scene", "found", "height mm", "tilt deg", "moved", "hint"],
            [_make_surface_row(scene) for scene in report["scenes"]],
            "Surface (95th percentiles against the truth)",
        )
    )
    return tables


def _make_profile_row(profile: str, by_sensor: Mapping[str, Any]) -> list[str]:
    stereo = by_sensor[STEREO][profile]
    ideal = by_sensor.get(IDEAL, {}).get(profile)
    return [
        profile,
        MISSING if ideal is None else f"{ideal['event_f1']:.3f}",
        f"{stereo['event_f1']:.3f}",
        MISSING if ideal is None else f"{stereo['event_f1'] - ideal['event_f1']:+.3f}",
        f"{stereo['event_precision']:.3f}",
        f"{stereo['event_recall']:.3f}",
        format_value(stereo["cer"], "{:.2f}"),
        format_value(stereo["cer_with_words"], "{:.2f}"),
    ]


def _make_group_row(name: str, by_sensor: Mapping[str, Any], profile: str) -> list[str]:
    stereo = by_sensor[STEREO][profile]
    ideal = by_sensor.get(IDEAL, {}).get(profile)
    return [
        name,
        str(stereo["taps"]),
        MISSING if ideal is None else f"{ideal['event_f1']:.3f}",
        f"{stereo['event_f1']:.3f}",
        f"{stereo['false_presses_per_min']:.1f}",
        format_value(stereo["cer"], "{:.2f}"),
        format_value(stereo["cer_with_words"], "{:.2f}"),
    ]


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
