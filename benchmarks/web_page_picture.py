"""The picture of the page in docs/web.md: real nodes read a recording, and a browser shows the page.

    python benchmarks/web_page_picture.py RECORDING --at-s 9 --out docs/web.jpg

Needs playwright, and a Chromium on the PATH. The recording is played slowly, with its own time, so that a busy machine
loses no image. The picture is taken at the first key that is down after --at-s of playing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from fingertip_contact.ros.environment import make_node_environment
from fingertip_contact.selftest.processes import NodeStarter

BROWSERS = ("chromium", "chromium-headless-shell", "google-chrome")
# A domain that others on this machine hardly use.
DOMAIN = "83"
PORT = 8499
SIZE = {"width": 1440, "height": 900}
TIMEOUT_MS = 120_000
TOPICS = {
    "color/image": "/camera/camera/color/image_raw",
    "color/camera_info": "/camera/camera/color/camera_info",
    "depth/image": "/camera/camera/aligned_depth_to_color/image_raw",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="JPEG or PNG")
    parser.add_argument("--at-s", type=float, default=9.0, help="seconds of the recording")
    parser.add_argument("--rate", type=float, default=0.2, help="playback rate")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    arguments = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is on the PATH: apt install chromium")
    environment = {"ROS_DOMAIN_ID": DOMAIN, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    os.environ.update(make_node_environment(os.environ | environment))
    remaps = [text for topic, target in TOPICS.items() for text in ("-r", f"{topic}:={target}")]
    with tempfile.TemporaryDirectory() as folder, NodeStarter(Path(folder)) as nodes:
        nodes.start("pipeline_node", {"use_sim_time": True}, remaps)
        nodes.start("web_node", {"use_sim_time": True, "port": PORT}).wait_for_log("the page is at")
        nodes.start("replay_node", {"recording": arguments.recording, "rate": arguments.rate, "start_delay_s": 3.0})
        _take_picture(browser, arguments)


def _take_picture(browser: str, arguments: argparse.Namespace) -> None:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=browser) as chromium:
        page = chromium.new_page(viewport=SIZE, color_scheme=arguments.theme)
        page.goto(f"http://127.0.0.1:{PORT}/")
        page.wait_for_selector("#overlay:not([hidden])", timeout=TIMEOUT_MS)
        page.wait_for_timeout(arguments.at_s / arguments.rate * 1e3)
        page.wait_for_selector("#keyboard .down", timeout=TIMEOUT_MS)
        kind = {"quality": 82, "type": "jpeg"} if arguments.out.suffix in (".jpg", ".jpeg") else {"type": "png"}
        page.screenshot(path=arguments.out, **kind)


if __name__ == "__main__":
    main()
