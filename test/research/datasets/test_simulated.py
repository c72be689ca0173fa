"""Rules of simulated datasets."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.geometry import Plane
from fingertip_research.datasets.annotations import read_annotation, read_label
from fingertip_research.datasets.check import Quality, check_dataset
from fingertip_research.datasets.dataset import ACTIONS, open_dataset
from fingertip_research.simulation.dataset import make_block_scene, simulate_dataset
from fingertip_research.simulation.dataset_plan import DatasetConfig, plan_dataset
from fingertip_research.simulation.hand_lift import MAX_TRANSITION_M, MIN_HOVER_M, sample_hover, sample_transition

ANGLES, SURFACES = (45.0, 90.0), ("white_desk", "wood_grain")
DEADLINE_S = 120


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """One person at two angles, two frames of each action, rendered by two processes."""
    root = tmp_path_factory.mktemp("people")
    assert simulate_dataset(plan_dataset(1, 12, ANGLES, SURFACES, DatasetConfig(seed=5)), root, workers=2) == 12
    return root


def read_files(root: Path) -> dict[Path, bytes]:
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("participants", "frames"), [(15, 3000), (2, 7), (3, 6), (4, 101)])
def test_frames_are_distributed_evenly(participants, frames):
    """Among people, angles and actions, without remainder; every surface is used."""
    blocks = plan_dataset(participants, frames, ANGLES, SURFACES, DatasetConfig())
    assert sum(sum(block.frames.values()) for block in blocks) == frames
    for key in (lambda block: block.participant, lambda block: block.angle_deg):
        counts = Counter()
        for block in blocks:
            counts[key(block)] += sum(block.frames.values())
        assert max(counts.values()) - min(counts.values()) <= participants
    for action in ACTIONS:
        assert sum(block.frames[action] for block in blocks) == pytest.approx(frames / 3, abs=len(blocks))
    assert {block.surface for block in blocks} == set(SURFACES)
    names = [block.session_info(action).name for block in blocks for action in ACTIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 5, ANGLES, SURFACES, DatasetConfig()), "at least 6 are needed"),
        ((0, 5, ANGLES, SURFACES, DatasetConfig()), "0 participants"),
        ((1, 5, (), SURFACES, DatasetConfig()), "0 angles"),
        ((1, 5, (45.0, 45.0), SURFACES, DatasetConfig()), "named twice"),
        ((1, 5, (20.0,), SURFACES, DatasetConfig()), "angle is 20"),
        ((1, 5, ANGLES, ("lava",), DatasetConfig()), "lava"),
        ((1, 5, ANGLES, SURFACES, DatasetConfig(every=0)), "0th"),
        ((1, 5, ANGLES, SURFACES, DatasetConfig(difficulty="brutal")), "difficulty is brutal"),
    ],
)
def test_impossible_plans_are_rejected(arguments, message):
    """They are rejected before rendering."""
    with pytest.raises(ValueError, match=message):
        plan_dataset(*arguments)


def test_simulated_dataset_passes_the_check(people):
    """It passes the check, shows hands in every frame, and each session matches its description."""
    checks = list(check_dataset(open_dataset(people), Quality()))
    assert len(checks) == len(ANGLES) * len(ACTIONS)
    for check in checks:
        assert (check.problems, check.notes) == ((), ())
        assert [frame.hand_count for frame in check.frames] == [2, 2]
        assert check.session.participant == "P01"
        assert check.session.action in ACTIONS
    assert {check.session.angle_deg for check in checks} == set(ANGLES)


def test_labels_match_ground_truth(people):
    """Hovering fingertips are at the height of the hover, those in contact at the surface; the sensor's depth of the
    desk is that of the written surface, within the sensor's bias."""
    for session in open_dataset(people).sessions:
        plane = Plane(
            np.array(session.metadata["surface_calibration"]["plane_optical_frame"]["normal"]),
            session.metadata["surface_calibration"]["plane_optical_frame"]["offset_m"],
        )
        for frame in session.frames():
            label = read_label(frame.label_path)
            assert label.source == "simulation"
            for hand in label.hands:
                for tip in hand.fingertips.values():
                    if session.action == "hovering":
                        assert not tip.contact
                        assert tip.distance_m > MIN_HOVER_M - 0.002
                    if tip.contact:
                        assert abs(tip.distance_m) < 0.0015
            depth_m = frame.load_depth_m()
            corner = depth_m[-60:, -200:-20]  # near the camera, where no hand is
            rows, columns = np.nonzero(np.isfinite(corner))
            pixels = np.column_stack([columns + depth_m.shape[1] - 200, rows + depth_m.shape[0] - 60])
            expected_m = plane.depth_at_m(session.camera.rays(pixels))
            # A unit's calibration is off by up to 3 %, its fixed errors by up to another.
            assert np.median(corner[rows, columns] / expected_m) == pytest.approx(1.0, abs=0.06)


def test_participant_appearance_is_constant_across_sessions():
    """Skin and sleeves are the participant's, the light and the camera the block's."""
    scenes = [make_block_scene(block) for block in plan_dataset(6, 12, ANGLES, SURFACES, DatasetConfig())]
    pairs = list(zip(scenes[::2], scenes[1::2], strict=True))
    for one, other in pairs:
        assert one.appearance.skin_tone == other.appearance.skin_tone
        np.testing.assert_array_equal(one.appearance.sleeve_bgr, other.appearance.sleeve_bgr)
        assert one.exposure != other.exposure
        assert one.color_camera != other.color_camera
    assert len({(one.appearance.skin_tone, *one.appearance.sleeve_bgr) for one, _ in pairs}) > 2


def test_missing_sessions_are_recreated_identically(people):
    """A deleted session is recreated identically, by one process instead of two; the others stay, and the files of an
    interrupted worker are removed."""
    before = read_files(people)
    times = {path: path.stat().st_mtime_ns for path in people.rglob("*.png")}
    gone = next(people.glob("P01/*transition*"))
    assert len(list((gone / "depth_exact").iterdir())) == 2
    shutil.rmtree(gone)
    (people / "P01" / f".{gone.name}.abc.partial").mkdir()
    assert simulate_dataset(plan_dataset(1, 12, ANGLES, SURFACES, DatasetConfig(seed=5)), people, workers=1) == 12
    assert read_files(people) == before
    changed = {path for path in people.rglob("*.png") if path.stat().st_mtime_ns != times[path]}
    assert {path.parent.parent for path in changed} == {gone}
    assert not list(people.glob("P01/.*"))


def test_different_configuration_is_rejected_for_existing_sessions(people):
    """It is an error that names the session."""
    with pytest.raises(ValueError, match=r"P01_angle45.*other settings"):
        simulate_dataset(plan_dataset(1, 12, ANGLES, SURFACES, DatasetConfig(seed=6)), people)


def test_hovering_hands_stay_above_the_desk():
    """A hover never reaches the desk; a transition reaches it exactly, and rises well above it."""
    times_s = np.linspace(0, 60, 500)
    for seed in range(5):
        hover_m = np.array([sample_hover(np.random.default_rng(seed))(time_s) for time_s in times_s])
        assert hover_m[:, 2].min() >= MIN_HOVER_M
        transition_m = np.array([sample_transition(np.random.default_rng(seed))(time_s) for time_s in times_s])
        down = transition_m[:, 2] == 0
        assert 0.15 < down.mean() < 0.6
        assert np.all(transition_m[down] == 0)
        assert transition_m[:, 2].max() > MAX_TRANSITION_M / 2 - 1e-9


def test_fingertips_are_annotated_inside_the_image(people):
    """21 landmarks per hand, most of them in view, and a depth for most fingertips."""
    depths = []
    for frame in open_dataset(people).frames():
        for hand in read_annotation(frame.annotation_path):
            assert hand.landmarks_px.shape == (21, 2)
            depths += hand.fingertip_depth_m.values()
    assert np.isfinite(depths).mean() > 0.6
    assert 0.2 < np.nanmedian(depths) < 0.5


def test_interrupt_leaves_only_complete_sessions(tmp_path):
    """No traceback and no hidden folders; every session that exists is complete."""
    command = "from fingertip_contact.cli.main import main; main()"
    arguments = [
        "simulate",
        "dataset",
        "--participants",
        "1",
        "--frames",
        "30",
        "--every",
        "1",
        "--angles",
        "60",
        "--out",
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", command, *arguments, str(tmp_path)],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end_s = time.monotonic() + DEADLINE_S
        while not list(tmp_path.glob("P01/.*.partial/*/rgb/*.png")):
            assert process.poll() is None
            assert time.monotonic() < end_s, "no frame came in time"
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("P01/.*"))
    for session in tmp_path.glob("P01/*"):
        assert len(list((session / "rgb").iterdir())) == 10


def test_simulate_dataset_command_rejects_invalid_arguments(tmp_path, capsys):
    """It distinguishes `simulate` from `simulate dataset`."""
    out = "--out", tmp_path / "people"
    assert run("simulate", "dataset", "--participants", "2", "--frames", "3", "--angles", "45,90", *out) == 2
    assert "at least 4 are needed" in capsys.readouterr().err
    assert run("simulate", "dataset", "--frames", "9", "--angles", "steep", *out) == 2
    assert "--angles is 'steep'" in capsys.readouterr().err
    assert run("simulate", "--text", "a") == 2
    assert "--out is missing" in capsys.readouterr().err
    assert not (tmp_path / "people").exists()
