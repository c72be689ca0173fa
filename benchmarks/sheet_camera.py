"""How exactly the sheet gives a camera's focal length, on recordings whose camera_info is true.

    python benchmarks/sheet_camera.py RECORDING... [--layout qwerty]

Reads the colour images alone, as `fingertip-contact process` does with a video. One line per recording: elevation of
the camera over the sheet, true and estimated focal length, its error, and what the command would say.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from fingertip_contact.keyboard.camera_calibration import find_sheet_camera
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.keyboard.sheet_pose import SheetPoseTracker
from fingertip_contact.recordings.bag_recording import open_bag_recording, open_color_images


def measure(path: Path, layout: Layout) -> tuple[float, str]:
    """Elevation (degrees; NaN where the sheet is not found) and the recording's line."""
    with open_bag_recording(path) as recording:
        true_px = recording.camera.focal_px
        sheet = SheetPoseTracker(layout)
        sheet.update(next(recording.frames()))
    with open_color_images(path) as images:
        estimate = find_sheet_camera(layout, images)
    elevation_deg = sheet.placed_sheet.plane.elevation_deg if sheet.placed_sheet else float("nan")
    focal_px = estimate.camera.focal_px
    return elevation_deg, (
        f"{path.name:24} {elevation_deg:3.0f} deg  true {true_px:5.1f} px, estimated {focal_px:5.1f} px "
        f"{focal_px / true_px - 1:+6.1%}  {estimate.description}"
    )


def main() -> None:
    """Prints the lines in order of elevation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--layout", default="qwerty")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    layout = load_layout(arguments.layout)
    for _, line in sorted(measure(path, layout) for path in arguments.recordings):
        print(line)


if __name__ == "__main__":
    main()
