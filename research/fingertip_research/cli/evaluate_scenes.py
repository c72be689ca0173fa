"""`fingertip-contact evaluate scenes`: typing in realistic scenes, on matched and on ideal depth."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.progress import track_progress


def scenes(
    name: Annotated[str, typer.Option("--set", help="Set of config/recordings.yaml.")] = "sensor_matrix",
    profiles: Annotated[
        str, typer.Option(help="Profiles, comma-separated; the first one is shown by view, posture and so on.")
    ] = "default,evidence,paper,depth_only,velocity_only",
    ideal: Annotated[bool, typer.Option(help="Also with the ideal sensor, to see what the real one costs.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Rendering processes.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    layout: options.Layout = "qwerty",
) -> None:
    """Score typing in simulated scenes: both sides of the desk, curled and stretched fingers, clutter, hands that enter
    and leave. Depth is matched from both imagers as a D405 does; --no-ideal leaves out the sharp depth beside it.

    Missing recordings are rendered, about 5 frames per second, and kept in the cache: 45 minutes for the default set.
    docs/simulation.md explains scenes and sensor.

    Examples: fingertip-contact evaluate scenes; fingertip-contact evaluate scenes --no-ideal --profiles default --json
    """
    from rich.console import Console

    from fingertip_contact.contact.parameters import load_profile
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.fingertip_noise import load_noise_model
    from fingertip_research.evaluation.recording_sets import load_recording_set
    from fingertip_research.evaluation.scene_matrix import IDEAL, STEREO, make_scene_report, score_scene
    from fingertip_research.evaluation.scene_tables import make_scene_tables

    names = [each.strip() for each in profiles.split(",") if each.strip()]
    if not names:
        raise ValueError("--profiles is empty; name at least one")
    for each in names:
        load_profile(each)
    sensors = (STEREO, IDEAL) if ideal else (STEREO,)
    loaded_layout, noise_model = load_layout(layout), load_noise_model()
    results = []
    for spec in load_recording_set(name):
        results.append(
            score_scene(
                spec, loaded_layout, names, sensors, noise_model, workers,
                lambda frames, total: track_progress(frames, total, "rendering"),
            )
        )  # fmt: skip
        typer.echo(f"measured {spec.text or 'hands only'!r}, seed {spec.seed}", err=True)
    report = make_scene_report(results)
    if as_json:
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    else:
        Console().print(*make_scene_tables(report, names[0]), sep="\n")
