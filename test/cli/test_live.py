"""`live` types what is typed under a camera; a recording stands in for it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.advice import NO_SHEET
from fingertip_contact.cli.interruption import until_interrupted
from fingertip_contact.cli.live import SeenLines
from fingertip_contact.datatypes import FrameResult
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.selftest.stand_ins import CAMERA, HOVER, TOUCH, write_parameters

pytestmark = pytest.mark.usefixtures("hand_weights")
START_NS, FRAME_NS = 1_700_000_000_000_000_000, 33_333_333


def press_ctrl_c() -> None:
    """What Python calls for it. A real signal here may end pytest: findings/openvino_signal_stack.sh."""
    signal.getsignal(signal.SIGINT)(signal.SIGINT, None)


class InterruptingOutput:
    """Presses Ctrl-C when the first key goes down."""

    def process(self, result: FrameResult) -> None:
        if any(event.type == "press" for event in result.contact_events):
            press_ctrl_c()

    def close(self) -> None:
        pass


def test_text_comes_as_it_is_typed(readable_recording: Path, capsys: pytest.CaptureFixture[str]):
    """The text on standard output, what was found on standard error."""
    assert run("live", "--camera", readable_recording) == 0
    said = capsys.readouterr()
    assert said.out == "hi\n"
    lines = said.err.splitlines()
    assert lines.index("sheet found") < lines.index("surface found: type")
    assert "Ctrl-C ends" in said.err


def test_events_are_those_of_process(readable_recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """With --json the lines are those that `process` writes into its file."""
    events = tmp_path / "events.jsonl"
    assert run("process", readable_recording, "--out", events, "--depth-source", "sensor") == 0
    capsys.readouterr()
    assert run("live", "--camera", readable_recording, "--json") == 0
    assert capsys.readouterr().out == events.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("outputs", "exit_code", "types"),
    [((), 0, ["press", "release"]), (("--output", f"{__name__}:InterruptingOutput"), 130, ["press", "cancel"])],
)
def test_ctrl_c_ends_what_is_held(outputs, exit_code, types, tmp_path, capsys):
    """The frame at hand is finished, and its press is cancelled; without Ctrl-C it is released where the finger is."""
    camera = tmp_path / "held.mcap"
    with BagWriter(camera) as bag:
        for index, code in enumerate((HOVER, HOVER, TOUCH, TOUCH, TOUCH, HOVER, HOVER)):
            stamp_ns = START_NS + index * FRAME_NS
            bag.write_image(
                "/camera/color/image_raw", stamp_ns, "camera", np.full((120, 160, 3), code, np.uint8), "bgr8"
            )
            bag.write_camera_info("/camera/color/camera_info", stamp_ns, "camera", CAMERA)
    given = write_parameters(tmp_path)
    options = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", value)]
    assert run("live", "--camera", camera, "--json", *options, *outputs) == exit_code
    assert [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()] == types


def test_a_real_signal_ends_it_cleanly(readable_recording):
    """Sent while the key is down: the last line cancels it, exit code 130, and no traceback."""
    command = [sys.executable, "-m", "fingertip_contact", "live", "--camera", str(readable_recording), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = [process.stdout.readline()]
    process.send_signal(signal.SIGINT)
    rest, error = process.communicate(timeout=60)
    lines += rest.splitlines()
    open_presses = set()
    for event in map(json.loads, lines):
        (open_presses.add if event["type"] == "press" else open_presses.discard)(event["press"])
    assert process.returncode == 130
    assert not open_presses
    assert "Traceback" not in error


def test_a_signal_ends_the_wait_for_a_camera_that_hangs():
    """What came before is kept; the block is finished, and its end is the exit code of Ctrl-C."""

    def hang():
        yield 1
        press_ctrl_c()
        yield 2

    # Shells start programs in the background with SIGINT ignored.
    handler = signal.getsignal(signal.SIGINT)
    seen = []

    def read():
        with until_interrupted(hang()) as items:
            seen.extend(items)
            seen.append("end")

    with pytest.raises(SystemExit) as exit_info:
        read()
    assert seen == [1, "end"]
    assert exit_info.value.code == 130
    assert signal.getsignal(signal.SIGINT) is handler


def test_advice_is_not_told_with_every_frame(capsys: pytest.CaptureFixture[str]):
    """Once in ten seconds each, by the images' stamps."""
    seen = SeenLines()
    for second in range(21):
        stamp_ns = START_NS + second * 1_000_000_000
        seen.show(FrameResult(stamp_ns, (), (), (), (), "", None, None, advice=(NO_SHEET,)))
    assert capsys.readouterr().err.splitlines() == [f"advice: {NO_SHEET.message}"] * 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--camera", "nowhere.mcap"), "no recording that exists"),
        (("--layout", "nothing"), "nothing"),
        (("--profile", "nothing"), "nothing"),
        (("--mode", "640"), "--mode"),
        (("--rotate", "45"), "45"),
    ],
)
def test_wrong_options_are_told(arguments: tuple[str, ...], told: str, readable_recording, capsys):
    """One line and exit code 2, never a traceback."""
    camera = () if "--camera" in arguments else ("--camera", readable_recording)
    assert run("live", *camera, *arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
