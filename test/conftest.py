"""Fixtures of several test files, and the markers of all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

# Before any test file loads librealsense's wheel (2.59.1): a process that loads it first and makes a node afterwards
# crashes at its very end. The nodes of the package load rclpy first.
with suppress(ModuleNotFoundError):
    import rclpy  # noqa: F401

import cv2
import numpy as np
import pytest

from fingertip_contact import weights
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation.recording import simulate
from fingertip_research.simulation.scene import make_scene

HERE = Path(__file__).parent
# Files whose tests take many seconds each: rendering, training, statistics over many taps, processes.
SLOW_FILES = (
    "benchmarks/test_other_generator_depth.py",
    "cli/test_keyboard_camera.py",
    "cli/test_live.py",
    "cli/test_process.py",
    "cli/test_setup.py",
    "contact/test_fingertip_height.py",
    "depth/test_fusion.py",
    "depth/test_propagation.py",
    "docs/test_tutorials.py",
    "nodes",
    "research/benchmarks/test_depth_benchmark.py",
    "research/benchmarks/test_pipeline_benchmark.py",
    "research/datasets/test_record_from_topics.py",
    "research/datasets/test_simulated.py",
    "research/datasets/test_writing.py",
    "research/demo",
    "research/evaluation/test_contact_suites.py",
    "research/simulation/test_recording.py",
    "research/simulation/test_typing.py",
    "research/training",
    "selftest/test_faults.py",
    "test_installations.py",
)
# What rosdep does not install, imported by test files or by what they test.
OPTIONAL_PACKAGES = ("aiohttp", "fpdf", "hypothesis", "jinja2", "jsonschema", "lightgbm", "matplotlib", "sklearn")
# What makes a test of ROS or torch: importing it, wherever in the file.
OPTIONAL_IMPORTS = {"ros": 'importorskip("rclpy")', "torch": 'importorskip("torch")'}


class SkippableModule(pytest.Module):
    """A test file that is skipped as a whole, and listed as such, where a package that it needs is missing."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        try:
            return super().collect()
        except self.CollectError as error:
            package = str(getattr(error.__cause__, "name", "")).partition(".")[0]
            if package not in OPTIONAL_PACKAGES:
                raise
            pytest.skip(f"the package {package} is not installed", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module:
    """Where colcon tests on a robot, fewer packages are installed than `make env` brings."""
    return SkippableModule.from_parent(parent, path=module_path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its file: `slow`, `ros`, `torch`."""
    for item in items:
        for marker in find_markers(item.path):
            item.add_marker(marker)


@cache
def find_markers(path: Path) -> tuple[str, ...]:
    """The markers of a test file."""
    source = path.read_text(encoding="utf-8")
    markers = [marker for marker, call in OPTIONAL_IMPORTS.items() if call in source]
    name = path.relative_to(HERE).as_posix()
    if any(name == slow or name.startswith(f"{slow}/") for slow in SLOW_FILES):
        markers.append("slow")
    return tuple(markers)


@pytest.fixture(scope="session")
def hand_weights() -> dict[str, Path]:
    """The real networks, pulled into the cache where they are not there yet."""
    try:
        weights.pull("hands")
    except weights.WeightsError as error:
        pytest.skip(f"the hand weights cannot be had here: {error}")
    return {model.name: weights.get_verified_path(model.name) for model in weights.select_models("hands")}


@pytest.fixture(scope="session")
def _shared_hand_tracker(hand_weights: dict[str, Path]) -> HandTracker:
    return HandTracker.from_weights()


@pytest.fixture
def hand_tracker(_shared_hand_tracker: HandTracker) -> HandTracker:
    """A tracker that has seen nothing; loading the networks once is enough."""
    _shared_hand_tracker.reset()
    return _shared_hand_tracker


@pytest.fixture(scope="session")
def hand_images() -> np.ndarray:
    """(N, 480, 640, 3) uint8, rendered at 30 Hz: both hands in view, the camera faces the typist.

    data/make_mediapipe_reference.py made them.
    """
    with np.load(Path(__file__).parent / "data" / "hand_frames.npz") as encoded:
        return np.stack([cv2.imdecode(encoded[name], cv2.IMREAD_COLOR) for name in sorted(encoded)])


@pytest.fixture(scope="session")
def typed_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated hands type "hi", calmly, seen from 60 degrees: a bag with its truth beside it. Depth is matched as a
    D405 does it, from the images of both imagers, which are there too."""
    return _simulate_typing(tmp_path_factory, "stereo")


@pytest.fixture(scope="session")
def readable_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with ideal depth: both taps are read, and nothing else is."""
    return _simulate_typing(tmp_path_factory, "ideal")


def _simulate_typing(tmp_path_factory: pytest.TempPathFactory, sensor: str) -> Path:
    path = tmp_path_factory.mktemp(sensor) / "hi.mcap"
    scene = make_scene(seed=3, angle_deg=60.0, level="calm", sensor=sensor)
    simulate("hi", load_layout("qwerty"), scene, path, workers=2, infra=sensor == "stereo")
    return path
