"""Rules of the parts of a training run: configuration, loss, optimizer, augmentation, order of frames."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import pytest

from fingertip_research.resources import CONFIG
from repository import ROOT

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from fingertip_contact.depth.network import DepthNetwork  # noqa: E402
from fingertip_contact.depth.preprocessing import Preprocessor  # noqa: E402
from fingertip_research.datasets.split import load_split  # noqa: E402
from fingertip_research.evaluation.depth_bands import compute_heights_m, fit_surface_plane  # noqa: E402
from fingertip_research.training import augmentation  # noqa: E402
from fingertip_research.training.augmentation import augment, jitter_color, sample_augmentation  # noqa: E402
from fingertip_research.training.configuration import (  # noqa: E402
    TrainingConfiguration,
    load_configuration,
    parse_overrides,
    to_yaml,
)
from fingertip_research.training.data import (  # noqa: E402
    EpochBatchSampler,
    SampleRequest,
    TrainingFrames,
    compute_pixel_weights,
    plan_epoch,
    steps_per_epoch,
)
from fingertip_research.training.loss import silog  # noqa: E402
from fingertip_research.training.network import TrainableNetwork  # noqa: E402
from fingertip_research.training.optimizer import make_optimizer, set_learning_rates  # noqa: E402
from training_world import CAMERA, load_frames, make_frame, write_session  # noqa: E402


def depth_and_weight(depth: np.ndarray) -> np.ndarray:
    """(H, W, 2) float32."""
    return np.dstack([depth, depth > 0]).astype(np.float32)


def test_default_configuration_is_the_published_recipe():
    """Model card: AdamW, two rates, cosine, 4 x 4, 80 epochs, 518x518, SiLog 0.5, 1 mm to 0.5 m, flip, jitter, 42."""
    configuration = load_configuration()
    assert configuration == TrainingConfiguration()
    assert (configuration.encoder_learning_rate, configuration.head_learning_rate) == (5e-6, 5e-5)
    assert (configuration.beta1, configuration.beta2, configuration.weight_decay) == (0.9, 0.999, 0.01)
    assert (configuration.epochs, configuration.batch_size, configuration.accumulation) == (80, 4, 4)
    assert (configuration.height, configuration.width, configuration.sizes) == (518, 518, ())
    assert (configuration.min_depth_m, configuration.max_depth_m, configuration.silog_lambda) == (0.001, 0.5, 0.5)
    assert (configuration.flip_probability, configuration.jitter_probability, configuration.jitter) == (0.5, 0.5, 0.1)
    assert (configuration.seed, configuration.precision, configuration.gradient_clip) == (42, "float32", 0.0)
    assert (configuration.base, configuration.best_by) == ("relative", "delta1")


def test_every_value_can_be_set(tmp_path):
    """By a YAML file, then by NAME=VALUE; a written configuration reads back the same."""
    changed = TrainingConfiguration(
        base="none", epochs=3, height=126, width=168, sizes=((84, 112),), encoder_learning_rate=1e-4, focal_aware=True
    )
    file = tmp_path / "mine.yaml"
    file.write_text(to_yaml(changed))
    assert load_configuration(file) == changed
    overridden = load_configuration(file, parse_overrides(["epochs=7", "encoder_learning_rate=1e-5", "sizes=[]"]))
    assert (overridden.epochs, overridden.encoder_learning_rate, overridden.sizes) == (7, 1e-5, ())
    assert overridden.height == 126


def test_every_value_is_documented():
    """docs/training.md has a line for each."""
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert all(f"| `{entry.name}` |" in text for entry in dataclasses.fields(TrainingConfiguration))


def test_the_shipped_configurations_can_be_loaded():
    """Each YAML file of the training recipes holds values that a run accepts."""
    folder = CONFIG / "training"
    for file in sorted(folder.glob("*.yaml")):
        assert load_configuration(file).max_depth_m == 0.5
    assert set(load_split(folder / "simulated_split.json").participants["test"]) == {
        f"P{number}" for number in range(55, 61)
    }


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("epochs=0", "epochs"),
        ("epochs=1.5", "whole number"),
        ("epoks=3", "epoks"),
        ("height=500", "multiple of 14"),
        ("sizes=[[140, 150]]", "multiple of 14"),
        ("sizes=5", "sizes"),
        ("precision=float16", "bfloat16"),
        ("silog_lambda=nan", "silog_lambda"),
        ("min_depth_m=0.6", "min_depth_m"),
        ("epochs", "NAME=VALUE"),
    ],
)
def test_invalid_value_error_names_the_field(assignment, named):
    with pytest.raises(ValueError, match=named):
        load_configuration(overrides=parse_overrides([assignment]))


def test_silog_matches_its_formula():
    """Eigen et al. 2014, over valid pixels only; the values of other pixels have no effect."""
    random = np.random.default_rng(0)
    true, predicted = random.uniform(0.1, 0.5, (2, 3, 8, 8))
    weight = (random.random((3, 8, 8)) < 0.7).astype(np.float32)
    error = (np.log(true) - np.log(predicted))[weight > 0]
    expected = math.sqrt(np.mean(error**2) - 0.5 * np.mean(error) ** 2)
    true[weight == 0] = np.nan
    predicted[weight == 0] = -1.0
    loss = silog(torch.tensor(predicted), torch.tensor(true), torch.tensor(weight))
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_loss_weights_act_as_pixel_counts():
    """A pixel of weight 3 counts as three."""
    true, predicted = torch.tensor([0.2, 0.3]), torch.tensor([0.25, 0.28])
    thrice = silog(predicted[[0, 0, 0, 1]], true[[0, 0, 0, 1]], torch.ones(4))
    assert torch.isclose(silog(predicted, true, torch.tensor([3.0, 1.0])), thrice)


def test_silog_is_finite_in_edge_cases():
    """No valid pixel; a perfect prediction, where the root's slope is infinite; a prediction of zero."""
    ones = torch.ones(4)
    assert silog(ones, ones, torch.zeros(4)) is None
    for prediction in (0.3 * ones, 0.0 * ones):
        prediction.requires_grad_()
        loss = silog(prediction, 0.3 * ones, ones)
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(prediction.grad).all()


def test_encoder_and_head_have_separate_learning_rates():
    """Every parameter is in exactly one group: timm's encoder in the first, the DPT head in the second."""
    network = TrainableNetwork(0.5)
    optimizer = make_optimizer(network, TrainingConfiguration())
    encoder, head = ({id(value) for value in group["params"]} for group in optimizer.param_groups)
    assert encoder == {id(value) for value in network.pretrained.parameters()}
    assert head == {id(value) for value in network.depth_head.parameters()}
    assert len(encoder) + len(head) == len(list(network.parameters()))


@pytest.mark.parametrize(("step", "ratio"), [(0, 1.0), (50, 0.5), (100, 0.0), (25, 0.5 + math.sqrt(0.125))])
def test_learning_rates_follow_the_cosine_schedule(step, ratio):
    configuration = TrainingConfiguration()
    optimizer = make_optimizer(torch.nn.ModuleDict({"pretrained": torch.nn.Linear(1, 1)}), configuration)
    set_learning_rates(optimizer, configuration, step, 100)
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates == pytest.approx([5e-6 * ratio, 5e-5 * ratio], abs=1e-12)


def test_training_network_matches_the_runtime_network():
    """At any size its output equals that of DepthNetwork with the weights that it saves."""
    torch.manual_seed(1)
    trained = TrainableNetwork(0.5).eval()
    for height, width in ((42, 56), (70, 42)):
        images = torch.randn(2, 3, height, width)
        network = DepthNetwork(height, width, 0.5).eval()
        network.load_published(trained.state_dict())
        with torch.inference_mode():
            assert (trained(images) - network(images)).abs().max() < 1e-6


def test_depth_and_weight_are_never_interpolated():
    """After cropping, mirroring and resizing, each value is one that the camera measured."""
    color, depth = make_frame(3)
    maps = depth_and_weight(depth)
    configuration = TrainingConfiguration(crop_probability=1.0)
    sampled = sample_augmentation(np.random.default_rng(2), configuration, *depth.shape)
    _, resized = augment(color, maps, sampled, (42, 56))
    assert sampled.scale < 1
    assert set(np.unique(resized[0])) <= set(np.unique(maps[..., 0]))
    assert set(np.unique(resized[1])) <= {0.0, 1.0}
    assert ((resized[0] == 0) == (resized[1] == 0)).all()


def test_depth_stays_aligned_with_its_image():
    """The world's brightness encodes its depth; after cropping, mirroring and resizing it still does."""
    color, depth = make_frame(5)
    configuration = TrainingConfiguration(crop_probability=1.0, flip_probability=1.0, jitter_probability=0.0)
    for seed in range(4):
        sampled = sample_augmentation(np.random.default_rng(seed), configuration, *depth.shape)
        image, maps = augment(color, depth_and_weight(depth), sampled, (70, 98))
        blue = image[2] * 0.225 + 0.406
        decoded_mm = 150 + 300 * blue
        seen = maps[0] > 0
        assert np.corrcoef(decoded_mm[seen], maps[0][seen])[0, 1] > 0.99


def test_mirrored_image_mirrors_its_depth():
    color, depth = make_frame(1)
    maps = depth_and_weight(depth)
    identity = augmentation.make_identity_augmentation(*depth.shape)
    _, plain = augment(color, maps, identity, (42, 56))
    mirrored_image, mirrored = augment(
        color, maps, augmentation.Augmentation(identity.window, 1.0, True, (1.0, 1.0, 1.0)), (42, 56)
    )
    other_image, other = augment(color[:, ::-1], maps[:, ::-1], identity, (42, 56))
    assert np.array_equal(mirrored, other)
    assert np.array_equal(mirrored_image, other_image)
    assert not np.array_equal(mirrored, plain)


def test_training_preprocessing_matches_the_runtime():
    """Without random changes it equals the runtime's preprocessing, except for the rounding of bytes."""
    color, depth = make_frame(2)
    image, _ = augment(color, depth_and_weight(depth), augmentation.make_identity_augmentation(*depth.shape), (42, 56))
    assert np.abs(image - Preprocessor(42, 56)(color)[0]).max() < 0.5 / 255 / 0.224 + 1e-4


def test_colour_jitter_stays_within_its_range():
    """Brightness by its factor, contrast about the mean, saturation 0 is grey."""
    color = np.full((4, 4, 3), 0.5, np.float32)
    color[:2] = (0.2, 0.3, 0.4)
    assert np.allclose(jitter_color(color, (1.1, 1.0, 1.0)), 1.1 * color, atol=1e-6)
    assert np.ptp(jitter_color(color, (1.0, 0.5, 1.0))) == pytest.approx(0.5 * np.ptp(color), abs=1e-6)
    assert np.abs(np.diff(jitter_color(color, (1.0, 1.0, 0.0)), axis=2)).max() < 1e-6
    sampled = [
        sample_augmentation(np.random.default_rng(seed), TrainingConfiguration(), 144, 192) for seed in range(400)
    ]
    changed = np.array([one.color_factors for one in sampled if one.color_factors != (1.0, 1.0, 1.0)])
    assert 150 < len(changed) < 250
    assert 150 < sum(one.flipped for one in sampled) < 250
    assert changed.min() >= 0.9
    assert changed.max() <= 1.1
    assert all(one.scale == 1.0 for one in sampled)


def test_epoch_visits_every_frame_once_in_random_order():
    configuration = TrainingConfiguration(batch_size=3, accumulation=2)
    first, again, second = (plan_epoch(20, epoch, configuration) for epoch in (0, 0, 1))
    indices = [request.index for step in first for batch in step for request in batch]
    assert sorted(indices) == list(range(20))
    assert first == again
    assert indices != [request.index for step in second for batch in step for request in batch]
    assert len(first) == steps_per_epoch(20, configuration) == 4


def test_each_step_has_one_input_size():
    configuration = TrainingConfiguration(batch_size=2, accumulation=2, height=42, width=56, sizes=((28, 42), (56, 70)))
    sizes = [{request.size for batch in step for request in batch} for step in plan_epoch(80, 0, configuration)]
    assert all(len(step_sizes) == 1 for step_sizes in sizes)
    assert set.union(*sizes) == set(configuration.all_sizes)


def test_batches_of_a_step_are_split_between_processes():
    """Together they process the same frames as one alone."""
    steps = plan_epoch(24, 0, TrainingConfiguration(batch_size=2, accumulation=4))
    halves = [list(EpochBatchSampler(steps, process, 2)) for process in range(2)]
    assert sorted(map(str, halves[0] + halves[1])) == sorted(str(batch) for step in steps for batch in step)
    assert len(halves[0]) == len(halves[1])


def test_invalid_depth_has_no_weight(tmp_path):
    """0, what is nearer or farther than the range, and what could not be read."""
    folder = write_session(tmp_path, "P01")
    configuration = TrainingConfiguration(min_depth_m=0.25, max_depth_m=0.32)
    data = TrainingFrames(load_frames(tmp_path, "P01"), configuration)
    _, maps, read_error = data[SampleRequest(0, 0, (70, 98))]
    valid = maps[1] > 0
    assert not read_error
    assert maps[0][valid].min() >= 0.25
    assert maps[0][valid].max() <= 0.32
    assert 0.05 < valid.float().mean() < 0.95
    (folder / "depth" / "000001.png").write_bytes(b"no image")
    _, maps, read_error = data[SampleRequest(1, 0, (70, 98))]
    assert "000001.png" in read_error
    assert not maps.any()


def test_pixels_near_the_desk_can_be_weighted_higher():
    """A box of 20 mm on a desk seen from above: its top weighs more, the desk does not, nor does a box of 60 mm."""
    depth_m = np.full((144, 192), 0.30, np.float32)
    depth_m[10:20, 10:20], depth_m[40:50, 40:50] = 0.28, 0.24
    weight = compute_pixel_weights(depth_m, CAMERA, TrainingConfiguration(near_surface_weight=5.0))
    assert (weight[10:20, 10:20] == 5).all()
    assert (weight[40:50, 40:50] == 1).all()
    assert weight.sum() == 144 * 192 + 4 * 100
    height_m = compute_heights_m(depth_m, CAMERA, fit_surface_plane(depth_m, CAMERA))
    assert height_m[15, 15] == pytest.approx(0.02, abs=1e-4)


def test_focal_aware_crops_scale_depth(tmp_path):
    """focal_aware: half of the image, enlarged twice, is a scene at half its distance."""
    write_session(tmp_path, "P01")
    plain = TrainingConfiguration(crop_probability=1.0, crop_scale_min=0.5)
    aware = TrainingConfiguration(crop_probability=1.0, crop_scale_min=0.5, focal_aware=True)
    request = SampleRequest(0, 0, (42, 56))
    depth_m, scaled_m = (TrainingFrames(load_frames(tmp_path, "P01"), one)[request][1][0] for one in (plain, aware))
    ratio = (scaled_m / depth_m)[depth_m > 0]
    assert 0.5 <= ratio.min() == pytest.approx(ratio.max().item(), rel=1e-5)
    assert ratio.max() < 1
    assert cv2.countNonZero(depth_m.numpy()) == cv2.countNonZero(scaled_m.numpy())
