"""The network gives the reference's numbers, at every size."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from depth_reference import (  # noqa: E402
    MAX_DEPTH_M,
    REFERENCE_FILE,
    SIZES,
    TransformersReference,
    format_size,
    position_embedding,
    subsample,
)
from depth_weights import make_random_images, make_random_weights  # noqa: E402
from fingertip_contact.depth.network import (  # noqa: E402
    DepthNetwork,
    get_published_shapes,
    interpolate_position_embedding,
)

# What the architecture has to agree within, and float32 allows.
TOLERANCE_M = 1e-6


def network_depth_m(images, max_depth_m=MAX_DEPTH_M):
    network = DepthNetwork(*images.shape[2:], max_depth_m).eval()
    network.load_published(make_random_weights())
    with torch.inference_mode():
        return network(images).numpy()


@pytest.mark.parametrize("size", SIZES)
def test_depth_matches_stored_reference_output(size):
    """Stored numbers of transformers' Depth Anything with the same weights (depth_reference.py makes them)."""
    stored_m = np.load(REFERENCE_FILE)[format_size(size)]
    assert np.ptp(stored_m) > 0.1  # the comparison would mean little on a flat image
    assert np.abs(subsample(network_depth_m(make_random_images(*size))[:, 0]) - stored_m).max() < TOLERANCE_M


def test_depth_matches_transformers():
    """At the training size, computed live, with every weight of both sides mapped; if transformers is installed."""
    pytest.importorskip("transformers", reason="a development dependency: pip install transformers")
    images = make_random_images(518, 518)
    assert (
        np.abs(network_depth_m(images)[:, 0] - TransformersReference(make_random_weights()).depth_m(images)).max()
        < TOLERANCE_M
    )


@pytest.mark.parametrize(("rows", "columns"), [(5, 7), (18, 24), (28, 37), (37, 49), (1, 80)])
def test_position_embedding_follows_the_formula(rows, columns):
    """Bicubic, a = -0.75, no antialias, scale (n + 0.1) / 37: written out in float64."""
    embedding = torch.from_numpy(np.random.default_rng(rows).normal(size=(1, 1370, 8)).astype(np.float32))
    interpolated = interpolate_position_embedding(embedding, rows, columns).numpy()
    expected = position_embedding(embedding.numpy(), rows, columns)
    assert interpolated.shape == expected.shape
    # torch computes the sample positions in float32.
    assert np.abs(interpolated - expected).max() < 5e-5


def test_position_embedding_is_unchanged_at_the_training_size():
    """37x37 patches get the published numbers, bit for bit."""
    embedding = torch.rand(1, 1370, 8)
    assert torch.equal(interpolate_position_embedding(embedding, 37, 37), embedding)


def test_parameter_names_and_shapes_match_published_checkpoints():
    """24.8 million parameters, the encoder under `pretrained.`, the head under `depth_head.`."""
    shapes = get_published_shapes()
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 24_784_705
    assert shapes["pretrained.pos_embed"] == (1, 1370, 384)
    assert shapes["pretrained.blocks.11.attn.qkv.weight"] == (1152, 384)
    assert shapes["depth_head.projects.1.weight"] == (96, 384, 1, 1)
    assert shapes["depth_head.resize_layers.0.weight"] == (48, 48, 4, 4)
    assert shapes["depth_head.scratch.layer4_rn.weight"] == (64, 384, 3, 3)
    assert shapes["depth_head.scratch.refinenet4.resConfUnit1.conv2.bias"] == (64,)
    assert shapes["depth_head.scratch.refinenet1.out_conv.weight"] == (64, 64, 1, 1)
    assert shapes["depth_head.scratch.output_conv1.weight"] == (32, 64, 3, 3)
    assert shapes["depth_head.scratch.output_conv2.2.weight"] == (1, 32, 1, 1)


def test_images_of_a_batch_are_independent():
    """(B, 3, H, W) in, (B, 1, H, W) out; each image as if it were alone."""
    images = make_random_images(70, 98, batch=2)
    depth_m = network_depth_m(images)
    assert depth_m.shape == (2, 1, 70, 98)
    assert np.abs(depth_m[1:] - network_depth_m(images[1:])).max() < TOLERANCE_M


def test_max_depth_scales_metres():
    """depth = sigmoid x max_depth."""
    images = make_random_images(70, 98)
    assert np.allclose(network_depth_m(images, 20.0), 40 * network_depth_m(images, 0.5), rtol=1e-6)


def test_size_not_a_multiple_of_the_patch_is_rejected():
    """Before any layer is created."""
    with pytest.raises(ValueError, match="250x336 has to be a multiple of 14"):
        DepthNetwork(250, 336, 0.5)
