"""The line that `setup` prints has only arguments that its launch file declares, with values that it takes."""

from __future__ import annotations

import shlex
from contextlib import contextmanager

import pytest

pytest.importorskip("rclpy")

from fingertip_contact.cameras.realsense_modes import parse_mode
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.live import source as sources
from fingertip_contact.live.source import SourceRequest, open_source
from fingertip_contact.setup_guide.start_lines import make_start_lines
from launch_stubs import list_arguments, stub_realsense_driver


@contextmanager
def open_nothing(*arguments):
    """In place of a camera."""
    yield "a camera", iter(())


@pytest.mark.parametrize(
    ("camera", "launch_file"), [("d405", "d405"), ("/dev/video0", "webcam"), ("recording", "simulation")]
)
def test_the_line_is_understood(camera, launch_file, readable_recording, tmp_path, monkeypatch):
    """Also with turned images and a list of words. Modes are written as the launch files read them."""
    monkeypatch.setattr(sources, "stream_d405", open_nothing)
    monkeypatch.setattr(sources, "stream_webcam", open_nothing)
    chosen = str(readable_recording) if camera == "recording" else camera
    mode = None if camera == "recording" else parse_mode("848x480x60", "mode")  # A recording has its own.
    request = SourceRequest(chosen, load_layout("qwerty"), mode, rotate_deg=180)
    with open_source(request, print) as source:
        line = shlex.split(make_start_lines(source, tmp_path / "desk.yaml", "qwerty", "english").ros)
    assert line[3] == f"{launch_file}.launch.py"
    arguments = dict(text.split(":=", 1) for text in line[4:])
    stub_realsense_driver(tmp_path, monkeypatch)
    assert set(arguments) <= set(list_arguments(launch_file, monkeypatch))
    assert {"profile", "layout", "words", "depth_source", "rotate"} <= set(arguments)
    if camera == "d405":
        assert parse_mode(arguments["color_profile"], "color_profile") == mode
    if camera == "/dev/video0":
        assert (arguments["width"], arguments["height"], float(arguments["fps"])) == ("848", "480", 60.0)
