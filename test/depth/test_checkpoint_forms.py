"""Weights load in every form in which people keep them; a form that cannot be read gets one line with the remedy."""

import io
import itertools
import json
import logging
import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from safetensors.torch import save_file  # noqa: E402

from depth_reference import MAX_DEPTH_M, TransformersReference, rename_weights  # noqa: E402
from depth_weights import make_random_images, make_random_weights  # noqa: E402
from fingertip_contact.depth.checkpoint import (  # noqa: E402
    convert_to_single,
    load_encoder,
    load_network,
    load_weights,
    read_weights,
)
from fingertip_contact.depth.checkpoint_file import load_pickle  # noqa: E402
from fingertip_contact.depth.checkpoint_names import rename_to_published  # noqa: E402
from fingertip_contact.depth.configuration import resolve_max_depth_m  # noqa: E402
from fingertip_contact.depth.network import get_published_shapes  # noqa: E402

MAX_LINE = 500


def save_tensors(weights, path):
    """Writes a .safetensors, or anything else as a pickle."""
    if path.suffix == ".safetensors":
        save_file({name: value.contiguous() for name, value in weights.items()}, path)
    else:
        torch.save(weights, path)
    return path


def assert_loads(path, weights=None):
    assert_equal(load_weights(path), make_random_weights() if weights is None else weights)


def assert_equal(loaded, expected):
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


def to_file_names(weights):
    """transformers' names in memory -> those that it publishes files with."""
    parts = {"q_proj": "attention.query", "k_proj": "attention.key", "v_proj": "attention.value"}
    renamed = {}
    for name, value in rename_weights(weights).items():
        for part, published in parts.items():
            name = name.replace(f"attention.{part}", f"attention.{published}")
        renamed[name.replace("attention.o_proj", "attention.output.dense")] = value
    return renamed


@pytest.mark.parametrize(
    ("rename", "suffix"), [(rename_weights, ".bin"), (to_file_names, ".safetensors")], ids=["in memory", "in files"]
)
def test_names_of_transformers_load(tmp_path, rename, suffix):
    """Both of its sets of names, bit for bit; the mask token of pre-training is left out."""
    weights = {**rename(make_random_weights()), "backbone.embeddings.mask_token": torch.zeros(1, 384)}
    assert_loads(save_tensors(weights, tmp_path / f"model{suffix}"))


def test_depth_of_a_model_that_transformers_saved_is_its_own(tmp_path):
    """Saved by its own function, whatever names its version writes: the same depth within float32, and the maximum
    depth from the config.json that it writes."""
    pytest.importorskip("transformers", reason="a development dependency: pip install transformers")
    reference = TransformersReference(make_random_weights())
    reference.model.save_pretrained(tmp_path)
    images = make_random_images(70, 98)
    with torch.inference_mode():
        depth_m = load_network(tmp_path / "model.safetensors", 70, 98, MAX_DEPTH_M)(images)[:, 0].numpy()
    assert np.ptp(depth_m) > 0.1
    assert np.abs(depth_m - reference.depth_m(images)).max() < 1e-5
    assert resolve_max_depth_m(tmp_path / "model.safetensors") == 1.0


def test_relative_depth_of_transformers_is_refused(tmp_path):
    """Its config.json says so, or leaves it out; the weights' names and shapes are the same."""
    (tmp_path / "model.safetensors").write_bytes(b"x")
    for fields in ({"depth_estimation_type": "relative", "max_depth": None}, {}):
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "depth_anything", **fields}))
        with pytest.raises(ValueError, match=r"config\.json is for relative depth, not metres"):
            resolve_max_depth_m(tmp_path / "model.safetensors")


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module.", "model.", "net._orig_mod."])
def test_prefixes_of_wrappers_are_left_out(prefix):
    """torch.compile, several GPUs, and programs that hold the network as a part; also of an encoder compiled alone."""
    weights = make_random_weights()
    names = {prefix + name.replace("pretrained.", "pretrained._orig_mod."): name for name in weights}
    renamed = rename_to_published({wrapped: weights[name] for wrapped, name in names.items()})
    assert all(renamed[name] is weights[name] for name in weights)


@pytest.mark.parametrize("key", ["model", "state_dict", "model_state_dict", "net", "teacher", "ema"])
def test_outer_keys_are_found(tmp_path, key):
    """Beside the state of the optimizer, and below one another."""
    weights = {"pretrained.norm.bias": torch.ones(384)}
    content = {"epoch": 3, "optimizer": {"lr": 1e-3}, key: {"state_dict": weights}}
    assert_equal(read_weights(save_tensors(content, tmp_path / "x.pth")), weights)


def test_a_choice_between_two_networks_is_told(tmp_path, caplog):
    """The model itself, not its average."""
    weights = {"pretrained.norm.bias": torch.ones(384)}
    content = {"ema": {"pretrained.norm.bias": torch.zeros(384)}, "model": weights}
    with caplog.at_level(logging.WARNING):
        assert_equal(read_weights(save_tensors(content, tmp_path / "x.pth")), weights)
    assert "holds weights in model and ema; those in model are read" in caplog.text


def test_a_name_with_and_without_its_prefix_is_refused(tmp_path):
    """Which of the two is meant is not known."""
    weights = {name: torch.zeros(1, 1, 384) for name in ("pretrained.cls_token", "module.pretrained.cls_token")}
    with pytest.raises(ValueError, match=r"x\.pth hold a name twice: pretrained\.cls_token"):
        load_weights(save_tensors(weights, tmp_path / "x.pth"))


def test_fine_tuning_starts_from_the_encoder_of_transformers(tmp_path):
    """Whatever its head is."""
    weights = {name: value for name, value in to_file_names(make_random_weights()).items() if name[:4] == "back"}
    encoder = load_encoder(save_tensors({**weights, "head.conv1.weight": torch.zeros(3)}, tmp_path / "model.bin"))
    expected = {name: x for name, x in make_random_weights().items() if name.startswith("pretrained.")}
    assert encoder.keys() == expected.keys()
    assert all(torch.equal(encoder[name], expected[name]) for name in expected)


def test_another_encoder_under_the_names_of_transformers_is_named(tmp_path):
    """One sentence, not the list of all weights."""
    weights = {"backbone.embeddings.cls_token": torch.zeros(1, 1, 768)}
    with pytest.raises(ValueError, match=r"another encoder \(ViT-B, width 768\)"):
        load_weights(save_tensors(weights, tmp_path / "model.bin"))


NUMBERS = {
    "float64": np.float64(0.96),
    "float32": np.float32(0.5),
    "int64": np.int64(79),
    "bool": np.bool_(True),
    "big endian": np.dtype(">f8").type(0.25),
    "complex": np.complex128(1 + 2j),
}


@pytest.mark.parametrize("module", [b"numpy._core.multiarray", b"numpy.core.multiarray"])
def test_numbers_of_numpy_beside_the_weights_are_read(tmp_path, module):
    """As numpy 1 and numpy 2 write them."""
    stream = io.BytesIO()
    weights = {"pretrained.norm.bias": torch.ones(384)}
    torch.save({"model": weights, "optimizer": {"lr": NUMBERS}}, stream, _use_new_zipfile_serialization=False)
    content = stream.getvalue().replace(b"numpy._core.multiarray", module)
    (tmp_path / "x.pth").write_bytes(content)
    assert load_pickle(tmp_path / "x.pth")["optimizer"]["lr"] == {name: x.item() for name, x in NUMBERS.items()}
    assert_equal(read_weights(tmp_path / "x.pth"), weights)


class ForgedNumber:
    """A number of numpy whose type holds pointers, or whose bytes are too few."""

    def __init__(self, type_name, data):
        self.arguments = (np.dtype(type_name), data)

    def __reduce__(self):
        return np.core.multiarray.scalar if hasattr(np, "core") else np._core.multiarray.scalar, self.arguments


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("type_name", "data"), [("O", b"12345678"), ("f8", b"123"), ("V8", b"12345678")])
def test_forged_numbers_are_refused(tmp_path, type_name, data):
    """numpy itself would make an object out of these bytes."""
    torch.save({"model": {}, "lr": ForgedNumber(type_name, data)}, tmp_path / "x.pth")
    with pytest.raises(ValueError, match="damaged or not a checkpoint"):
        load_pickle(tmp_path / "x.pth")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_other_floating_types_load_without_loss(tmp_path, suffix):
    """Single precision holds all their values. Each weight is of another type than the one before."""
    types = itertools.cycle([torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.float64])
    weights = {name: value.to(next(types)) for name, value in make_random_weights().items()}
    assert_loads(
        save_tensors(weights, tmp_path / f"x{suffix}"), {name: value.float() for name, value in weights.items()}
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8", "complex64", "float8_e8m0fnu"])
def test_numbers_of_a_quantised_network_are_refused(dtype):
    """Without their scales they mean nothing; as they are, they would give plausible and wrong depth."""
    weights = {"pretrained.norm.bias": torch.ones(384).to(getattr(torch, dtype))}
    with pytest.raises(ValueError, match=rf"norm\.bias \({dtype}\); take the file in single or half precision"):
        convert_to_single(weights, Path("x.pth"))


def test_values_beyond_single_precision_are_refused():
    """They would become infinite."""
    weights = {"pretrained.norm.bias": torch.full((384,), 1e200, dtype=torch.float64)}
    with pytest.raises(ValueError, match=r"not finite in pretrained\.norm\.bias"):
        convert_to_single(weights, Path("x.pth"))


# Made by the test: collecting it makes no weights.
MANY_WRONG = {
    "names": lambda: {f"blocks.{index}.attn.qkv.weight": torch.zeros(1) for index in range(500)},
    "shapes": lambda: {name: torch.zeros(1, 1, 384) for name in get_published_shapes()},
    "no tensors": lambda: {f"entry_{index}": index for index in range(500)},
    "not finite": lambda: {name: torch.full(shape, float("nan")) for name, shape in get_published_shapes().items()},
}


@pytest.mark.parametrize("case", MANY_WRONG)
def test_errors_stay_short(tmp_path, case):
    """However many entries are wrong."""
    with pytest.raises(ValueError, match=r" and \d+ more") as refused:
        load_weights(save_tensors(MANY_WRONG[case](), tmp_path / "x.pth"))
    assert len(str(refused.value).removeprefix(str(tmp_path))) < MAX_LINE + len(str(tmp_path))


def test_an_unknown_type_in_safetensors_is_one_line(tmp_path):
    """A header that names a type of the future."""
    header = json.dumps({"x": {"dtype": "F3_X", "shape": [1], "data_offsets": [0, 1]}}).encode()
    (tmp_path / "x.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0")
    with pytest.raises(ValueError, match=r"x\.safetensors are ") as refused:
        load_weights(tmp_path / "x.safetensors")
    assert len(str(refused.value)) < MAX_LINE + len(str(tmp_path))


def test_a_pickled_function_of_numpy_is_still_refused(tmp_path):
    """Only its numbers are read."""
    with (tmp_path / "x.pth").open("wb") as stream:
        torch.save({"model": {"x": np.random.default_rng(0)}}, stream, pickle_module=pickle)
    with pytest.raises(ValueError, match="refused and nothing in them was run"):
        load_weights(tmp_path / "x.pth")
