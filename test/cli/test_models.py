"""`fingertip-contact models convert`: weights in a format that cannot hold code."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from cli_harness import run  # noqa: E402
from depth_weights import D405_NAME, make_random_weights, save_training_checkpoint  # noqa: E402
from fingertip_contact.depth.checkpoint import load_weights  # noqa: E402
from fingertip_contact.depth.configuration import resolve_max_depth_m  # noqa: E402


@pytest.fixture
def checkpoint(tmp_path):
    """Random weights in the published format."""
    return save_training_checkpoint(make_random_weights(), tmp_path / D405_NAME)


def test_conversion_preserves_weights_and_max_depth(checkpoint, tmp_path, capsys):
    """Even under a name that does not imply the maximum depth."""
    target = tmp_path / "converted" / "desk.safetensors"
    assert run("models", "convert", checkpoint, "--out", target) == 0
    assert capsys.readouterr().out.strip() == str(target)
    loaded, weights = load_weights(target), make_random_weights()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)
    assert json.loads(target.with_name("config.json").read_text()) == {"encoder": "vits", "max_depth": 0.5}
    assert resolve_max_depth_m(target) == 0.5


def test_existing_file_is_not_overwritten(checkpoint, capsys):
    """Unless it may be overwritten."""
    target = checkpoint.with_suffix(".safetensors")
    target.write_text("mine")
    assert run("models", "convert", checkpoint) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert run("models", "convert", checkpoint, "--force") == 0
    assert load_weights(target).keys() == make_random_weights().keys()


def test_rejected_weights_leave_no_output(tmp_path, capsys):
    """One line states the reason."""
    (tmp_path / D405_NAME).write_text("no weights")
    assert run("models", "convert", tmp_path / D405_NAME, "--out", tmp_path / "out" / "d405.safetensors") == 2
    assert "are damaged or not a checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_other_file_extensions_are_rejected(checkpoint, tmp_path, capsys):
    """The suffix determines how a file is loaded."""
    assert run("models", "convert", checkpoint, "--out", tmp_path / "d405.bin") == 2
    assert "has to end in .safetensors" in capsys.readouterr().err
