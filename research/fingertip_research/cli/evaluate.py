"""`fingertip-contact evaluate`: the accuracy of the pipeline, against ground truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.progress import track_progress
from fingertip_research.cli.evaluate_contact import contact, fit_classifier, fit_noise
from fingertip_research.cli.evaluate_depth import depth, make_depth_source
from fingertip_research.cli.evaluate_keys import keys
from fingertip_research.cli.evaluate_scenes import scenes
from fingertip_research.cli.evaluate_sensor import sensor
from fingertip_research.cli.evaluate_suggestions import suggestions
from fingertip_research.cli.evaluate_words import words
from fingertip_research.cli.fit_touch import fit_touch

if TYPE_CHECKING:
    from fingertip_contact.keyboard.layout import Layout
    from fingertip_research.evaluation.depth_sources import DepthPredictor
    from fingertip_research.evaluation.recording_score import RecordingScore
    from fingertip_research.ground_truth.recording import GroundTruth

app = typer.Typer(help="Score the pipeline, or its parts, against truth.", no_args_is_help=True, add_completion=False)
app.command()(contact)
app.command()(keys)
app.command()(scenes)
app.command()(sensor)
app.command()(suggestions)
app.command()(words)
app.command(no_args_is_help=True)(depth)
app.command(no_args_is_help=True)(fit_noise)
app.command(no_args_is_help=True)(fit_classifier)
app.command(no_args_is_help=True)(fit_touch)


@app.command(no_args_is_help=True)
def recording(
    bags: Annotated[list[Path], typer.Argument(help="Recordings: rosbag2 folders, or .mcap, .db3 or .bag files.")],
    truth: Annotated[Path | None, typer.Option(help="Default: BAG.truth.jsonl beside each recording.")] = None,
    events: Annotated[Path | None, typer.Option(help="Score these events instead of running the pipeline.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    layout: options.Layout = "qwerty",
    calibration_seconds: options.CalibrationSeconds = None,
    profile: options.Profile = "default",
    depth_source: Annotated[
        Literal["auto", "none", "sensor", "model", "stereo", "fused"],
        typer.Option(help="What contacts are detected in, beside colour; auto: whatever was recorded."),
    ] = "auto",
    weights: Annotated[Path | None, typer.Option(help="Depth network weights; default: the pulled ones.")] = None,
    size: Annotated[str | None, typer.Option(help="Input of the depth network, HxW; default: as trained.")] = None,
) -> None:
    """Run the pipeline on recordings and compare its events and text with the ground truth.

    A press is correct when a tap of the same finger began within 50 ms of it. With several recordings the metrics are
    over all taps; `recordings` in the JSON has those of each one. docs/recordings.md describes them.

    Examples: fingertip-contact evaluate recording out/fox.mcap; fingertip-contact evaluate recording --json out/*.mcap
    """
    from rich.console import Console

    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.recording_score import make_report
    from fingertip_research.evaluation.recording_tables import make_report_tables
    from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth

    if len(bags) > 1 and (truth or events):
        raise ValueError("--truth and --events go with one recording; several need a truth file beside each")
    # All truth files first: an invalid one is reported before the pipeline has run for minutes.
    ground_truths = [read_ground_truth(truth or ground_truth_path(bag)) for bag in bags]
    loaded_layout = load_layout(layout)
    predict = make_depth_source(depth_source, weights, size) if depth_source in ("model", "fused") else None
    scores = [
        _score_recording(bag, ground_truth, events, loaded_layout, calibration_seconds, profile, depth_source, predict)
        for bag, ground_truth in zip(bags, ground_truths, strict=True)
    ]
    total, reports = make_report(scores), {score.name: make_report([score]) for score in scores}
    if as_json:
        typer.echo(json.dumps({**total, "recordings": reports}, indent=2, allow_nan=False))
    else:
        Console().print(*make_report_tables(reports, total), sep="\n")


def _score_recording(
    bag: Path,
    truth: GroundTruth,
    events_file: Path | None,
    layout: Layout,
    calibration_seconds: float | None,
    profile: str,
    depth_source: str,
    predict: DepthPredictor | None,
) -> RecordingScore:
    """depth_source: what is read of the recording. predict: the source that replaces its depth; None: its own."""
    from fingertip_contact.factory import build_pipeline
    from fingertip_contact.keyboard.key_decoder import KeyDecoder
    from fingertip_contact.keyboard.language import load_language
    from fingertip_contact.pipeline import process_frames
    from fingertip_contact.recordings.events import decode_text, make_event_records, read_events
    from fingertip_contact.recordings.open import open_recording
    from fingertip_research.evaluation.depth_sources import replace_depth
    from fingertip_research.evaluation.recording_score import score_recording

    events = None if events_file is None else read_events(events_file)
    # An events file has no touches below the threshold of a press: nothing to read with a word list.
    words_decoder = None
    with open_recording(bag, depth_source=depth_source) as recording:
        if events is None:
            if calibration_seconds is None:
                calibration_seconds = truth.header.calibration_seconds
            pipeline = build_pipeline(layout, profile, calibration_seconds)
            words_decoder = KeyDecoder(layout, language=load_language("english"))
            events = []
            with track_progress(recording.frames(), recording.frame_count, bag.name) as recorded:
                frames = recorded if predict is None else replace_depth(predict, recorded)
                for _, result in process_frames(frames, pipeline):
                    events += make_event_records(result)
                    words_decoder.process(
                        result.contact_events,
                        result.camera_from_sheet,
                        result.stamp_ns,
                        pipeline.contact.detector.tentative,
                    )
            words_decoder.complete_word()
        text_with_words = words_decoder.text if words_decoder else None
        return score_recording(str(bag), events, truth, decode_text(events), recording.duration_s, text_with_words)
