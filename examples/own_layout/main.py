"""Loads a layout file, finds the key under a point, and draws the sheet."""

import argparse
from pathlib import Path

import cv2

from fingertip_contact import load_layout
from fingertip_contact.keyboard.sheet import draw_sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layout", default=Path(__file__).with_name("remote.yaml"), help="a layout file")
    parser.add_argument("--out", default="remote.png", help="the image to write")
    arguments = parser.parse_args()

    layout = load_layout(arguments.layout)
    print(f"{layout.name}: {', '.join(key.name for key in layout.keys)}")
    key = layout.key_at(0.025, 0.0)
    print(f"25 mm right of the centre: {key.name if key else 'no key'}")
    if not cv2.imwrite(arguments.out, draw_sheet(layout, pixels_per_mm=4.0)):
        raise SystemExit(f"{arguments.out} cannot be written")


if __name__ == "__main__":
    main()
