"""`fingertip-contact demo`: simulated hands type; the real nodes decode the text over DDS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cli.outputs import reserve_folder
from fingertip_research.cli.simulate import render

if TYPE_CHECKING:
    from rich.console import Console

    from fingertip_research.simulation.scene import Scene

HAND_WEIGHTS = "hands"
DEPTH_WEIGHTS = "d405"
LAYOUT = "qwerty"

EXIT_CER_TOO_HIGH = EXIT_RUN_FAILED = 1
# The default text is read without an error; one character in twenty is allowed.
DEFAULT_MAX_CER = 0.05


def demo(
    text: Annotated[str, typer.Option(help="Text that the simulated participant types.")] = "the quick brown fox",
    seed: Annotated[int, typer.Option(min=0, help="Seed of participant, desk, light and timing.")] = 7,
    angle: Annotated[float, typer.Option(min=30, max=90, help="Elevation of the camera above the desk, degrees.")] = 60,
    difficulty: Annotated[str, typer.Option(help="Typing habits and image quality: calm, normal or hard.")] = "calm",
    sensor: Annotated[
        str, typer.Option(help="Depth: matched as a D405 does (stereo), or sharp as no camera's is (ideal).")
    ] = "stereo",
    max_cer: Annotated[
        float, typer.Option(min=0, help="Exit code 1 above this character error rate.")
    ] = DEFAULT_MAX_CER,
    out: Annotated[Path, typer.Option(help="Folder for video, image and logs; existing ones are replaced.")] = Path(
        "out/demo"
    ),
) -> None:
    """Run the real nodes on a simulated camera: hands type on a desk, and the text is decoded from the images.

    The recording is rendered once and cached. Camera, hand tracking and contact run as three processes at 30 Hz.
    """
    from rich.console import Console

    from fingertip_contact import weights
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.recordings.open import open_recording
    from fingertip_research.demo.contact_sheet import write_video_and_contact_sheet
    from fingertip_research.demo.progress_screen import ProgressScreen, make_summary_table
    from fingertip_research.demo.run import RunError, play
    from fingertip_research.demo.score import score_run
    from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth
    from fingertip_research.simulation.participant import HABITS
    from fingertip_research.simulation.scene import make_scene

    console = Console()
    scene = make_scene(seed, angle, difficulty, sensor=sensor)
    typist = HABITS[scene.difficulty].description
    weights.pull(HAND_WEIGHTS, console.print)
    reserve_folder(out)
    logs = out / "logs"
    logs.mkdir(exist_ok=True)
    recording = _get_recording(console, text, scene)
    with open_recording(recording) as source:
        screen = ProgressScreen(console, source.frame_count)
    console.print(_describe_depth(scene))
    try:
        with screen.progress:
            received = play(recording, logs, screen.update)
    except RunError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_RUN_FAILED) from error
    score = score_run(recording, read_ground_truth(ground_truth_path(recording)), received)
    outputs = (out / "overlay.mp4", out / "contact_sheet.png")
    write_video_and_contact_sheet(*outputs, recording, received, load_layout(LAYOUT))
    console.print(make_summary_table(score, max_cer))
    console.print(f"Typist: {difficulty}, {typist}. Seed {seed}, camera at {angle:g} degrees.")
    for path in outputs:
        console.print(path.resolve(), highlight=False, soft_wrap=True)
    if score.frames_out < score.frames_in:
        console.print("[bold]slow:[/bold] this machine did not process every image; the text has more errors")
    if score.cer > max_cer:
        console.print(f"[bold]failed:[/bold] the character error rate is above {max_cer:.1%}")
        raise typer.Exit(EXIT_CER_TOO_HIGH)


def _get_recording(console: Console, text: str, scene: Scene) -> Path:
    from fingertip_contact.files import write_once
    from fingertip_research.ground_truth.recording import ground_truth_path
    from fingertip_research.simulation.recording_cache import is_complete, locate_recording

    settings: dict[str, object] = {
        "text": text,
        "seed": scene.seed,
        "angle": scene.angle_deg,
        "difficulty": scene.difficulty,
        "sensor": scene.sensor,
    }
    recording = locate_recording(settings)
    if is_complete(recording):
        console.print(f"Recording: {recording} (cached)", highlight=False, soft_wrap=True)
    else:
        console.print(f"Recording: rendering {recording}", highlight=False, soft_wrap=True)
        write_once(
            ground_truth_path(recording),
            lambda: is_complete(recording),
            lambda: render(text, scene, recording, overwrite=True),
        )
    return recording


def _describe_depth(scene: Scene) -> str:
    """The demo uses the sensor's depth: two cores cannot run a depth network in addition to hand tracking."""
    from fingertip_contact import weights

    installed = all(model.location.is_file() for model in weights.select_models(DEPTH_WEIGHTS))
    status = "are installed, but not used here" if installed else "are not installed"
    kind = (
        "matched from both imagers, as a D405 does: fingers melt, the text has errors (--sensor ideal: sharp depth)"
        if scene.sensor == "stereo"
        else "sharp, as no camera's is"
    )
    return f"Depth: {kind}; the depth network's weights {status}"
