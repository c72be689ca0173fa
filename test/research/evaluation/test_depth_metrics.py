"""Rules of depth metrics, of the parts of images that they are computed for, and of the command that reports them."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.geometry import Plane
from fingertip_research.datasets.dataset import EXACT_DEPTH
from fingertip_research.evaluation.depth_bands import compute_heights_m, fit_surface_plane, make_band_masks
from fingertip_research.evaluation.depth_metrics import METRICS, average_over_images, compute_depth_sums, pool_sums
from fingertip_research.evaluation.depth_published import CARD
from fingertip_research.evaluation.depth_score import make_report, score_frames
from fingertip_research.evaluation.depth_sources import make_constant_source, make_sensor_source, replace_depth
from training_world import CAMERA, load_frames, write_session


def compute_reference_metrics(predicted: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """The formulas of Depth Anything V2's metric evaluation, on vectors of valid pixels."""
    threshold = np.maximum(true / predicted, predicted / true)
    difference, log = predicted - true, np.log(predicted) - np.log(true)
    return {
        "mae_mm": 1000 * np.mean(np.abs(difference)),
        "rmse_mm": 1000 * np.sqrt(np.mean(difference**2)),
        "abs_rel": np.mean(np.abs(difference) / true),
        "sq_rel": np.mean(difference**2 / true),
        "rmse_log": np.sqrt(np.mean(log**2)),
        "log10": np.mean(np.abs(np.log10(predicted) - np.log10(true))),
        "silog": np.sqrt(np.mean(log**2) - 0.5 * np.mean(log) ** 2),
        "delta1": np.mean(threshold < 1.25),
        "delta2": np.mean(threshold < 1.25**2),
        "delta3": np.mean(threshold < 1.25**3),
    }


def make_depths(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true metres, (30, 40), with holes in both and errors that keep every delta between 0 and 1."""
    random = np.random.default_rng(seed)
    true = random.uniform(0.1, 0.5, (30, 40))
    predicted = true * np.exp(random.normal(0.05, 0.3, true.shape))
    true[random.random(true.shape) < 0.1] = np.nan
    predicted[random.random(true.shape) < 0.2] = np.nan
    return predicted, true


def test_metrics_match_their_formulas():
    predicted, true = make_depths(0)
    both = np.isfinite(predicted) & np.isfinite(true)
    metrics = compute_depth_sums(predicted, true).metrics()
    assert tuple(metrics) == METRICS
    assert metrics == pytest.approx(compute_reference_metrics(predicted[both], true[both]), abs=1e-6)
    assert 0 < metrics["delta1"] < metrics["delta2"] < metrics["delta3"] < 1


def test_metrics_match_hand_computed_values():
    """Two pixels: 0.2 m predicted as 0.3 m, and 0.4 m as 0.4 m."""
    metrics = compute_depth_sums(np.array([0.3, 0.4]), np.array([0.2, 0.4])).metrics()
    log = np.log(1.5)
    expected = {
        "mae_mm": 50.0,
        "rmse_mm": 1000 * np.sqrt(0.005),
        "abs_rel": 0.25,
        "sq_rel": 0.025,
        "rmse_log": log / np.sqrt(2),
        "log10": np.log10(1.5) / 2,
        "silog": np.sqrt(log**2 / 2 - 0.5 * (log / 2) ** 2),
        "delta1": 0.5,
        "delta2": 1.0,
        "delta3": 1.0,
    }
    assert metrics == pytest.approx(expected, abs=1e-9)


def test_image_and_pixel_averages_differ():
    """One average gives equal weight to images, the other to pixels."""
    small, large = (np.array([0.3]), np.array([0.2])), (np.full(9, 0.4), np.full(9, 0.4))
    sums = [compute_depth_sums(*small), compute_depth_sums(*large)]
    assert average_over_images(sums)["mae_mm"] == pytest.approx(50.0)
    assert pool_sums(sums).metrics()["mae_mm"] == pytest.approx(10.0)


def test_pooling_is_exact():
    """Pooled sums of several images equal the sums over all their pixels."""
    batches = [make_depths(seed) for seed in range(3)]
    together = compute_depth_sums(*(np.concatenate([batch[batch_sums] for batch in batches]) for batch_sums in (0, 1)))
    assert pool_sums(compute_depth_sums(*batch) for batch in batches).metrics() == pytest.approx(
        together.metrics(), abs=1e-9
    )


def test_missing_predictions_lower_coverage_only():
    """A source without depth in half of the pixels has a coverage of one half."""
    true = np.full((4, 4), 0.3)
    predicted = true.copy()
    predicted[:2] = np.nan
    sums = compute_depth_sums(predicted, true)
    assert sums.coverage == 0.5
    assert sums.metrics()["mae_mm"] == 0
    nothing = compute_depth_sums(np.full((4, 4), np.nan), true)
    assert nothing.coverage == 0
    assert np.isnan(nothing.metrics()["mae_mm"])


@pytest.mark.parametrize("bad", [0.0, -0.1])
def test_invalid_depth_is_rejected(bad):
    with pytest.raises(ValueError, match="above 0"):
        compute_depth_sums(np.array([bad, 0.3]), np.array([0.3, 0.3]))
    with pytest.raises(ValueError, match="agree"):
        compute_depth_sums(np.ones(3), np.ones(4))


def test_height_bands_are_assigned_correctly():
    """A slanted desk with a finger of 15 mm and a hand of 60 mm over it; the desk is the largest part."""
    normal = np.array([0.0, -np.sin(0.6), -np.cos(0.6)])
    plane = Plane(normal, 0.3 * np.cos(0.6))
    rows, columns = np.indices((144, 192))
    rays = CAMERA.rays(np.column_stack([columns.ravel(), rows.ravel()]))
    heights = np.zeros((144, 192))
    heights[40:60, 40:60], heights[90:110, 120:150] = 0.015, 0.060
    shifted = [Plane(normal, plane.offset_m - height).depth_at_m(rays).reshape(144, 192) for height in (0.015, 0.06)]
    depth_m = plane.depth_at_m(rays).reshape(144, 192)
    depth_m = np.where(heights == 0.015, shifted[0], np.where(heights == 0.060, shifted[1], depth_m))
    found = compute_heights_m(depth_m, CAMERA, fit_surface_plane(depth_m, CAMERA))
    assert np.abs(found - heights).max() < 1e-4
    masks = make_band_masks(depth_m, CAMERA, np.array([[50.0, 50.0]]))
    assert np.array_equal(masks["near_surface"], heights == 0.015)
    assert np.array_equal(masks["above"], heights == 0.060)
    assert np.array_equal(masks["desk"], heights == 0)
    assert masks["fingertips"].sum() == pytest.approx(np.pi * 36, rel=0.1)
    assert masks["fingertips"][50, 56]
    assert not masks["fingertips"][50, 57]
    assert np.array_equal(masks["0.20-0.30 m"], (depth_m >= 0.2) & (depth_m < 0.3))
    assert masks["0.20-0.30 m"].any()
    assert masks["0.30-0.40 m"].any()


@pytest.fixture
def dataset(tmp_path):
    """Two participants, observed from 30 and 90 degrees, with exact depth 3 mm behind the sensor's."""
    for seed, (participant, angle) in enumerate([("P01", 90), ("P01", 30), ("P02", 30)]):
        folder = write_session(tmp_path / "data", participant, angle=angle, seed=seed)
        (folder / EXACT_DEPTH).mkdir()
        for file in (folder / "depth").glob("*.png"):
            depth = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
            exact = np.where(depth > 0, 10 * depth + 30, 3500).astype(np.uint16)
            cv2.imwrite(str(folder / EXACT_DEPTH / file.name), exact)
    manifest = {"version": 1, "name": "two", "participants": {"train": ["P02"], "val": [], "test": ["P01"]}}
    (tmp_path / "split.json").write_text(json.dumps(manifest))
    return tmp_path / "data"


def test_report_is_grouped_by_angle_surface_action_and_participant(dataset):
    """The sensor against exact depth: 3 mm off everywhere, without depth in its hole."""
    scores, problems = score_frames(load_frames(dataset, "P01", "P02"), make_sensor_source())
    result = make_report(scores)
    assert not problems
    assert result["mae_mm"] == pytest.approx(3.0, abs=1e-3)
    assert 0.9 < result["coverage"] < 1
    assert list(result["by_angle"]) == ["30", "90"]
    assert [group["frames"] for group in result["by_angle"].values()] == [4, 2]
    assert set(result["by_participant"]) == {"P01", "P02"}
    assert set(result["by_surface"]) == {"white_desk"}
    assert result["bands"]["desk"]["mae_mm"] == pytest.approx(3.0, abs=1e-3)


def test_unreadable_frame_is_named_and_skipped(dataset):
    broken = load_frames(dataset, "P01")[1]
    broken.depth_path.write_bytes(b"")
    broken.rgb_path.unlink()
    scores, problems = score_frames([broken, *load_frames(dataset, "P02")], make_sensor_source())
    assert len(scores) == 2
    assert "000001.png" in problems[0]


def test_evaluate_depth_command_reports_in_json(dataset, capsys):
    """The sensor on the test part of a split; the JSON has the published metrics."""
    options = ("--split", dataset.parent / "split.json", "--part", "test", "--json")
    assert run("evaluate", "depth", dataset, "--source", "sensor", *options) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["frames"] == 4
    assert set(CARD) <= set(result)
    assert set(CARD) <= set(result["by_angle"]["30"])
    assert result["mae_mm"] == pytest.approx(3.0, abs=1e-3)


def test_evaluate_depth_command_writes_a_report(dataset, tmp_path, capsys):
    """One HTML file with tables, plots and error maps in it; the card's table and its contradictions on the screen."""
    pytest.importorskip("matplotlib")
    page = tmp_path / "report.html"
    code = run("evaluate", "depth", dataset, "--source", "constant", "--constant-m", "0.3", "--html", page)
    assert code == 0
    screen = capsys.readouterr().out
    assert "3.84" in screen
    assert "cannot both hold" in screen
    text = page.read_text()
    assert text.count("data:image/png;base64,") >= 4
    for heading in ("Angle", "Participant", "near_surface", "Error maps"):
        assert heading in text


def test_source_is_not_scored_against_itself(dataset, capsys):
    """Without exact depth, the sensor's is the truth: the sensor cannot be scored by it."""
    for folder in dataset.rglob(EXACT_DEPTH):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    assert run("evaluate", "depth", dataset, "--source", "sensor") == 2
    assert "depth_exact" in capsys.readouterr().err
    assert run("evaluate", "depth", dataset, "--source", "constant", "--constant-m", "0.3", "--json") == 0


def test_source_can_replace_the_sensor_depth(dataset):
    """Only the depth of the frames is replaced."""
    recorded = [frame.load() for frame in load_frames(dataset, "P01")[:2]]
    replaced = list(replace_depth(make_constant_source(0.3), recorded))
    assert [frame.stamp_ns for frame in replaced] == [frame.stamp_ns for frame in recorded]
    assert all((frame.depth.to_metres() == np.float32(0.3)).all() for frame in replaced)
    assert replaced[0].color_bgr is recorded[0].color_bgr


def test_better_constant_scores_better(dataset):
    scores = [score_frames(load_frames(dataset, "P01"), make_constant_source(depth_m))[0] for depth_m in (0.1, 0.3)]
    assert make_report(scores[1])["mae_mm"] < make_report(scores[0])["mae_mm"]
