"""What several test files share."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fingertip_contact import weights
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation.recording import simulate
from fingertip_research.simulation.scene import make_scene


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
    """Simulated hands type "hi", calmly, seen from 60 degrees: a bag with its truth beside it."""
    path = tmp_path_factory.mktemp("typed") / "hi.mcap"
    simulate("hi", load_layout("qwerty"), make_scene(seed=3, angle_deg=60.0, level="calm"), path, workers=2)
    return path
