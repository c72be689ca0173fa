"""A small temporal network on image crops: whether a fingertip touched down, is in contact, and how high it is."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from fingertip_contact.compiled_networks import CompiledNetwork, load_compiled
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.fingertip_crops import CROP_PX, FRAME_TIMES_S
from fingertip_contact.openvino_import import get_core, openvino
from fingertip_contact.resources import find_share_directory

DEFAULT_MODEL = Path("config") / "contact_classifiers" / "touch" / "appearance.xml"
# Log-odds of a touch-down in the frame, log-odds of contact, height over the surface in centimetres (0 to 2).
OUTPUTS = ("touch_down", "contact", "height_cm")
_INPUT_SHAPE = (FINGER_COUNT, len(FRAME_TIMES_S), CROP_PX, CROP_PX)
# Single precision: OpenVINO's default on processors with bfloat16 gives other numbers there than elsewhere.
_SETTINGS: dict[str, object] = {
    "INFERENCE_PRECISION_HINT": "f32",
    "INFERENCE_NUM_THREADS": 1,
    "ENABLE_CPU_PINNING": False,
}


class AppearanceNetwork:
    """Runs on OpenVINO's CPU plugin, in one thread beside the caller's, all fingers at once. Not for several callers at
    a time."""

    def __init__(self, model: Path | None = None) -> None:
        """model: an OpenVINO file; None: the built-in one. Raises ValueError for a file that is not such a network,
        FileNotFoundError for a missing one."""
        network = _load(model or find_share_directory() / DEFAULT_MODEL)
        # In the order in which they are released: a request that is still running is waited for, then its memory goes.
        self._request = network.model.create_infer_request()
        self._input = np.zeros(_INPUT_SHAPE, np.uint8)
        self._network = network
        self._request.set_input_tensor(openvino.Tensor(self._input, shared_memory=True))
        self._request.infer()  # The first one takes three times as long as the others.
        self._count = 0

    def start(self, images: np.ndarray) -> None:
        """Begin to look at images (N, len(FRAME_TIMES_S), CROP_PX, CROP_PX) uint8, N up to FINGER_COUNT."""
        self._request.wait()  # For images of which nobody took the outcome.
        self._count = len(images)
        self._input[: self._count] = images
        self._request.start_async()

    def finish(self) -> np.ndarray:
        """(N, len(OUTPUTS)) of the images that were given to start()."""
        self._request.wait()
        return self._request.get_output_tensor().data[: self._count].astype(np.float64)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """(N, len(FRAME_TIMES_S), CROP_PX, CROP_PX) uint8, N up to FINGER_COUNT -> (N, len(OUTPUTS))."""
        self.start(images)
        return self.finish()


def _load(model: Path) -> CompiledNetwork:
    if not model.is_file():
        raise FileNotFoundError(f"the appearance network {model} does not exist; install the package again")
    contents = (model, model.with_suffix(".bin"), files(__package__) / "appearance_network.py")
    try:
        return load_compiled(contents, CROP_PX, _SETTINGS, lambda: _compile(model))
    except (RuntimeError, OSError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise ValueError(f"{model} is not an appearance network: {reason}; fit it again") from error


def _compile(model: Path) -> openvino.CompiledModel:
    network = get_core().read_model(model)
    network.reshape(_INPUT_SHAPE)
    return get_core().compile_model(network, "CPU", _SETTINGS)
