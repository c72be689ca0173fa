"""The README's results of typing on rendered recordings:

    python benchmarks/typing_recordings.py normal
    python benchmarks/typing_recordings.py calm

Renders the recordings once, in some ten minutes, and keeps them in the cache (3 GB).
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext

from fingertip_contact.cli.main import main as command
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.recording_sets import load_recording_set
from fingertip_research.evaluation.rendered_suite import load_or_render


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("typist", choices=("normal", "calm"))
    layout = load_layout("qwerty")
    recordings = []
    for spec in load_recording_set(parser.parse_args().typist):
        print(f"{spec.text!r}, seed {spec.seed}, {spec.angle_deg:g} degrees", flush=True)
        recordings.append(load_or_render(spec, layout, 2, lambda frames, total: nullcontext(frames)))
    command(["evaluate", "recording", *map(str, recordings)])


if __name__ == "__main__":
    main()
