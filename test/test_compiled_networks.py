"""Rules of the cache of compiled networks."""

from __future__ import annotations

import gc
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fingertip_contact import compiled_networks as compiled_cache
from fingertip_contact.contact.measurement.appearance_network import AppearanceNetwork
from fingertip_contact.contact.measurement.fingertip_crops import CROP_PX, FRAME_TIMES_S
from fingertip_contact.hands.landmark_model import LandmarkModel
from fingertip_contact.hands.network import InferRequest, Network
from fingertip_contact.hands.palm_detector import INPUT_SIZE
from fingertip_contact.hands.roi import Roi


@pytest.fixture
def model(hand_weights: dict[str, Path]) -> Path:
    return hand_weights["palm_detection_full"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; the folder of the compiled networks."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "fingertip_contact" / "compiled_networks"


@pytest.fixture
def compiled_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name for each network that is compiled."""
    names: list[str] = []
    read = compiled_cache._write

    def write(path: Path, network: object) -> None:
        names.append(path.name)
        read(path, network)

    monkeypatch.setattr(compiled_cache, "_write", write)
    return names


def infer(network: Network) -> list[np.ndarray]:
    return run(network.requests[0])


def run(request: InferRequest) -> list[np.ndarray]:
    request.image_bgr[:] = np.random.default_rng(0).integers(0, 256, request.image_bgr.shape)
    request.start()
    return [output.copy() for output in request.wait()]


def test_a_stored_network_gives_the_same(cache: Path, compiled_names: list[str], model: Path):
    """It is compiled once, and the stored one's outputs are equal to the last bit."""
    first, second = (infer(Network(model, input_size=INPUT_SIZE, requests=1)) for _ in range(2))
    assert len(compiled_names) == 1 == len(list(cache.iterdir()))
    assert all(np.array_equal(before, after) for before, after in zip(first, second, strict=True))


def test_hands_in_8_bits_are_stored_too(cache: Path, hand_weights: dict[str, Path], hand_images: np.ndarray):
    """What the stored network sees is what the compiled one saw, and single precision has a file of its own."""
    height, width = hand_images[0].shape[:2]
    region = Roi(width / 2, height / 2, 200.0, 0.3)
    seen = [
        LandmarkModel(hand_weights["hand_landmark_full"], requests=2, mirrored=False, precision=precision).run(
            hand_images[0], [region]
        )[0]
        for precision in ("int8", "f32", "int8", "f32")
    ]
    assert len(list(cache.iterdir())) == 2
    for before, after in zip(seen[:2], seen[2:], strict=True):
        assert np.array_equal(before.points_px, after.points_px)
    assert not np.array_equal(seen[0].points_px, seen[1].points_px)


def test_fingertips_are_seen_alike_by_a_stored_network(cache: Path, compiled_names: list[str]):
    """The appearance network, whose file has no compiled one beside it."""
    images = np.random.default_rng(1).integers(0, 256, (3, len(FRAME_TIMES_S), CROP_PX, CROP_PX), np.uint8)
    first, second = (AppearanceNetwork().predict(images) for _ in range(2))
    assert len(compiled_names) == 1 == len(list(cache.iterdir()))
    assert np.array_equal(first, second)


def test_a_stored_network_outlives_what_loaded_it(cache: Path, model: Path):
    """OpenVINO computes with the bytes of the file, and does not keep them: the requests do."""
    Network(model, input_size=INPUT_SIZE, requests=1)
    expected = infer(Network(model, input_size=INPUT_SIZE, requests=1))
    request = Network(model, input_size=INPUT_SIZE, requests=1).requests[0]
    gc.collect()
    assert request._network.content is not None
    overwritten = [np.full(request._network.content.size, 255, np.uint8) for _ in range(8)]
    assert all(np.array_equal(before, after) for before, after in zip(expected, run(request), strict=True))
    assert len(overwritten) == 8


def test_a_request_that_runs_may_be_released(cache: Path, model: Path):
    """As when a node ends in the middle of a frame: it is waited for, and what it computes with is there until then."""
    code = (
        "import gc, sys\n"
        "from pathlib import Path\n"
        "from fingertip_contact.hands.network import Network\n"
        "for _ in range(30):\n"
        "    network = Network(Path(sys.argv[1]), input_size=192, requests=2)\n"
        "    for request in network.requests:\n"
        "        request.start()\n"
        "    del request, network\n"
        "    gc.collect()"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_what_changes_the_network_compiles_it_again(
    cache: Path, compiled_names: list[str], model: Path, monkeypatch: pytest.MonkeyPatch
):
    """Another number of requests, another processor, another version of OpenVINO: one each."""
    Network(model, input_size=INPUT_SIZE, requests=1)
    Network(model, input_size=INPUT_SIZE, requests=2)
    with monkeypatch.context() as changed:
        changed.setattr(compiled_cache, "describe_processor", lambda: "another")
        Network(model, input_size=INPUT_SIZE, requests=1)
    with monkeypatch.context() as changed:
        changed.setattr(compiled_cache.openvino, "__version__", "9.9")
        Network(model, input_size=INPUT_SIZE, requests=1)
    assert len(set(compiled_names)) == len(compiled_names) == 4


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "foreign"])
def test_a_damaged_file_is_replaced(
    cache: Path, compiled_names: list[str], model: Path, damage: str, caplog: pytest.LogCaptureFixture
):
    """It is told, and the file is whole afterwards. What is no network of OpenVINO's, too."""
    expected = infer(Network(model, input_size=INPUT_SIZE, requests=1))
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    foreign = compiled_cache.hashlib.sha256(b"text").digest() + b"text"
    path.chmod(0o600)
    path.write_bytes(
        {"cut": whole[:-9], "changed": whole[:-1] + b"\0\1"[whole[-1] == 0 :][:1], "empty": b"", "foreign": foreign}[
            damage
        ]
    )
    found = infer(Network(model, input_size=INPUT_SIZE, requests=1))
    assert "compiled again" in caplog.text
    assert all(np.array_equal(before, after) for before, after in zip(expected, found, strict=True))
    assert path.read_bytes() == whole or len(compiled_names) == 2


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, cache: Path, model: Path, caplog: pytest.LogCaptureFixture
):
    """The network works all the same."""
    (tmp_path / "fingertip_contact").write_text("a file where the folder would be", encoding="utf-8")
    with caplog.at_level(logging.INFO):
        assert len(infer(Network(model, input_size=INPUT_SIZE, requests=1))) == 2
    assert "is not kept" in caplog.text


def test_another_network_of_the_same_name_is_read(cache: Path, hand_weights: dict[str, Path], tmp_path: Path):
    """Not the name but the content decides: what was no such network stays none."""
    path = tmp_path / "palm_detection_full.tflite"
    shutil.copy(hand_weights["palm_detection_full"], path)
    Network(path, input_size=INPUT_SIZE, requests=1)
    shutil.copy(hand_weights["hand_landmark_full"], path)
    with pytest.raises(ValueError, match="it is another model"):
        Network(path, input_size=INPUT_SIZE, requests=1)
