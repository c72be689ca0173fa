"""`recording info`: text and JSON, usable or why not."""

from __future__ import annotations

import json

import pytest

from cli_harness import run
from small_bags import COLOR, DEPTH, LEFT, RIGHT, RIGHT_INFO, write_recording


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_recording(tmp_path_factory.mktemp("info") / "plain.mcap", 6, imagers=(LEFT, RIGHT))


def test_json_has_what_a_bug_report_needs(recording, capsys):
    """Topics with encodings, rates and sizes; intrinsics, pairing, sheet, hands, and that it can be used."""
    assert run("recording", "info", recording, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    topics = {topic["name"]: topic for topic in report["topics"]}
    assert topics[COLOR]["content"] == "bgr8 64x48"
    assert topics[DEPTH]["content"] == "16UC1 64x48"
    assert topics[RIGHT_INFO]["content"] == "64x48, f = 70.0 70.0 px, plumb_bob, not distorted, baseline 18.0 mm"
    assert topics[COLOR]["count"] == 6
    assert topics[COLOR]["rate_hz"] == pytest.approx(30, abs=0.1)
    assert topics[COLOR]["mean_bytes"] > 64 * 48 * 3
    assert (topics[COLOR]["gaps"], topics[COLOR]["repeated_stamps"]) == (0, 0)
    assert report["usable"] is True
    assert report["depth_unit_m"] == 0.001
    assert f"100 % {DEPTH}, 100 % {LEFT}, 100 % {RIGHT}" in report["pairing"]
    assert report["sheet"] == "0 of 8 markers of qwerty seen"
    assert report["reads"] == "colour, depth aligned to colour and images of both imagers"
    assert "hands" in report


def test_unusable_recording_says_why(tmp_path, capsys):
    """The topics are shown all the same, and the exit code is 1."""
    path = write_recording(tmp_path / "bag.mcap", info=None)
    assert run("recording", "info", path) == 1
    text = capsys.readouterr().out
    assert f"{COLOR} (sensor_msgs/msg/Image): 5 x" in text
    assert "not usable: " in text
    assert "has no intrinsics: record" in text


def test_missing_recording(tmp_path, capsys):
    assert run("recording", "info", tmp_path / "none.mcap") == 2
    assert "does not exist" in capsys.readouterr().err
