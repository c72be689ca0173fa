"""Rules of checking datasets."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

import dataset_world as world
from cli_harness import run
from fingertip_contact.datatypes import DepthImage
from fingertip_research.datasets.check import (
    Quality,
    check_dataset,
    find_rejected_frames,
    measure_sharpness,
    measure_valid_ratio,
)
from fingertip_research.datasets.dataset import open_dataset


@pytest.fixture
def dataset(tmp_path):
    for participant in ("P01", "P02"):
        world.write_session(tmp_path, participant)
    return open_dataset(tmp_path)


def run_check(dataset, **options):
    return {result.session.participant: result for result in check_dataset(dataset, Quality(), **options)}


def test_complete_dataset_has_no_problems(dataset):
    """A valid session passes; the figures are those of its images."""
    for result in run_check(dataset).values():
        assert (result.problems, result.notes) == ((), ())
        summary = result.summary(Quality())
        assert (summary["frames"], summary["checked"], summary["rejected"]) == (3, 3, 0)
        assert (summary["without_hands"], summary["contact_frames"]) == (0, 1)
        assert summary["valid_ratio"] == 1.0
        assert summary["camera_angle_deg"] == pytest.approx(90, abs=1)
        assert summary["surface_residual_mm"] < 1.0
        json.dumps(summary, allow_nan=False)


def test_problems_are_reported_by_file_and_checking_continues(dataset):
    """Missing images, a corrupt image, a wrong size, a wrong unit, a damaged label: each names its file."""
    first, second = dataset.sessions
    (first.path / "depth" / "000000.png").unlink()
    (first.path / "rgb" / "000001.png").write_bytes(b"nothing")
    (first.path / "labels" / "000002.json").write_text("{")
    (second.path / "rgb" / "000000.png").unlink()
    cv2.imwrite(str(second.path / "rgb" / "000001.png"), np.zeros((5, 7, 3), dtype=np.uint8))
    cv2.imwrite(str(second.path / "depth" / "000002.png"), 10 * world.make_depth_mm(2))
    results = run_check(open_dataset(dataset.path))
    expected = {
        "P01": ["depth/000000.png", "rgb/000001.png", "labels/000002.json", "000000.json"],
        "P02": ["rgb/000000.png", "rgb/000001.png", "depth/000002.png", "000000.json"],
    }
    for participant, names in expected.items():
        problems = results[participant].problems
        for name in names:
            assert any(name in problem for problem in problems), (name, problems)


def test_hands_and_labels_have_to_agree(dataset):
    """A label with hands that the annotation lacks is a problem."""
    file = dataset.sessions[0].path / "annotations" / "000001.json"
    file.write_text('{"frame_id": 1, "num_hands": 0, "hands": []}')
    assert any("labels 1 hands" in problem for problem in run_check(dataset)["P01"].problems)


def test_anomalies_are_reported_as_notes(dataset):
    """A wrong number of frames, another camera angle and stamps that go back are notes, not problems."""
    session = dataset.sessions[0]
    session_fields = {**session.metadata["session"], "total_frames": 7, "angle_degrees": 45}
    world.change_metadata(session, session=session_fields)
    (session.path / "stamps.csv").write_text("frame,stamp_ns\n0,5\n1,4\n")
    result = run_check(open_dataset(dataset.path))["P01"]
    notes = " ".join(result.notes)
    assert "total_frames is 7, there are 3" in notes
    assert "the camera's elevation is 90 degrees, not 45" in notes
    assert "no stamp for 1 frames" in notes
    assert "stamps do not increase" in notes


def test_quality_filter_matches_the_published_one(dataset):
    """Minimum: depth in 80 % of the central window, variance of the Laplacian 100; unreadable frames also fail."""
    session = dataset.sessions[0]
    blurred = cv2.GaussianBlur(world.image(0), (0, 0), 4)
    cv2.imwrite(str(session.path / "rgb" / "000000.png"), blurred)
    holes = world.make_depth_mm(1)
    holes[16:24] = 0  # a quarter of the central window
    cv2.imwrite(str(session.path / "depth" / "000001.png"), holes)
    assert dict(find_rejected_frames(dataset, Quality())) == {session.key: (0, 1), dataset.sessions[1].key: ()}
    (session.path / "rgb" / "000002.png").write_bytes(b"")
    lenient = Quality(valid_ratio=0.5, sharpness=1.0)
    assert dict(find_rejected_frames(dataset, lenient))[session.key] == (2,)


def test_quality_is_measured_as_defined():
    """The central 60 % of height and width; a checkerboard of single pixels has the largest sharpness."""
    values = np.full((10, 10), 350, dtype=np.uint16)
    values[:2] = 0
    assert measure_valid_ratio(DepthImage(values, 0.001), 0.6) == 1.0
    values[2:5] = 0
    assert measure_valid_ratio(DepthImage(values, 0.001), 0.6) == 0.5
    board = (np.indices((20, 20)).sum(axis=0) % 2 * 255).astype(np.uint8)
    grey = np.repeat(board[..., None], 3, axis=2)
    # Each pixel's four neighbours differ from it by 255: +-1020.
    assert measure_sharpness(grey) == pytest.approx(1020**2, rel=0.01)
    assert measure_sharpness(np.full((20, 20, 3), 90, dtype=np.uint8)) == 0.0


def test_threads_and_subsampling_do_not_change_findings(dataset):
    """Missing files are found in all frames even if only every second frame is read."""
    (dataset.sessions[0].path / "depth" / "000001.png").unlink()
    reopened = open_dataset(dataset.path)
    alone, together = run_check(reopened), run_check(reopened, threads=3, stride=2)
    for participant, result in alone.items():
        assert together[participant].problems == result.problems
    assert [len(result.frames) for result in together.values()] == [1, 2]


def test_check_command_exit_code_reports_problems(dataset, capsys):
    """Exit code 0, then 1 with the file's name, 2 if there is no dataset."""
    assert run("dataset", "check", dataset.path) == 0
    (dataset.sessions[0].path / "rgb" / "000001.png").write_bytes(b"nothing")
    capsys.readouterr()
    assert run("dataset", "check", dataset.path, "--json") == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert "rgb/000001.png" in problem
    assert run("dataset", "check", dataset.path / "none") == 2


def test_info_counts_without_reading_images(dataset, capsys):
    """By participant, angle, surface and action."""
    (dataset.sessions[0].path / "rgb" / "000001.png").write_bytes(b"nothing")
    assert run("dataset", "info", dataset.path, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["sessions"], report["frames"]) == (2, 6)
    assert report["participant"] == {"P01": 3, "P02": 3}
    assert (report["angle"], report["surface"], report["action"]) == ({"90": 6}, {"white_desk": 6}, {"typing": 6})
