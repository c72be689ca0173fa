"""`fingertip-contact evaluate contact`, `evaluate fit-noise` and `evaluate fit-classifier`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.outputs import reserve_folder

if TYPE_CHECKING:
    from fingertip_contact.keyboard.layout import Layout
    from fingertip_research.evaluation.fingertip_noise import NoiseModel
    from fingertip_research.evaluation.recording_sets import RecordingSpec


def contact(
    profiles: Annotated[
        str, typer.Option(help="Profiles, comma-separated; X+thickness receives each finger's thickness.")
    ] = "depth_only,velocity_only,paper,paper+thickness,evidence,default",
    participants: Annotated[
        str, typer.Option(help="Numbers, as 1-15; 1-8 are for development, 9-15 for tests.")
    ] = "1-15",
    characters: Annotated[int, typer.Option(min=10, help="Approximate length of each trial's text.")] = 40,
    rendered: Annotated[
        bool, typer.Option("--rendered", help="Also score the rendered recordings; missing ones are rendered.")
    ] = False,
    bags: Annotated[
        list[Path] | None, typer.Option("--bag", help="Also score this recording. May be repeated.")
    ] = None,
    kinematic: Annotated[bool, typer.Option(help="Run the kinematic suite (no images).")] = True,
    noise: Annotated[Path | None, typer.Option(help="Noise figures that `evaluate fit-noise` wrote.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    plots: Annotated[Path | None, typer.Option(help="Folder for plots.")] = None,
    layout: options.Layout = "qwerty",
) -> None:
    """Compare contact profiles on simulated participants, whose ground truth is exact.

    The kinematic suite evaluates thousands of taps in minutes: true pads with noise fitted to rendered recordings.
    --rendered runs the real hand tracker and the real pipeline. docs/contact.md explains the metrics.

    Examples: fingertip-contact evaluate contact; fingertip-contact evaluate contact --profiles default --json
    """
    from rich.console import Console

    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.contact_report import make_suite_report, make_tables
    from fingertip_research.evaluation.fingertip_noise import load_noise_model
    from fingertip_research.evaluation.kinematic_suite_run import DEFAULT_PROFILE, run_suite
    from fingertip_research.evaluation.recording_sets import load_recording_set

    names, numbers = _parse_profiles(profiles), _parse_participants(participants)
    loaded_layout, noise_model = load_layout(layout), load_noise_model(noise)
    if plots and not (kinematic and DEFAULT_PROFILE in names):
        raise ValueError(f"--plots needs the kinematic suite and the profile {DEFAULT_PROFILE}; leave both in")
    if plots:
        # Before minutes of simulation: it needs matplotlib.
        from fingertip_research.evaluation.contact_plots import write_plots

        reserve_folder(plots)
    report: dict[str, Any] = {}
    if kinematic:
        results = run_suite(loaded_layout, noise_model, names, characters, workers, numbers, _report_progress)
        report |= make_suite_report(results)
        if plots:
            write_plots(plots, results, loaded_layout, noise_model, characters)
    recordings = [
        *(bags or []),
        *(_prepare_recordings(load_recording_set("evaluation"), loaded_layout, workers) if rendered else []),
    ]
    if recordings:
        report |= _score_rendered(recordings, loaded_layout, names, noise_model)
    if not report:
        raise ValueError("nothing to do: --no-kinematic needs --rendered or --bag")
    if as_json:
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    else:
        Console().print(*make_tables(report), sep="\n")


def fit_noise(
    out: Annotated[
        Path,
        typer.Option(help="File to write; the package's noise model is in its config/fingertip_noise.yaml."),
    ],
    bags: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Simulated development recordings with their truth files. Default: the standard ones; missing ones "
            "are rendered.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that render.")] = 2,
    layout: options.Layout = "qwerty",
) -> None:
    """Fit the noise of measured fingertips to rendered recordings, for `evaluate contact`.

    Example: fingertip-contact evaluate fit-noise --out out/fingertip_noise.yaml
    """
    from fingertip_contact.files import atomic_write
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation import fingertip_noise
    from fingertip_research.evaluation.fingertip_noise_fit import fit_noise_model as fit
    from fingertip_research.evaluation.recording_sets import load_recording_set

    loaded_layout = load_layout(layout)
    with atomic_write(out, overwrite=True) as temporary_path:
        recordings = bags or list(_prepare_recordings(load_recording_set("noise_fit"), loaded_layout, workers))
        fingertip_noise.save_noise_model(fit(recordings, loaded_layout), temporary_path)
    typer.echo(f"{out}", err=True)


def fit_classifier(
    out: Annotated[Path, typer.Option(help="Model folder to write; a profile names it by `model`.")],
    noise: Annotated[Path | None, typer.Option(help="Noise figures that `evaluate fit-noise` wrote.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    layout: options.Layout = "qwerty",
) -> None:
    """Fit a model for the tree ensemble classifier to participants held out from all evaluations, in minutes.

    Needs lightgbm. Example: fingertip-contact evaluate fit-classifier --out config/contact_classifiers/mine
    """
    # The fit imports it last, after minutes of simulation.
    importlib.import_module("lightgbm")
    from fingertip_contact.contact.classifiers.tree_ensemble import DECISION_FILE, TIMING_FILE
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation import classifier_fit as contact_fit
    from fingertip_research.evaluation.fingertip_noise import load_noise_model

    reserve_folder(out)
    decision_model, timing_model = contact_fit.fit_contact_models(
        load_layout(layout), load_noise_model(noise), workers=workers, progress=_report_progress
    )
    for ensemble, name in ((decision_model, DECISION_FILE), (timing_model, TIMING_FILE)):
        path = out / name
        contact_fit.save_trees(ensemble, path)
        typer.echo(f"{path}", err=True)


def _score_rendered(
    bags: Sequence[Path], layout: Layout, profiles: Sequence[str], noise_model: NoiseModel
) -> dict[str, Any]:
    from fingertip_research.evaluation.contact_report import make_rendered_report
    from fingertip_research.evaluation.rendered_suite import compute_matched_event_f1, score_bags

    results = score_bags(bags, layout, profiles, noise_model, lambda name: typer.echo(f"measured {name}", err=True))
    return {"rendered": make_rendered_report(results), "matched": compute_matched_event_f1(bags, layout, noise_model)}


def _prepare_recordings(specs: Sequence[RecordingSpec], layout: Layout, workers: int) -> Iterator[Path]:
    from fingertip_contact.cli.progress import track_progress
    from fingertip_research.evaluation.rendered_suite import load_or_render

    for spec in specs:
        yield load_or_render(spec, layout, workers, lambda frames, total: track_progress(frames, total, "rendering"))


def _parse_profiles(specs: str) -> list[str]:
    """The names, checked in advance. Raises ValueError."""
    from fingertip_contact.contact.parameters import load_profile
    from fingertip_research.evaluation.kinematic_suite_run import THICKNESS_SUFFIX

    names = [name.strip() for name in specs.split(",") if name.strip()]
    if not names:
        raise ValueError("--profiles is empty; name at least one")
    for name in names:
        load_profile(name.removesuffix(THICKNESS_SUFFIX))
    return names


def _parse_participants(specs: str) -> list[int]:
    """ "1-3,9" as [1, 2, 3, 9]. Raises ValueError for numbers of no participant."""
    from fingertip_research.evaluation.kinematic_suite import PARTICIPANTS

    numbers: list[int] = []
    for part in specs.split(","):
        first, _, last = part.partition("-")
        if not first.strip().isdecimal() or not (last or first).strip().isdecimal():
            raise ValueError(f"participants {specs!r}: use numbers and ranges, such as 1-8,10")
        numbers += range(int(first), int(last or first) + 1)
    unknown = [number for number in numbers if number not in PARTICIPANTS]
    if unknown or not numbers:
        raise ValueError(f"participants {specs!r}: numbers go from {PARTICIPANTS[0]} to {PARTICIPANTS[-1]}")
    return list(dict.fromkeys(numbers))


def _report_progress(participant: int) -> None:
    typer.echo(f"participant {participant} done", err=True)
