"""The maximum depth is never guessed."""

import json
import logging

import pytest

from fingertip_contact.depth.configuration import check_input_size, reference_size, resolve_max_depth_m, write_config


@pytest.fixture
def unnamed(tmp_path):
    """Weights whose name does not imply a maximum depth."""
    path = tmp_path / "best.pth"
    path.touch()
    return path


def configure(weights, **fields):
    weights.with_name("config.json").write_text(json.dumps(fields))


def test_weights_without_max_depth_are_rejected_with_the_remedy(unnamed):
    """No default: 20 in place of 0.5 makes every depth 40 times too large."""
    with pytest.raises(ValueError, match=r"best\.pth.*give max_depth_m \(0\.5.*config\.json"):
        resolve_max_depth_m(unnamed)


def test_published_file_name_implies_half_a_metre(tmp_path):
    """The D405 fine-tuning was made with 0.5 m."""
    path = tmp_path / "depth_anything_v2_vits_d405_finetuned.pth"
    path.touch()
    assert resolve_max_depth_m(path) == 0.5


def test_config_json_beside_the_weights_gives_max_depth(unnamed):
    """Third-party weights come with a config.json."""
    configure(unnamed, encoder="vits", max_depth=0.8)
    assert resolve_max_depth_m(unnamed) == 0.8


def test_explicit_max_depth_wins_with_a_warning(unnamed, caplog):
    """A requested value is used, with a warning if the weights state another one."""
    configure(unnamed, max_depth=0.5)
    with caplog.at_level(logging.WARNING):
        assert resolve_max_depth_m(unnamed, 0.5) == 0.5
        assert not caplog.records
        assert resolve_max_depth_m(unnamed, 20.0) == 20.0
    assert "max_depth_m=20 was stated" in caplog.text
    assert "made with 0.5" in caplog.text


@pytest.mark.parametrize("value", [0, -0.5, float("nan"), float("inf"), "0.5", True, None])
def test_invalid_max_depth_is_rejected(unnamed, value):
    """From any source."""
    configure(unnamed, max_depth=value)
    with pytest.raises(ValueError, match=r"config\.json.* (is .*positive number|is not finite)"):
        resolve_max_depth_m(unnamed)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_invalid_explicit_max_depth_is_rejected(unnamed, value):
    """The message names the option, not the file."""
    with pytest.raises(ValueError, match=r"max_depth_m is .*positive number"):
        resolve_max_depth_m(unnamed, value)


@pytest.mark.parametrize("text", ["{", "[0.5]", "\x00"])
def test_broken_config_is_an_error_despite_a_known_file_name(tmp_path, text):
    """An unreadable file is an error; there is no fallback."""
    weights = tmp_path / "d405.pth"
    weights.touch()
    weights.with_name("config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json .*repair or remove it"):
        resolve_max_depth_m(weights)


def test_config_for_another_encoder_is_rejected(unnamed):
    """ViT-B weights would be refused later, more slowly."""
    configure(unnamed, encoder="vitb", max_depth=0.5)
    with pytest.raises(ValueError, match=r"encoder 'vitb'.*ViT-S"):
        resolve_max_depth_m(unnamed)


def test_missing_weights_are_named(tmp_path):
    """Missing weights are reported as missing, not as weights without a stated maximum depth."""
    with pytest.raises(ValueError, match=r"depth weights .*nowhere\.pth do not exist"):
        resolve_max_depth_m(tmp_path / "nowhere.pth")


@pytest.mark.parametrize(("height", "width"), [(0, 14), (14, -14), (13, 14), (252, 335)])
def test_sizes_not_divisible_into_patches_are_rejected(height, width):
    """The message names the size and the rule."""
    with pytest.raises(ValueError, match=f"{height}x{width} has to be a multiple of 14"):
        check_input_size(height, width)


def test_relative_base_model_is_rejected_for_metric_depth(tmp_path):
    """Its names and shapes are those of metric weights, and its numbers mean nothing here."""
    base = tmp_path / "depth_anything_v2_vits.pth"
    base.touch()
    with pytest.raises(ValueError, match=r"depth_anything_v2_vits\.pth holds relative depth.*models pull d405"):
        resolve_max_depth_m(base, 0.5)


def test_config_without_max_depth_falls_back_to_the_file_name(tmp_path):
    """config.json may hold other entries."""
    weights = tmp_path / "d405.pth"
    weights.touch()
    configure(weights, architecture="DepthAnythingV2")
    assert resolve_max_depth_m(weights) == 0.5


def test_written_config_is_read_back(unnamed):
    """An existing config.json is not overwritten with another value."""
    write_config(unnamed, 0.8)
    write_config(unnamed, 0.8)
    assert resolve_max_depth_m(unnamed) == 0.8
    with pytest.raises(ValueError, match="states another maximum depth"):
        write_config(unnamed, 0.5)


@pytest.mark.parametrize(
    ("image_size", "input_size"),
    [((480, 640), (518, 686)), ((640, 480), (686, 518)), ((720, 1280), (518, 924)), ((518, 518), (518, 518))],
)
def test_input_size_matches_the_reference(image_size, input_size):
    """The shorter side becomes 518; the aspect ratio is kept to the nearest multiple of 14."""
    assert reference_size(*image_size) == input_size
