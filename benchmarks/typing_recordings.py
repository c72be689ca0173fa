"""Typing on rendered recordings, the camera facing the typist at 45 to 75 degrees:

    python benchmarks/typing_recordings.py normal
    python benchmarks/typing_recordings.py calm --sensor ideal

Renders the recordings once, in some twenty minutes, and keeps them in the cache (4 GB).
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from dataclasses import replace

from fingertip_contact.cli.main import main as command
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.recording_sets import load_recording_set
from fingertip_research.evaluation.rendered_suite import load_or_render
from fingertip_research.simulation.scene import SENSORS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("typist", choices=("normal", "calm"))
    parser.add_argument("--sensor", choices=SENSORS, default="stereo", help="depth as a D405 matches it, or sharp")
    arguments = parser.parse_args()
    layout = load_layout("qwerty")
    recordings = []
    for listed in load_recording_set(arguments.typist):
        spec = replace(listed, sensor=arguments.sensor)
        print(f"{spec.text!r}, seed {spec.seed}, {spec.angle_deg:g} degrees", flush=True)
        recordings.append(load_or_render(spec, layout, 2, lambda frames, total: nullcontext(frames)))
    command(["evaluate", "recording", *map(str, recordings)])


if __name__ == "__main__":
    main()
