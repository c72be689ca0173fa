"""What the landmark network reaches in photographs of hands, for its rounding to 8 bits; and how far that moves tips.

    python benchmarks/landmark_calibration.py PHOTOS --out config/hands/landmark_8bit.npz
    python benchmarks/landmark_calibration.py PHOTOS --check

PHOTOS is a folder of photographs, of any size. Two fifths of them, by the hash of their names, are calibrated with; the
others are for --check, which compares 8 bits, noise and JPEG with single precision: fingertips in pixels of the
network's input (a hand is some 200 wide), presence, and processor time of one hand. Photographs and crops stay where
they are. The file holds extremes and means only.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact import weights
from fingertip_contact.datatypes import FINGERTIP_LANDMARKS
from fingertip_contact.files import atomic_write
from fingertip_contact.hands.eight_bit import (
    Calibration,
    equalise,
    find_bias_addition,
    find_convolutions,
    quantise,
)
from fingertip_contact.hands.landmark_model import CALIBRATION, INPUT_SIZE, LandmarkModel
from fingertip_contact.hands.network import compile_network, read_network
from fingertip_contact.hands.palm_detector import PalmDetector
from fingertip_contact.hands.track import Track
from fingertip_contact.openvino_import import openvino
from fingertip_contact.resources import find_share_file

MODEL = "hand_landmark_full"
MAX_IMAGE_PX = 1280
# Photographs that show little more than a hand are enlarged and framed: the palm detector expects surroundings.
MIN_IMAGE_PX, SMALL_IMAGE_PX, MARGIN_PX = 160, 400, 80
MAX_HANDS_PER_IMAGE = 4
# A region comes from the palm first, then twice from the landmarks in it, as when a hand is tracked.
SETTLING_STEPS = 2
MIN_PRESENCE = 0.7
# The range of an input holds the extremes of all but a tenth of the pictures.
RANGE_PERCENTILES = (10, 90)
TIMED_RUNS = 200
# What a camera or a video does to a picture, to compare with.
NOISE_GREY, JPEG_QUALITY = 2, 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of photographs of hands")
    parser.add_argument("--out", type=Path, help="calibrate, and write the file")
    parser.add_argument("--check", action="store_true", help="compare 8 bits with single precision")
    arguments = parser.parse_args()
    if arguments.out is not None:
        crops = collect_crops(arguments.photos, for_check=False)
        print(f"calibrating on {len(crops)} hands")
        with atomic_write(arguments.out, overwrite=True) as path, path.open("wb") as file:
            calibrate(crops).save(file)
        print(f"wrote {arguments.out}")
    if arguments.check:
        check(
            collect_crops(arguments.photos, for_check=True),
            Calibration.load(arguments.out or find_share_file(CALIBRATION)),
        )


def collect_crops(folder: Path, *, for_check: bool) -> np.ndarray:
    """(N, 224, 224, 3) uint8 BGR: the regions of the hands in the photographs of one part of a folder."""
    palm_detector = PalmDetector(weights.get_verified_path("palm_detection_full"))
    landmark_model = LandmarkModel(weights.get_verified_path(MODEL), requests=1, mirrored=False, precision="f32")
    paths = [path for path in sorted(folder.iterdir()) if (zlib.crc32(path.name.encode()) % 5 >= 2) == for_check]
    crops = [crop for path in paths for crop in _find_hands(path, palm_detector, landmark_model)]
    if not crops:
        raise SystemExit(f"error: no hands in the {len(paths)} files of {folder} that are for this part")
    return np.array(crops)


def _find_hands(path: Path, palm_detector: PalmDetector, landmark_model: LandmarkModel) -> Iterator[np.ndarray]:
    image = cv2.imread(str(path))
    if image is None:
        return
    if (ratio := MAX_IMAGE_PX / max(image.shape[:2])) < 1:
        image = cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    if max(image.shape[:2]) <= MIN_IMAGE_PX:
        image = cv2.resize(image, (SMALL_IMAGE_PX, SMALL_IMAGE_PX), interpolation=cv2.INTER_CUBIC)
        image = cv2.copyMakeBorder(image, *(MARGIN_PX,) * 4, cv2.BORDER_REPLICATE)
    palm_detector.start(image)
    for palm in palm_detector.result()[:MAX_HANDS_PER_IMAGE]:
        track = Track(0, palm)
        for _ in range(SETTLING_STEPS):
            (landmarks,) = landmark_model.run(image, [track.region])
            if landmarks.presence < MIN_PRESENCE:
                break
            track.update(landmarks, 0)
        else:
            crop = np.empty((INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
            track.region.cut(image, crop)
            yield crop


def calibrate(crops: np.ndarray) -> Calibration:
    """Extremes from single precision; then, convolution by convolution, what rounding shifts in the means."""
    reference = read_network(weights.get_verified_path(MODEL), INPUT_SIZE)
    _, _, peaks = _measure_inputs(reference, crops)
    equalise(reference, peaks)
    lowest, highest, _ = _measure_inputs(reference, crops)
    input_range = np.stack(
        [
            np.minimum(np.percentile(lowest, RANGE_PERCENTILES[0], axis=0), 0),
            np.percentile(highest, RANGE_PERCENTILES[1], axis=0),
        ],
        axis=1,
    ).astype(np.float32)
    means = _measure_means(reference, crops)
    corrections = [np.zeros_like(mean) for mean in means]
    for index in range(len(means)):
        rounded = read_network(weights.get_verified_path(MODEL), INPUT_SIZE)
        quantise(rounded, Calibration(input_range, peaks, tuple(corrections)))
        corrections[index] = means[index] - _measure_means(rounded, crops, index)[0]
        print(f"  convolution {index + 1} of {len(means)}", end="\r", flush=True)
    print()
    return Calibration(input_range, peaks, tuple(corrections))


def _measure_inputs(
    network: openvino.Model, crops: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """(crops, N) lowest and highest value of each convolution's input, and the largest in each of its channels."""
    inputs = [node.input_value(0) for node in find_convolutions(network)]
    lowest, highest = np.empty((2, len(crops), len(inputs)), np.float32)
    peaks = [np.zeros(source.get_shape()[1], np.float32) for source in inputs]
    for row, values in enumerate(_run(network, inputs, crops)):
        for column, value in enumerate(values):
            lowest[row, column], highest[row, column] = value.min(), value.max()
            np.maximum(peaks[column], np.abs(value[0]).max(axis=(1, 2)), out=peaks[column])
    return lowest, highest, tuple(peaks)


def _measure_means(network: openvino.Model, crops: np.ndarray, index: int | None = None) -> list[np.ndarray]:
    """Per convolution, or of the one at `index`: (K,) mean of each channel behind the bias, over the crops."""
    nodes = find_convolutions(network)
    outputs = [find_bias_addition(node).output(0) for node in (nodes if index is None else [nodes[index]])]
    sums = [np.zeros(output.get_shape()[1]) for output in outputs]
    for values in _run(network, outputs, crops):
        for total, value in zip(sums, values, strict=True):
            total += value[0].mean(axis=(1, 2), dtype=np.float64)
    return [(total / len(crops)).astype(np.float32) for total in sums]


def _run(network: openvino.Model, outputs: list[openvino.Output], crops: np.ndarray) -> Iterator[list[np.ndarray]]:
    part = openvino.Model(outputs, network.get_parameters(), "part")
    request = compile_network(part, requests=1).create_infer_request()
    for crop in crops:
        request.infer([crop[None]])
        yield [tensor.data for tensor in request.output_tensors]


def check(crops: np.ndarray, calibration: Calibration) -> None:
    """Print the differences, beside what noise does to single precision, and the processor time of a hand,
    alternating."""
    network = read_network(weights.get_verified_path(MODEL), INPUT_SIZE)
    quantise(network, calibration)
    single, rounded = (
        compile_network(model, requests=1).create_infer_request()
        for model in (read_network(weights.get_verified_path(MODEL), INPUT_SIZE), network)
    )
    tips_px, presence = _find_tips(single, crops)
    rounded_px, rounded_presence = _find_tips(rounded, crops)
    print(f"{len(crops)} hands that were not calibrated with; fingertips differ from single precision by, px")
    _print_distances("8 bits", rounded_px - tips_px)
    _print_distances(f"noise of {NOISE_GREY} grey values", _find_tips(single, _add_noise(crops))[0] - tips_px)
    _print_distances(f"JPEG of quality {JPEG_QUALITY}", _find_tips(single, _compress(crops))[0] - tips_px)
    print(f"presence differs by {np.abs(rounded_presence - presence).max():.3f} at most")
    durations = np.array([[_time_s(request, crops[0]) for request in (single, rounded)] for _ in range(TIMED_RUNS)])
    single_ms, rounded_ms = 1e3 * np.median(durations, axis=0)
    print(f"processor time of a hand: {single_ms:.1f} ms in single precision, {rounded_ms:.1f} in 8 bits")


def _find_tips(request: openvino.InferRequest, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 5, 2) pixels of the crops, and (N,) presence."""
    tips_px, presence = [], []
    for crop in crops:
        request.infer([crop[None]])
        tips_px.append(request.get_output_tensor(0).data.reshape(-1, 3)[list(FINGERTIP_LANDMARKS), :2].copy())
        presence.append(float(request.get_output_tensor(1).data[0, 0]))
    return np.array(tips_px), np.array(presence)


def _print_distances(what: str, difference_px: np.ndarray) -> None:
    median, p95, p99 = np.percentile(np.linalg.norm(difference_px, axis=-1), (50, 95, 99))
    print(f"  {what}: {median:.2f} (median), {p95:.2f} (p95), {p99:.2f} (p99)")


def _add_noise(crops: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, NOISE_GREY, crops.shape)
    return np.clip(np.rint(crops + noise), 0, 255).astype(np.uint8)


def _compress(crops: np.ndarray) -> np.ndarray:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return np.array([cv2.imdecode(cv2.imencode(".jpg", crop, options)[1], cv2.IMREAD_COLOR) for crop in crops])


def _time_s(request: openvino.InferRequest, crop: np.ndarray) -> float:
    start = time.process_time()
    request.infer([crop[None]])
    return time.process_time() - start


if __name__ == "__main__":
    main()
