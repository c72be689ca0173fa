"""Rules of `evaluate recording` and of the report behind it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.events import EventRecord, event_writer

MS = 1_000_000
KEYS = ("h", "e", "l", "l", "o")
HEADER = {
    "kind": "header",
    "version": 1,
    "text": "hello",
    "calibration_seconds": 0.5,
    "camera_from_sheet": {"rotation": [[1, 0, 0], [0, -1, 0], [0, 0, -1]], "translation_m": [0, 0, 0.35]},
}


def write_bag(path: Path) -> Path:
    """Two images, 30 s apart: with given events only the duration is read from it."""
    camera = Camera(fx=40.0, fy=40.0, cx=16.0, cy=12.0, width=32, height=24)
    with BagWriter(path) as bag:
        for stamp_ns in (0, 30_000 * MS):
            bag.write_image("/color/image_raw", stamp_ns, "camera", np.zeros((24, 32, 3), np.uint8), "bgr8")
            bag.write_camera_info("/color/camera_info", stamp_ns, "camera", camera)
            depth = np.zeros((24, 32), np.uint16)
            bag.write_image("/aligned_depth_to_color/image_raw", stamp_ns, "camera", depth, "16UC1")
    return path


def write_ground_truth(path: Path) -> Path:
    taps = [
        {
            "kind": "tap",
            "press_ns": (index + 1) * 1000 * MS,
            "release_ns": (index + 1) * 1000 * MS + 80 * MS,
            "hand": "right",
            "finger": "index",
            "key": key,
            "text": key,
            "x_m": 0.01 * index,
            "y_m": 0.02,
        }
        for index, key in enumerate(KEYS)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in (HEADER, *taps)))
    return path


def make_event(event_type: str, time_ms: float, press_id: int, key: str | None, finger: str = "index") -> EventRecord:
    x_m = 0.01 * (time_ms // 1000 - 1) + 0.003
    text = key or "" if event_type == "press" else ""
    time_ns = round(time_ms * MS)
    return EventRecord(
        time_ns, time_ns + 60 * MS, event_type, "right", finger, key, text, x_m, -0.024, 0.35, 0.9, press_id
    )


def write_events(path: Path) -> Path:
    """Five taps: three detected correctly and 10 ms late, one on the wrong key, one missed; and one extra press."""
    taps = ((1010, "h"), (2010, "e"), (3010, "l"), (4010, "k"))
    with event_writer(path) as write:
        for press_id, (time_ms, key) in enumerate(taps):
            write(make_event("press", time_ms, press_id, key))
            write(make_event("release", time_ms + 90, press_id, key))
        write(make_event("press", 5020, 9, "o", finger="middle"))
        write(make_event("release", 5200, 9, "o", finger="middle"))
    return path


@pytest.fixture
def recording(tmp_path) -> Path:
    write_ground_truth(tmp_path / "hello.truth.jsonl")
    write_events(tmp_path / "events.jsonl")
    return write_bag(tmp_path / "hello.mcap")


def test_report_matches_hand_counts(recording, tmp_path, capsys):
    """Every metric of the report equals its value counted by hand."""
    assert run("evaluate", "recording", recording, "--events", tmp_path / "events.jsonl", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["taps"], report["presses"], report["matched"]) == (5, 5, 4)
    assert (report["event_precision"], report["event_recall"], report["event_f1"]) == (0.8, 0.8, 0.8)
    assert report["key_accuracy"] == 0.75
    assert report["cer"] == pytest.approx(1 / 5)
    assert report["texts"] == [{"typed": "hello", "read": "helko", "read_with_words": None}]
    assert report["wpm"] == pytest.approx(60 / 4.01)
    assert report["false_presses_per_minute"] == pytest.approx(2.0)
    assert report["onset_error_ms"]["median"] == pytest.approx(10)
    assert report["release_error_ms"]["median"] == pytest.approx(20)
    assert report["latency_ms"]["median"] == pytest.approx(70)
    assert report["position_error_mm"]["median"] == pytest.approx(5)
    assert report["fingers"]["right_index"]["event_recall"] == 0.8
    assert report["fingers"]["right_middle"]["presses"] == 1
    assert report["finger_confusions"] == [{"true": "right_index", "reported": "right_middle", "count": 1}]


def test_report_is_printed_as_tables(recording, tmp_path, capsys):
    """Without --json the same metrics are printed as tables."""
    assert run("evaluate", "recording", recording, "--events", tmp_path / "events.jsonl") == 0
    out = capsys.readouterr().out
    assert "0.800" in out
    assert "helko" in out
    assert "right index as right middle 1x" in out
    assert max(map(len, out.splitlines())) <= 80


def test_several_recordings_are_pooled(recording, tmp_path, capsys):
    """Each recording's truth lies beside it; the total is of all taps together."""
    other = write_bag(tmp_path / "other.mcap")
    write_ground_truth(tmp_path / "other.truth.jsonl")
    assert run("evaluate", "recording", recording, other, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report["recordings"]) == [str(recording), str(other)]
    assert report["taps"] == 10
    assert (report["presses"], report["event_f1"], report["cer"]) == (0, 0.0, 1.0)
    assert report["latency_ms"] == {"median": None, "p95": None, "p99": None}


BAD_INPUT = {
    "no truth": (["nowhere.mcap"], "truth file nowhere.truth.jsonl does not exist"),
    "no bag": (["nowhere.mcap", "--truth", "hello.truth.jsonl"], "recording nowhere.mcap does not exist"),
    "bad truth": (["hello.mcap", "--truth", "events.jsonl"], "events.jsonl, line 1: field 'kind' is missing"),
    "bad events": (["hello.mcap", "--events", "hello.truth.jsonl"], "hello.truth.jsonl, line 1: field 'stamp_ns'"),
    "one truth for two": (["hello.mcap", "hello.mcap", "--truth", "hello.truth.jsonl"], "go with one recording"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input(recording, tmp_path, monkeypatch, capsys, case):
    """One line with the file and the error, exit code 2, nothing on stdout."""
    monkeypatch.chdir(tmp_path)
    arguments, message = BAD_INPUT[case]
    assert run("evaluate", "recording", *arguments, "--json") == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
