"""Accuracy of the detector on recordings of a third generator (`third_generator`):

    python benchmarks/third_generator_recordings.py third_development
    python benchmarks/third_generator_recordings.py third_test --profile evidence
    python benchmarks/third_generator_recordings.py third_fit --paths

The touch classifier, which is the default one, was fitted to third_development and third_fit, beside recordings of
other generators; to third_test nothing was fitted.

Renders the recordings once, and keeps them in the cache; the last of each set shows hands that do not type. Needs
OpenGL through EGL, for which Mesa's software renderer suffices (apt-get install libegl1 libgl1-mesa-dri), and
`pip install moderngl scikit-image`; the documented recordings were made with moderngl 5.13.0 (MIT licence) and
scikit-image 0.26.0 (BSD licence). No hand model of others is used.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import cv2

from fingertip_contact.cli.main import main as command
from fingertip_contact.cli.progress import track_progress
from fingertip_research.ground_truth.recording import ground_truth_path
from third_generator.recording import LAYOUT_NAME, Scene, ensure_recording

# The development and fit sets may be looked at, the test set only once for each state of the detector.
SCENES = {
    "third_development": (
        Scene("glad to see you", 1, 50.0, 0.34),
        Scene("warm quiet hill", 2, 62.0, 0.30, posture="stretched"),
        Scene("five dim lamps", 3, 60.0, 0.36, side="own_side", device="d405_wide"),
        Scene("back by ten", 4, 75.0, 0.38, posture="stretched", device="webcam"),
        Scene("", 5, 55.0, 0.36, idle_s=60.0),
    ),
    "third_fit": (
        Scene("map of two lakes", 6, 47.0, 0.31, posture="stretched"),
        Scene("huge clay pots", 7, 66.0, 0.37),
        Scene("box kites fly low", 8, 55.0, 0.28, device="d405_wide"),
        Scene("violet ink jars", 9, 72.0, 0.40, posture="stretched", device="webcam"),
        Scene("wax the squeaky door", 10, 46.0, 0.34, side="own_side", posture="stretched"),
        Scene("ripe figs and cheese", 11, 58.0, 0.30, side="own_side"),
        Scene("north of the park", 12, 86.0, 0.36, side="own_side", posture="stretched"),
        Scene("jazz on vinyl", 13, 70.0, 0.33, side="own_side", device="webcam"),
        Scene("lend me your atlas", 14, 52.0, 0.41),
        Scene("even odd numbers", 15, 43.0, 0.32, posture="stretched", device="d405_wide"),
        Scene("crab moves sideways", 16, 80.0, 0.29, side="own_side", posture="stretched"),
        Scene("thin black quilt", 17, 63.0, 0.35, posture="stretched"),
        Scene("a dozen warm buns", 18, 50.0, 0.39, side="own_side"),
        Scene("fog upon the bay", 19, 57.0, 0.33),
        Scene("", 20, 50.0, 0.33, side="own_side", idle_s=30.0),
        Scene("", 21, 65.0, 0.35, posture="stretched", device="webcam", idle_s=30.0),
    ),
    "third_test": (
        Scene("pay for six cups", 31, 45.0, 0.33),
        Scene("quick brown dogs", 32, 60.0, 0.29, posture="stretched"),
        Scene("we lived there", 33, 75.0, 0.38, device="d405_wide"),
        Scene("next july maybe", 34, 48.0, 0.36, side="own_side", posture="stretched"),
        Scene("hot tea with me", 35, 65.0, 0.31, side="own_side"),
        Scene("zebra crossing", 36, 88.0, 0.40, side="own_side", posture="stretched"),
        Scene("an early bird", 37, 55.0, 0.42, posture="stretched", device="webcam"),
        Scene("vivid joke of us", 38, 68.0, 0.26, device="d405_wide"),
        Scene("", 39, 60.0, 0.38, side="own_side", posture="stretched", idle_s=60.0),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SCENES)
    parser.add_argument("--profile", default="default", help="contact profile: a built-in one's name, or a YAML file")
    parser.add_argument(
        "--depth-source", default="auto", help="beside colour: none, sensor, stereo; auto: all there is"
    )
    parser.add_argument("--link-to", type=Path, help="folder that gets a link to each recording and its ground truth")
    parser.add_argument("--only-render", action="store_true", help="do not evaluate")
    parser.add_argument("--paths", action="store_true", help="only print the recordings' paths, for `fit-touch`")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    recordings = []
    for number, scene in enumerate(SCENES[arguments.set]):
        named = f"{scene.text or 'hands only'!r}, seed {scene.seed}, {scene.angle_deg:g} degrees"
        print(named, file=sys.stderr, flush=True)
        try:
            recording = ensure_recording(scene, lambda frames, total: track_progress(frames, total, "rendering"))
        except (ModuleNotFoundError, RuntimeError) as error:
            parser.exit(1, f"error: {error}\n")
        if arguments.link_to is not None:
            _link(recording, arguments.link_to / f"{arguments.set}_{number}.mcap")
        if scene.text or arguments.paths:
            recordings.append(str(recording))
    if arguments.paths:
        print("\n".join(recordings))
        return
    if not arguments.only_render:
        options = ["--layout", LAYOUT_NAME, "--profile", arguments.profile, "--depth-source", arguments.depth_source]
        command(["evaluate", "recording", *options, *recordings])


def _link(recording: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    for source, target in ((recording, link), (ground_truth_path(recording), ground_truth_path(link))):
        temporary = target.with_name(f".{target.name}")
        temporary.unlink(missing_ok=True)
        os.symlink(source, temporary)
        temporary.replace(target)


if __name__ == "__main__":
    main()
