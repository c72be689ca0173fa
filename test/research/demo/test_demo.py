"""The demo as a user starts it: the real nodes decode a recording over DDS."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import pytest

pytest.importorskip("rclpy")

from cli_harness import run
from fingertip_contact import weights
from fingertip_contact.recordings.open import open_recording
from fingertip_research.ground_truth.recording import ground_truth_path
from fingertip_research.simulation.recording_cache import is_complete, locate_recording

SETTINGS: dict[str, object] = {"text": "hi", "seed": 3, "angle": 60.0, "difficulty": "calm", "sensor": "stereo"}
ARGUMENTS = ["demo", "--text", "hi", "--seed", "3", "--angle", "60", "--max-cer", "1000"]


@pytest.fixture
def cache(tmp_path, monkeypatch, hand_weights) -> Path:
    """A separate cache, with the real weights."""
    monkeypatch.setenv(weights.DIRECTORY_VARIABLE, str(hand_weights["palm_detection_full"].parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_demo_reads_the_typed_text(cache, typed_recording, tmp_path, capfd):
    """A cached recording is played; summary, video and contact sheet are written; all nodes have logs."""
    cached = locate_recording(SETTINGS)
    cached.parent.mkdir(parents=True)
    shutil.copy(typed_recording, cached)
    shutil.copy(ground_truth_path(typed_recording), ground_truth_path(cached))
    out = tmp_path / "out"
    assert run(*ARGUMENTS, "--out", out) == 0
    output = capfd.readouterr().out
    assert "(cached)" in output
    assert "'hi'" in output
    assert "25 words per minute" in output
    assert str(out / "contact_sheet.png") in output
    with open_recording(cached) as recording:
        frames = recording.frame_count
    assert cv2.VideoCapture(str(out / "overlay.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == frames
    assert cv2.imread(str(out / "contact_sheet.png")).shape == (3 * 360, 4 * 480, 3)
    assert sorted(path.name for path in (out / "logs").iterdir()) == [
        "contact_node.log",
        "hand_tracking_node.log",
        "simulated_camera_node.log",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--text", "é"], "no key that writes 'é'"), (["--difficulty", "wild"], "choose one of calm, normal, hard")],
)
def test_invalid_demo_arguments_are_rejected(cache, tmp_path, capfd, arguments, message):
    """The error is one line with exit code 2; nothing is cached."""
    assert run(*ARGUMENTS, *arguments, "--out", tmp_path / "out") == 2
    assert message in capfd.readouterr().err
    assert not list(cache.rglob("*.mcap"))


def test_cached_recording_depends_on_its_settings(cache, tmp_path):
    """Each setting changes the name; a bag without ground truth is not complete."""
    assert locate_recording(SETTINGS) == locate_recording(dict(reversed(SETTINGS.items())))
    assert locate_recording(SETTINGS) != locate_recording({**SETTINGS, "seed": 4})
    bag = tmp_path / "a.mcap"
    bag.touch()
    assert not is_complete(bag)
    ground_truth_path(bag).touch()
    assert is_complete(bag)
