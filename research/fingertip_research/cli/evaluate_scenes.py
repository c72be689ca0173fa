"""`fingertip-contact evaluate scenes`: typing in realistic scenes, by what the camera measures."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.progress import track_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fingertip_contact.keyboard.layout import Layout
    from fingertip_research.evaluation.recording_sets import RecordingSpec
    from fingertip_research.evaluation.scene_matrix import Runs, SceneResult


def scenes(
    name: Annotated[
        str,
        typer.Option("--set", help="Set of config/recordings.yaml. Develop with sensor_matrix_development."),
    ] = "sensor_matrix",
    sources: Annotated[
        str,
        typer.Option(
            help="What is measured beside colour, comma-separated: none, sensor (aligned depth), model (the depth "
            "network, by a stand-in), imagers, stereo (imagers and aligned depth). By posture and so on, the first one "
            "is shown."
        ),
    ] = "none,sensor,model,imagers,stereo",
    profiles: Annotated[
        str,
        typer.Option(
            help="Profiles, comma-separated; by angle and so on, the first one is shown. Those that measure rims in "
            "depth are scored with `sensor` only."
        ),
    ] = "default,sharp_depth,evidence,depth_only,velocity_only,paper",
    ideal: Annotated[
        bool, typer.Option(help="Also with depth that is sharp to a pixel, which needs renderings of its own.")
    ] = False,
    words: options.Words = "",
    workers: Annotated[int, typer.Option(min=1, help="Rendering processes.")] = 2,
    reliability: Annotated[
        Path | None,
        typer.Option(help="PNG to draw: are touches of 70 % confidence taps in 70 %? Of the first profile."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    layout: options.Layout = "qwerty",
    hand_tracker: options.HandTracker = "mediapipe",
) -> None:
    """Score typing in simulated scenes: both sides of the desk, curled and stretched fingers, clutter, hands that enter
    and leave.

    Each scene is measured once, as a D405 with all of its streams sees it; every source is the part of that which a
    camera of its kind gives. So all sources see the same motion, in the same pictures.

    Missing recordings are rendered, about 5 frames per second, and kept in the cache: most of an hour for the default
    set, and again for --ideal. Measuring takes minutes the first time. docs/simulation.md explains scenes and sources.

    Examples:

    fingertip-contact evaluate scenes

    fingertip-contact evaluate scenes --sources none --profiles default --words english --reliability out/sure.png

    fingertip-contact evaluate scenes --sources sensor --profiles sharp_depth --ideal --json
    """
    from rich.console import Console

    from fingertip_contact.files import atomic_write
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.recording_sets import load_recording_set
    from fingertip_research.evaluation.scene_matrix import plan_runs
    from fingertip_research.evaluation.scene_report import make_scene_report, pool_touches
    from fingertip_research.evaluation.scene_tables import make_scene_tables

    if reliability:
        # Before an hour of rendering: it needs matplotlib.
        from fingertip_research.evaluation.calibration_plot import write_reliability_diagram
    profile_names, source_names = _split(profiles), _split(sources)
    runs = plan_runs(profile_names, source_names, with_ideal=ideal)
    profile = profile_names[0]
    with ExitStack() as stack:
        diagram = stack.enter_context(atomic_write(reliability, overwrite=True)) if reliability else None
        results = _score_scenes(load_recording_set(name), load_layout(layout), runs, workers, words, hand_tracker)
        report = make_scene_report(results)
        touches = {source: scored[profile] for source, scored in pool_touches(results).items() if profile in scored}
        if diagram:
            write_reliability_diagram(diagram, touches)
    if as_json:
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    else:
        source = next(source for source, scored in runs.items() if profile in scored)
        Console().print(*make_scene_tables(report, profile, source), sep="\n")
    if reliability:
        for source in touches:
            error = report["calibration"][source][profile]["ece"]
            typer.echo(f"{profile}, {source}: ECE {'unknown' if error is None else f'{error:.3f}'}", err=True)
        typer.echo(f"{reliability}", err=True)


def _split(names: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


def _score_scenes(
    specs: Sequence[RecordingSpec], layout: Layout, runs: Runs, workers: int, words: str, hand_tracker: str
) -> list[SceneResult]:
    """words: the word list; empty for none."""
    from fingertip_contact.keyboard.language import load_language
    from fingertip_research.evaluation.scene_matrix import score_scene

    language = load_language(words) if words else None
    results = []
    for number, spec in enumerate(specs, start=1):
        results.append(
            score_scene(
                spec,
                layout,
                runs,
                workers,
                lambda frames, total: track_progress(frames, total, "rendering"),
                language,
                hand_tracker,
            )
        )
        typer.echo(f"{number} of {len(specs)}: {spec.text or 'hands only'!r}, seed {spec.seed}", err=True)
    return results
