"""What the README says of the `normal` typist, on ten people whom nothing was tuned on:

    python test/measure_typing.py

Renders the recordings once, some ten minutes, and keeps them in the cache (3 GB).
"""

from __future__ import annotations

from contextlib import nullcontext

from fingertip_contact.cli.main import main as command
from fingertip_contact.evaluation.contact_rendered import Scripted, standard_recording
from fingertip_contact.keyboard.layout import load_layout

SENTENCES = (
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
)


def main() -> None:
    layout = load_layout("qwerty")
    recordings = []
    for sentence in SENTENCES:
        print(f"{sentence.text!r}, seed {sentence.seed}, {sentence.angle_deg:g} degrees", flush=True)
        recordings.append(standard_recording(sentence, layout, 2, lambda frames, total: nullcontext(frames)))
    command(["evaluate", "recording", *map(str, recordings)])


if __name__ == "__main__":
    main()
