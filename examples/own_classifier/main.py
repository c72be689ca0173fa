"""Counts the presses of a recording by the classifier of this folder and by the package's own."""

import argparse
from pathlib import Path

from fingertip_contact import build_pipeline, load_layout, open_recording, process_frames

# The folder of a program is where Python looks for modules first: longest_descent.py is found.
OWN_PROFILE = Path(__file__).with_name("profile.yaml")


def count_presses(bag: str, profile: str | Path) -> int:
    pipeline = build_pipeline(load_layout("qwerty"), profile)
    with open_recording(bag) as recording:
        results = [result for _, result in process_frames(recording.frames(), pipeline)]
    return sum(event.type == "press" for result in results for event in result.contact_events)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bag", help="a rosbag2 folder, or a .mcap, .db3 or .bag file")
    arguments = parser.parse_args()
    print(f"longest_descent: {count_presses(arguments.bag, OWN_PROFILE)} presses")
    print(f"default: {count_presses(arguments.bag, 'default')} presses")


if __name__ == "__main__":
    main()
