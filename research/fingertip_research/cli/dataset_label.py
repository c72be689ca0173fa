"""`fingertip-contact dataset label`: labels contacts, from ground truth, a touch device or the detector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.outputs import reserve_folder
from fingertip_contact.cli.progress import track_progress
from fingertip_contact.json_file import validate_choice
from fingertip_contact.safe_text import to_one_line

if TYPE_CHECKING:
    from fingertip_research.datasets.dataset import Session
    from fingertip_research.datasets.label import LabelledFrame

MIN_FPS = 20.0


def label(
    session: Annotated[Path, typer.Argument(help="A session's folder.")],
    truth: Annotated[Path | None, typer.Option(help="The simulation's ground-truth file of this session.")] = None,
    touches: Annotated[
        Path | None, typer.Option(help="CSV of a touch device: down_s, up_s (or _ms, _us, _ns), hand, finger.")
    ] = None,
    offset_s: Annotated[
        float | None, typer.Option(help="Camera clock minus device clock, seconds; by default estimated from labels.")
    ] = None,
    within_s: Annotated[float, typer.Option(min=0, help="Search range of the clock offset, seconds.")] = 5.0,
    hand: Annotated[str | None, typer.Option(help="Hand of all contacts, if the CSV has no such column.")] = None,
    finger: Annotated[str | None, typer.Option(help="Finger of all contacts, likewise.")] = None,
    layout: options.Layout = "qwerty",
    profile: options.Profile = "default",
    calibration_seconds: options.CalibrationSeconds = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite labels; the detector never overwrites ground truth.")
    ] = False,
) -> None:
    """Label a session from a ground-truth file, from a touch device, or by default with the detector.

    The detector's labels are estimates, marked `"source": "detector"`; do not evaluate the detector against them. It
    needs the camera's full frame rate. The clock offset of a touch device is estimated from existing labels, e.g. the
    detector's: at this offset most contacts begin when a labelled contact begins.

    Examples: fingertip-contact dataset label SESSION; fingertip-contact dataset label SESSION --touches taps.csv
    """
    from fingertip_research.datasets.conversion import SessionGroundTruth
    from fingertip_research.datasets.dataset import open_session
    from fingertip_research.datasets.label import labels_from_ground_truth, save_labels

    if truth is not None and touches is not None:
        raise ValueError("--truth and --touches exclude each other; choose one")
    loaded = open_session(session)
    reserve_folder(session)
    if truth is not None:
        labelled = labels_from_ground_truth(loaded, SessionGroundTruth.read(truth))
    elif touches is not None:
        labelled = _label_from_device(loaded, touches, offset_s, within_s, hand, finger)
    else:
        labelled = _label_by_detector(loaded, layout, profile, calibration_seconds)
    count = save_labels(loaded, labelled, overwrite=force)
    contacts = sum(item.label.contact_count > 0 for item in labelled)
    typer.echo(f"{count} frames labelled by {labelled[0].label.source}, {contacts} with contact; {session}", err=True)


def _label_from_device(
    session: Session, file: Path, offset_s: float | None, within_s: float, hand: str | None, finger: str | None
) -> list[LabelledFrame]:
    from fingertip_contact.datatypes import FINGERS, HANDS
    from fingertip_research.datasets.contact_intervals import (
        estimate_clock_offset_ns,
        find_contact_onsets_ns,
        labels_from_contacts,
        read_labelled_contacts,
    )

    contacts = read_labelled_contacts(
        file,
        None if hand is None else validate_choice(hand, HANDS, "--hand"),
        None if finger is None else validate_choice(finger, FINGERS, "--finger"),
    )
    if offset_s is None:
        offset_ns = estimate_clock_offset_ns(contacts, find_contact_onsets_ns(session), round(within_s * 1e9))
        typer.echo(f"clock offset: {offset_ns / 1e9:+.3f} s", err=True)
    else:
        offset_ns = round(offset_s * 1e9)
    return labels_from_contacts(session, [contact.shift(offset_ns) for contact in contacts])


def _label_by_detector(
    session: Session, layout: str, profile: str, calibration_seconds: float | None
) -> list[LabelledFrame]:
    from fingertip_contact.factory import build_pipeline
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.datasets.conversion import skip_unreadable
    from fingertip_research.datasets.label import label_from_result

    frame_rate = float(session.metadata.get("fps") or 30)
    if frame_rate < MIN_FPS:
        typer.echo(
            f"note: {frame_rate:g} frames per second; the detector is designed for 30 and misses contacts", err=True
        )
    pipeline = build_pipeline(load_layout(layout), profile, calibration_seconds)
    problems: list[str] = []
    labelled = []
    with track_progress(session.frames(), len(session.frame_numbers), session.name) as frames:
        for frame, camera_frame in skip_unreadable(frames, problems):
            assert camera_frame.depth is not None
            result = pipeline.process(camera_frame)
            missing = not frame.annotation_path.exists()
            labelled.append(label_from_result(frame.number, result, camera_frame.depth, annotate_hands=missing))
    for problem in problems:
        typer.echo(f"problem: {to_one_line(problem)}", err=True)
    if not labelled:
        raise ValueError(f"{session.path} has no usable frame")
    return labelled
