"""Measures the results of the README for each typist:

    python benchmarks/typing_recordings.py normal
    python benchmarks/typing_recordings.py calm

Renders the recordings once, about ten minutes, and keeps them in the cache (3 GB).
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext

from fingertip_contact.cli.main import main as command
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.rendered_suite import RecordingSpec, load_or_render

# Nothing was tuned on the normal recordings, nor on the first nine calm ones (the detector's threshold was chosen with
# another text of seed 41). The other five were used during the development of the calm typist.
SENTENCES = {
    "normal": (
        RecordingSpec("the early bird catches the worm", 101, 60.0),
        RecordingSpec("a watched pot never boils", 102, 60.0),
        RecordingSpec("every cloud has a silver lining", 103, 60.0),
        RecordingSpec("practice makes perfect", 104, 60.0),
        RecordingSpec("still waters run deep", 105, 60.0),
        RecordingSpec("many hands make light work", 106, 45.0),
        RecordingSpec("fortune favors the bold", 107, 45.0),
        RecordingSpec("birds of a feather flock together", 108, 45.0),
        RecordingSpec("when in rome do as the romans do", 109, 45.0),
        RecordingSpec("you can lead a horse to water", 110, 45.0),
    ),
    "calm": (
        RecordingSpec("jumping wizards vex", 41, 45.0, "calm"),
        RecordingSpec("quick brown fox", 42, 52.0, "calm"),
        RecordingSpec("zebra exams", 43, 60.0, "calm"),
        RecordingSpec("lazy dog walks", 44, 68.0, "calm"),
        RecordingSpec("proxy jackpot", 45, 75.0, "calm"),
        RecordingSpec("we all live apart", 46, 72.0, "calm"),
        RecordingSpec("maze of quartz", 48, 48.0, "calm"),
        RecordingSpec("the five boxing wizards jump quickly", 49, 75.0, "calm"),
        RecordingSpec("sphinx of black quartz judge my vow", 50, 45.0, "calm"),
        RecordingSpec("hello world", 121, 45.0, "calm"),
        RecordingSpec("good morning", 122, 75.0, "calm"),
        RecordingSpec("amazing zippy quails", 132, 70.0, "calm"),
        RecordingSpec("judge my vow", 133, 45.0, "calm"),
        RecordingSpec("a plaza at apex", 134, 75.0, "calm"),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("typist", choices=SENTENCES)
    sentences = SENTENCES[parser.parse_args().typist]
    layout = load_layout("qwerty")
    recordings = []
    for sentence in sentences:
        print(f"{sentence.text!r}, seed {sentence.seed}, {sentence.angle_deg:g} degrees", flush=True)
        recordings.append(load_or_render(sentence, layout, 2, lambda frames, total: nullcontext(frames)))
    command(["evaluate", "recording", *map(str, recordings)])


if __name__ == "__main__":
    main()
