"""Depth weights load from every published format; any other file is refused with a reason."""

import os
import pickle
import zipfile

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from safetensors.torch import save_file  # noqa: E402

from depth_weights import D405_NAME, make_random_images, make_random_weights, save_training_checkpoint  # noqa: E402
from fingertip_contact.depth.checkpoint import load_encoder, load_network, load_weights  # noqa: E402
from fingertip_contact.depth.network import DepthNetwork  # noqa: E402


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A checkpoint as it is published, of random weights."""
    return save_training_checkpoint(make_random_weights(), tmp_path_factory.mktemp("trained") / D405_NAME)


def save_checkpoint(content, path):
    torch.save(content, path)
    return path


def assert_same(loaded, weights):
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)


def test_published_checkpoint_reproduces_the_original_depth(trained):
    """Optimizer state, epoch, `module.` prefixes and the encoder's mask token are accepted."""
    original = DepthNetwork(70, 98, 0.5).eval()
    original.load_published(make_random_weights())
    images = make_random_images(70, 98)
    with torch.inference_mode():
        assert torch.equal(load_network(trained, 70, 98, 0.5)(images), original(images))


def test_a_bare_state_dict_loads(tmp_path):
    """The format of the base checkpoint."""
    weights = make_random_weights()
    assert_same(load_weights(save_checkpoint(weights, tmp_path / "bare.pth")), weights)


def test_safetensors_load_and_half_precision_becomes_single(tmp_path):
    """Weights stored in half precision are loaded in single precision."""
    halves = {name: value.half() for name, value in make_random_weights().items()}
    save_file(halves, tmp_path / "half.safetensors")
    assert_same(load_weights(tmp_path / "half.safetensors"), {name: value.float() for name, value in halves.items()})


class Payload:
    """Runs mkdir where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def save_pickle(content, path):
    path.write_bytes(pickle.dumps(content, protocol=2))


@pytest.mark.parametrize("write", [torch.save, save_pickle])
@pytest.mark.parametrize("place", ["model", "optimizer", "previous_best"])
def test_code_in_a_checkpoint_is_rejected_and_not_run(tmp_path, write, place):
    """At any place in the file."""
    content = {"model": {}, "optimizer": {}, "previous_best": {}, place: {"x": Payload(tmp_path / "executed")}}
    write(content, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match=r"evil\.pth were refused and nothing in them was run.*mkdir"):
        load_weights(tmp_path / "evil.pth")
    assert not (tmp_path / "executed").exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("protocol", [0, 4, 5])
def test_foreign_pickles_are_rejected_and_not_run(tmp_path, protocol):
    """The restricted loader reads none of their other instructions."""
    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"model": Payload(tmp_path / "executed")}, protocol=protocol))
    with pytest.raises(ValueError, match=r"evil\.pth .*nothing in them was run"):
        load_weights(path)
    assert not (tmp_path / "executed").exists()


def test_pickled_module_error_does_not_suggest_unsafe_loading(tmp_path):
    """torch's own message explains how to disable the protection; ours does not."""
    with pytest.raises(ValueError, match=r"more than tensors \(torch\.nn\.modules\.linear\.Linear\)") as refused:
        load_weights(save_checkpoint(torch.nn.Linear(2, 2), tmp_path / "module.pth"))
    assert "weights_only" not in str(refused.value)


@pytest.mark.parametrize("kept", [0, 1, 1000, 0.5, 0.999])
def test_truncated_checkpoint_is_rejected(trained, tmp_path, kept):
    """At any place of the interruption. kept: bytes, or the fraction of the file."""
    content = trained.read_bytes()
    path = tmp_path / "cut.pth"
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ValueError, match=r"cut\.pth are damaged or not a checkpoint .*fetch the file again"):
        load_weights(path)


@pytest.mark.parametrize("kept", [0, 5, 300])
def test_truncated_safetensors_are_rejected(tmp_path, kept):
    """The same for the other format."""
    save_file({"pretrained.cls_token": torch.zeros(1, 1, 384)}, tmp_path / "whole.safetensors")
    path = tmp_path / "cut.safetensors"
    path.write_bytes((tmp_path / "whole.safetensors").read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"cut\.safetensors are damaged.*fetch the file again"):
        load_weights(path)


def test_other_file_types_are_rejected(tmp_path):
    """A web page saved under the weights' name, or some zip archive."""
    page = tmp_path / "page.pth"
    page.write_text("<html>not found</html>")
    archive = tmp_path / "archive.pth"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("readme.txt", "hello")
    for path in (page, archive):
        with pytest.raises(ValueError, match=rf"{path.name} are damaged or not a checkpoint"):
            load_weights(path)


@pytest.mark.parametrize("content", [[1, 2], {}, {"model": {}}, torch.zeros(3), {"epoch": 3}])
def test_content_without_named_tensors_is_rejected(tmp_path, content):
    """A list, nothing, a lone tensor, numbers."""
    with pytest.raises(ValueError, match=r"odd\.pth hold .*tensors"):
        load_weights(save_checkpoint(content, tmp_path / "odd.pth"))


def test_missing_and_unexpected_weights_are_all_named(tmp_path):
    """Loading the present weights and leaving the rest random would give plausible but wrong depth."""
    weights = dict(make_random_weights())
    del weights["pretrained.norm.bias"], weights["depth_head.projects.0.weight"]
    weights["depth_head.extra"] = torch.zeros(1)
    named = r"missing: depth_head\.projects\.0\.weight, pretrained\.norm\.bias; unexpected: depth_head\.extra"
    with pytest.raises(ValueError, match=named):
        load_weights(save_checkpoint(weights, tmp_path / "partial.pth"))


@pytest.mark.parametrize(("width", "encoder"), [(768, "ViT-B"), (1024, "ViT-L"), (1536, "ViT-g")])
def test_wrong_encoder_size_is_named(tmp_path, width, encoder):
    """Instead of a list of every weight that does not fit."""
    weights = {"pretrained.cls_token": torch.zeros(1, 1, width)}
    with pytest.raises(ValueError, match=rf"another encoder \({encoder}, width {width}\).*_vits"):
        load_weights(save_checkpoint(weights, tmp_path / "large.pth"))


def test_mismatched_shapes_are_named(tmp_path):
    """The same names with other sizes, e.g. a head of another width."""
    weights = {**make_random_weights(), "depth_head.projects.0.bias": torch.zeros(64)}
    with pytest.raises(ValueError, match=r"other shapes .*projects\.0\.bias \(64,\)"):
        load_weights(save_checkpoint(weights, tmp_path / "wide.pth"))


def test_non_finite_weights_are_rejected(tmp_path):
    """A diverged training would give NaN everywhere, like an image without depth."""
    weights = {**make_random_weights(), "pretrained.norm.bias": torch.full((384,), float("nan"))}
    with pytest.raises(ValueError, match=r"not finite in pretrained\.norm\.bias"):
        load_weights(save_checkpoint(weights, tmp_path / "diverged.pth"))


def test_missing_checkpoint_is_named(tmp_path):
    """With what is expected there."""
    with pytest.raises(ValueError, match=r"depth weights .*nowhere\.pth do not exist: state the path"):
        load_weights(tmp_path / "nowhere.pth")


def test_fine_tuning_loads_only_the_encoder(tmp_path):
    """The file may hold any head: that of the base outputs disparity."""
    weights = make_random_weights()
    encoder = {name: value for name, value in weights.items() if name.startswith("pretrained.")}
    assert_same(load_encoder(save_checkpoint(encoder, tmp_path / "encoder.pth")), encoder)
    other_head = {**encoder, "depth_head.disparity": torch.zeros(3)}
    assert_same(load_encoder(save_checkpoint(other_head, tmp_path / "depth_anything_v2_vits.pth")), encoder)


def test_incomplete_encoder_is_rejected(tmp_path):
    """Missing and unexpected weights are named as for the whole network."""
    weights = {name: value for name, value in make_random_weights().items() if name.startswith("pretrained.")}
    weights["classifier.weight"] = weights.pop("pretrained.norm.bias")
    with pytest.raises(ValueError, match=r"missing: pretrained\.norm\.bias; unexpected: classifier\.weight"):
        load_encoder(save_checkpoint(weights, tmp_path / "encoder.pth"))
