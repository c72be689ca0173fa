"""Rules of `fingertip-contact export`: networks in the cache, where nodes find them, or in a folder to copy."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from cli_harness import run  # noqa: E402
from depth_weights import D405_NAME, make_random_weights, save_training_checkpoint  # noqa: E402
from fingertip_contact.depth import conversions  # noqa: E402
from fingertip_contact.depth.configuration import NetworkSpec  # noqa: E402
from fingertip_contact.depth.estimator import DepthEstimator  # noqa: E402


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Random weights in the published format."""
    return save_training_checkpoint(make_random_weights(), tmp_path_factory.mktemp("published") / D405_NAME)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_export_is_written_to_the_model_cache(checkpoint, capfd):
    """stdout holds the folder and nothing else; stderr reports the deviation from torch."""
    assert run("export", checkpoint, "--size", "42x56") == 0
    out, err = capfd.readouterr()
    assert out.strip() == str(conversions.get_cache_folder(NetworkSpec(checkpoint, 42, 56, 0.5), "openvino", "fp32"))
    assert "openvino fp32: " in err
    assert "mm from torch" in err
    assert run("export", checkpoint, "--size", "42x56") == 2
    assert "exists already; choose another name, or allow replacing it (--force)" in capfd.readouterr().err


def test_int8_is_calibrated_on_a_recording(checkpoint, typed_recording, tmp_path, capfd):
    """To a folder outside the cache, which runs without the weights."""
    pytest.importorskip("nncf")
    folder = tmp_path / "int8"
    options = ("--precision", "int8", "--size", "42x56", "--images", "8", "--out", folder)
    assert run("export", checkpoint, *options, "--calibration", typed_recording) == 0
    assert capfd.readouterr().out.strip() == str(folder)
    estimator = DepthEstimator.from_export(folder, threads=1)
    assert estimator.diagnostics["runtime"] == "openvino int8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--precision", "int8"), "give a recording: --calibration"),
        (("--size", "252"), "the size '252' has to be height x width"),
        (("--size", "250x336"), "250x336 has to be a multiple of 14"),
        (("--max-depth", "-1"), "has to be a positive number"),
    ],
)
def test_invalid_export_requests_are_rejected_early(checkpoint, capsys, options, message):
    """Bad input: one line, exit code 2."""
    assert run("export", checkpoint, *options) == 2
    assert message in capsys.readouterr().err


def test_force_deletes_only_conversions(checkpoint, tmp_path, capsys):
    """--force replaces an export, and no other folder."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert run("export", checkpoint, "--size", "42x56", "--out", tmp_path / "mine", "--force") == 2
    assert "holds no converted depth network" in capsys.readouterr().err
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_missing_weights_name_the_command_that_pulls_them(tmp_path, monkeypatch, capsys):
    """Without a file the pulled weights are exported."""
    monkeypatch.setenv("FINGERTIP_CONTACT_WEIGHTS", str(tmp_path))
    assert run("export") == 2
    assert "fingertip-contact models pull d405" in capsys.readouterr().err
