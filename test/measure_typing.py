"""What the README says of the typists:

    python test/measure_typing.py normal
    python test/measure_typing.py calm

Renders the recordings once, some ten minutes, and keeps them in the cache (3 GB).
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext

from fingertip_contact.cli.main import main as command
from fingertip_contact.evaluation.contact_rendered import Scripted, standard_recording
from fingertip_contact.keyboard.layout import load_layout

# Nothing was tuned on any of the normal typists, nor on the first nine calm ones (of seed 41 the detector's threshold
# saw another text); the other five were looked at while the calm typist was made.
SENTENCES = {
    "normal": (
        Scripted("the early bird catches the worm", 101, 60.0),
        Scripted("a watched pot never boils", 102, 60.0),
        Scripted("every cloud has a silver lining", 103, 60.0),
        Scripted("practice makes perfect", 104, 60.0),
        Scripted("still waters run deep", 105, 60.0),
        Scripted("many hands make light work", 106, 45.0),
        Scripted("fortune favors the bold", 107, 45.0),
        Scripted("birds of a feather flock together", 108, 45.0),
        Scripted("when in rome do as the romans do", 109, 45.0),
        Scripted("you can lead a horse to water", 110, 45.0),
    ),
    "calm": (
        Scripted("jumping wizards vex", 41, 45.0, "calm"),
        Scripted("quick brown fox", 42, 52.0, "calm"),
        Scripted("zebra exams", 43, 60.0, "calm"),
        Scripted("lazy dog walks", 44, 68.0, "calm"),
        Scripted("proxy jackpot", 45, 75.0, "calm"),
        Scripted("we all live apart", 46, 72.0, "calm"),
        Scripted("maze of quartz", 48, 48.0, "calm"),
        Scripted("the five boxing wizards jump quickly", 49, 75.0, "calm"),
        Scripted("sphinx of black quartz judge my vow", 50, 45.0, "calm"),
        Scripted("hello world", 121, 45.0, "calm"),
        Scripted("good morning", 122, 75.0, "calm"),
        Scripted("amazing zippy quails", 132, 70.0, "calm"),
        Scripted("judge my vow", 133, 45.0, "calm"),
        Scripted("a plaza at apex", 134, 75.0, "calm"),
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
        recordings.append(standard_recording(sentence, layout, 2, lambda frames, total: nullcontext(frames)))
    command(["evaluate", "recording", *map(str, recordings)])


if __name__ == "__main__":
    main()
