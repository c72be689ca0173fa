"""`fingertip-contact evaluate fit-touch`: fits the default contact classifier to recordings with ground truth."""

from __future__ import annotations

import importlib
import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fingertip_contact.cli.outputs import reserve_folder
from fingertip_contact.cli.progress import track_progress


def fit_touch(
    out: Annotated[Path, typer.Option(help="Model folder to write; a profile names it by `model`.")],
    bags: Annotated[
        list[Path] | None, typer.Argument(help="Recordings with ground truth; by default the set touch_fit.")
    ] = None,
    recording_set: Annotated[
        str | None, typer.Option("--set", help="Set of recordings.yaml, in addition to recordings that are named.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the recordings, each judged by the others.")] = 3,
    epochs: Annotated[int, typer.Option(min=1, help="Of the appearance network.")] = 20,
    threads: Annotated[int, typer.Option(min=1, help="Of torch and of the trees.")] = 2,
    workers: Annotated[int, typer.Option(min=1, help="Rendering processes, where recordings are missing.")] = 2,
    delay_s: Annotated[
        float, typer.Option(min=0.0, max=0.2, help="From an instant to its decision, s; as the profile's.")
    ] = 0.06,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Write no model; say what each cue is worth, alone and left out.")
    ] = False,
    by_generator: Annotated[
        bool, typer.Option("--by-generator", help="One part per generator of recordings: they judge each other.")
    ] = False,
    layouts: Annotated[
        list[str] | None,
        typer.Option("--layout", help="Of the sheets, a name or a YAML file; may be repeated. By default qwerty."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Fit the appearance network and the trees of the default profile, and say what they are worth on unknown people.

    The set is rendered first, which takes hours on two cores, unless recordings are named; those of your own need a
    ground truth beside them (docs/recordings.md), and each is read with the layout that it names. Crops and cues are
    measured once and kept in the cache, 40 MB per recording. Needs torch, lightgbm and
    scikit-learn.

    Example: fingertip-contact evaluate fit-touch --out config/contact_classifiers/mine
    """
    # The fit imports them last, after hours of measuring.
    for module in ("lightgbm", "sklearn.linear_model", "torch"):
        importlib.import_module(module)
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.recording_sets import load_recording_set
    from fingertip_research.evaluation.rendered_suite import load_or_render
    from fingertip_research.training.touch.ablation import judge_cues
    from fingertip_research.training.touch.appearance import AppearanceSettings
    from fingertip_research.training.touch.run import TouchFit, fit_touch_classifier, prepare
    from fingertip_research.training.touch.trees import TreeSettings

    if not ablate:
        reserve_folder(out)
    loaded_layouts = [load_layout(layout) for layout in layouts or ["qwerty"]]
    bar = partial(track_progress, label="rendering")
    specs = load_recording_set(recording_set or "touch_fit") if recording_set or not bags else ()
    recordings = [
        load_or_render(spec, loaded_layouts[0], workers, lambda frames, total: bar(frames, total)) for spec in specs
    ]
    recordings += bags or []
    settings = TouchFit(
        folds,
        by_generator,
        delay_s,
        appearance=AppearanceSettings(epochs=epochs, threads=threads),
        trees=TreeSettings(threads=threads),
    )
    report_progress = partial(typer.echo, err=True)
    prepared = prepare(recordings, loaded_layouts, settings, report_progress)
    report = judge_cues(prepared, report_progress) if ablate else fit_touch_classifier(prepared, out, report_progress)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
        return
    for name, metrics in report.items():
        if not metrics["taps"]:
            typer.echo(f"{name}: {metrics['false_presses_per_min']:.1f} false presses per minute")
            continue
        typer.echo(
            f"{name}: event F1 {metrics['event_f1']:.3f}, precision {metrics['event_precision']:.3f}, "
            f"recall {metrics['event_recall']:.3f}, CER {metrics['cer']:.3f}"
        )
    if not ablate:
        typer.echo(f"{out}", err=True)
