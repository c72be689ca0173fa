"""From nothing to text: simulated hands tap with ten fingers and type, and `fingertip-contact setup` leads through it.

    python benchmarks/setup_run.py --out out/setup_run

The sheet is the built-in one with a space bar in two parts, since typists use one thumb: the left part is the left
thumb's. The recording is rendered once into --out. The user's folder of profiles is a new one, in --out too. --picture
needs playwright, and a Chromium on the PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.resources import find_share_file
from fingertip_research.simulation.recording import simulate
from fingertip_research.simulation.scene import make_scene

# Each finger once, the right thumb last, which writes the space; then the text of the typing test.
TAPS, TEXT = "asdf_jkl; ", "hello world"
PORT = 8498
BROWSERS = ("chromium", "chromium-headless-shell", "google-chrome")
SIZE = {"width": 1440, "height": 880}
SPACE_BAR = (
    {"name": "space", "char": " ", "center": [23.5, -36], "size": [56.5, 33]},
    {"name": "underscore", "char": "_", "center": [-33, -36], "size": [56.5, 33]},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/setup_run"), help="folder of the recording and profiles")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--angle", type=float, default=60.0, help="elevation of the camera, degrees")
    parser.add_argument("--picture", type=Path, help="JPEG of the page while the text is typed")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    layout = write_layout(arguments.out / "two_space_bars.yaml")
    recording = arguments.out / f"seed{arguments.seed}_angle{arguments.angle:g}.mcap"
    if not recording.exists():
        scene = make_scene(arguments.seed, arguments.angle, "calm")
        simulate(TAPS + TEXT, load_layout(layout), scene, recording)
    options = ["--camera", str(recording), "--layout", str(layout), "--text", TEXT, "--json", "--force"]
    environment = os.environ | {"XDG_CONFIG_HOME": str(arguments.out / "config")}
    command = [sys.executable, "-m", "fingertip_contact", "setup", *options, "--port", str(PORT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as setup:
        if arguments.picture is not None:
            take_picture(arguments.picture)
        output, _ = setup.communicate()
    if not output:  # The error was told.
        raise SystemExit(setup.returncode)
    result = json.loads(output)
    for step in result["steps"]:
        print(f"{step['state']:8}{step['name']:11}{step['duration_s']:5.1f} s  {step['text']}")
    print(f"{result['elapsed_s']} s in all; {result['text']!r}, {result['wpm']} WPM, CER {result['cer']}")
    print(result["launch"])
    raise SystemExit(setup.returncode)


def write_layout(path: Path) -> Path:
    """The built-in keyboard with the space bar in two parts."""
    values = yaml.safe_load(find_share_file("config/layouts/qwerty.yaml").read_text(encoding="utf-8"))
    values["keys"] = [key for key in values["keys"] if key["name"] != "space"] + list(SPACE_BAR)
    values["fingers"]["underscore"] = ["left", "thumb"]
    path.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def take_picture(path: Path) -> None:
    """Of the page, at one of the first keys of the text."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=browser) as chromium:
        page = chromium.new_page(viewport=SIZE, color_scheme="light")
        while not is_served():
            time.sleep(0.05)
        page.goto(f"http://127.0.0.1:{PORT}/")
        page.wait_for_selector("#steps li:nth-child(6)[data-state=active]")
        page.locator("#text").filter(has_text="h").wait_for()
        page.wait_for_selector("#keyboard .down")
        page.screenshot(path=path, type="jpeg", quality=74)


def is_served() -> bool:
    """Whether the page can be opened now."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", PORT)) == 0


if __name__ == "__main__":
    main()
