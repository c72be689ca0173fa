"""The demonstration as a user starts it: real nodes over real DDS read a recording, a person sees what they read."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import pytest

pytest.importorskip("rclpy")

from cli_harness import run

from fingertip_contact import weights
from fingertip_contact.demo.recording import cached_recording, is_whole
from fingertip_contact.recordings.bag import open_recording
from fingertip_contact.recordings.truth import ground_truth_path

SETTINGS: dict[str, object] = {"text": "hi", "seed": 3, "angle": 60.0, "difficulty": "calm"}
ARGUMENTS = ["demo", "--text", "hi", "--seed", "3", "--angle", "60", "--max-cer", "1000"]


@pytest.fixture
def cache(tmp_path, monkeypatch, hand_weights) -> Path:
    """A cache of the test's own, with the real weights."""
    monkeypatch.setenv(weights.DIRECTORY_VARIABLE, str(hand_weights["palm_detection_full"].parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_demo_reads_what_is_typed(cache, typed_recording, tmp_path, capfd):
    """A recording that was rendered before is played; summary, video and picture come; nothing runs on afterwards."""
    kept = cached_recording(SETTINGS)
    kept.parent.mkdir(parents=True)
    shutil.copy(typed_recording, kept)
    shutil.copy(ground_truth_path(typed_recording), ground_truth_path(kept))
    out = tmp_path / "out"
    assert run(*ARGUMENTS, "--out", out) == 0
    said = capfd.readouterr().out
    assert "rendered before" in said
    assert "'hi'" in said
    assert "25 words a minute" in said
    assert str(out / "contact_sheet.png") in said
    with open_recording(kept) as recording:
        frames = recording.frame_count
    assert cv2.VideoCapture(str(out / "overlay.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == frames
    assert cv2.imread(str(out / "contact_sheet.png")).shape == (3 * 360, 4 * 480, 3)
    assert sorted(path.name for path in (out / "logs").iterdir()) == [
        "contact_node.log",
        "hand_tracking_node.log",
        "simulated_camera_node.log",
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--text", "é"], "no key that writes 'é'"), (["--difficulty", "wild"], "choose one of calm, normal, hard")],
)
def test_a_bad_wish_is_refused(cache, tmp_path, capfd, arguments, says):
    """One line, exit code 2, nothing kept."""
    assert run(*ARGUMENTS, *arguments, "--out", tmp_path / "out") == 2
    assert says in capfd.readouterr().err
    assert not list(cache.rglob("*.mcap"))


def test_a_recording_is_kept_by_what_made_it(cache, tmp_path):
    """Other settings have another name, and half a recording is none."""
    assert cached_recording(SETTINGS) == cached_recording(dict(reversed(SETTINGS.items())))
    assert cached_recording(SETTINGS) != cached_recording({**SETTINGS, "seed": 4})
    bag = tmp_path / "a.mcap"
    bag.touch()
    assert not is_whole(bag)
    ground_truth_path(bag).touch()
    assert is_whole(bag)
