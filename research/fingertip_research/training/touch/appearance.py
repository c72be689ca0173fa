"""Fits the appearance network: crops of a fingertip to touch-down, contact and height."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.fingertip_crops import CROP_PX, FRAME_TIMES_S
from fingertip_contact.file_locks import scratch_folder
from fingertip_contact.files import atomic_write
from fingertip_contact.openvino_import import openvino
from fingertip_research.evaluation.fingertip_noise_fit import CONTACT_CLEARANCE_M
from fingertip_research.training.touch.examples import CROP_MARGIN_PX, STORED_PX, TouchExamples

# Half a frame of 30 Hz: of the frames around a touch-down, the nearest one is its example; those within two frames are
# neither.
TOUCH_DOWN_S, UNCERTAIN_S = 1 / 60, 0.055
# Heights are learnt up to this one: above it a finger is in the air, no matter how far.
MAX_HEIGHT_CM = 2.0
# Limits of what a crop is shown as. Turned, stretched and of another gamma, the network finds touch-downs of a
# generator that it has not seen with an average precision of 0.27 instead of 0.25 (20 recordings of the third one).
MAX_TURN_DEG, MAX_LOG_SCALE, MAX_LOG_STRETCH, MAX_LOG_GAMMA = 25.0, 0.18, 0.08, 0.4
# Of the brightness from frame to frame: mains light, and exposure.
FLICKER_SIGMA = 0.02
_CENTER = int(np.abs(FRAME_TIMES_S).argmin())


@dataclass(frozen=True)
class AppearanceSettings:
    """batch: examples of touch-downs, of fingers that move or are low, and of any other frame."""

    epochs: int = 20
    steps_per_epoch: int = 150
    batch: tuple[int, int, int] = (28, 44, 32)
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    dropout: float = 0.2
    seed: int = 0
    threads: int = 1


class AppearanceModule(nn.Module):
    """(N, frames, size, size) bytes -> (N, len(OUTPUTS)). Some hundred thousand parameters.

    The frames are seen beside their difference to the frame that they tell about, which shows motion.
    """

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        frames = len(FRAME_TIMES_S)
        channels, stages = 2 * frames - 1, []
        for width, stride in ((32, 2), (32, 1), (48, 2), (64, 2), (64, 1)):
            convolution = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
            stages += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        self.stages = nn.Sequential(*stages)
        self.drop = nn.Dropout(dropout)
        self.hidden = nn.Linear(channels * (CROP_PX // 8) ** 2, 64)
        self.outputs = nn.Linear(64, len(OUTPUTS))

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        crops = crops.float() / 255
        mean = crops.mean((1, 2, 3), keepdim=True)
        # Dark and even crops are not blown up to noise.
        deviation = crops.std((1, 2, 3), keepdim=True) + 6 / 255
        crops = (crops - mean) / deviation
        center = crops[:, _CENTER : _CENTER + 1]
        others = torch.cat([crops[:, :_CENTER], crops[:, _CENTER + 1 :]], dim=1)
        seen = self.stages(torch.cat([crops, 3 * (others - center)], dim=1))
        return self.outputs(self.drop(functional.relu(self.hidden(self.drop(seen.flatten(1))))))


def fit_appearance(
    recordings: Sequence[TouchExamples],
    settings: AppearanceSettings,
    progress: Callable[[str], object] = lambda text: None,
) -> AppearanceModule:
    """A network fitted to recordings. Raises ValueError where they hold no touch-down."""
    random = np.random.default_rng(settings.seed)
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    pool = _Pool.from_recordings(recordings)
    module = AppearanceModule(settings.dropout).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(module.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * settings.steps_per_epoch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps)
    module.train()
    for epoch in range(settings.epochs):
        total = 0.0
        for _ in range(settings.steps_per_epoch):
            crops, targets = pool.draw(random, settings.batch)
            shown = augment(crops, random).contiguous(memory_format=torch.channels_last)
            # Twice as fast where the processor has bfloat16; the weights stay in single precision.
            with torch.autocast("cpu", torch.bfloat16):
                found = module(shown)
            loss = _compute_loss(found.float(), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        progress(f"epoch {epoch + 1} of {settings.epochs}: loss {total / settings.steps_per_epoch:.3f}")
    return module.eval()


def predict_appearance(module: AppearanceModule, examples: TouchExamples) -> np.ndarray:
    """(T, FINGER_COUNT, len(OUTPUTS)) as FingertipSamples.appearance, for a recording's crops."""
    inner = slice(CROP_MARGIN_PX, CROP_MARGIN_PX + CROP_PX)
    parts = []
    with torch.no_grad():
        for first in range(0, len(examples.crops), 512):
            crops = np.ascontiguousarray(examples.crops[first : first + 512, :, inner, inner])
            parts.append(module(torch.from_numpy(crops)).numpy())
    found = np.concatenate([*parts, np.full((1, len(OUTPUTS)), np.nan, np.float32)]).astype(np.float64)
    return found[examples.crop_index]


def save_appearance(module: AppearanceModule, path: Path) -> None:
    """Write an OpenVINO model, `path` and its .bin, in half precision; old ones are replaced."""

    example = torch.zeros((1, len(FRAME_TIMES_S), CROP_PX, CROP_PX), dtype=torch.uint8)
    network = openvino.convert_model(module, example_input=example, input=[(-1, *example.shape[1:])])
    with scratch_folder() as folder:
        written = folder / path.name
        openvino.save_model(network, written, compress_to_fp16=True)
        for file in (written.with_suffix(".bin"), written):
            with atomic_write(path.with_suffix(file.suffix), overwrite=True) as temporary_path:
                shutil.copyfile(file, temporary_path)


def augment(crops: np.ndarray, random: np.random.Generator) -> torch.Tensor:
    """Crops (N, frames, STORED_PX, STORED_PX) uint8 as other landmarks, hands, views, lights and sensors would show
    them: (N, frames, CROP_PX, CROP_PX) float, 0 to 255."""
    shown = _warp(torch.from_numpy(crops).float(), random)
    shown = 255 * (shown / 255).clamp(1e-4, 1) ** _draw(random, len(crops), np.exp, -MAX_LOG_GAMMA, MAX_LOG_GAMMA)
    shown = shown * _draw(random, len(crops), np.asarray, 0.5, 1.5)
    shown = shown + _draw(random, len(crops), np.asarray, -40, 40)
    if random.random() < 0.3:
        shown = functional.avg_pool2d(shown, 3, stride=1, padding=1, count_include_pad=False)
    flicker = torch.from_numpy(random.normal(1, FLICKER_SIGMA, (*crops.shape[:2], 1, 1))).float()
    noise = torch.randn_like(shown) * _draw(random, len(crops), np.asarray, 0, 7)
    return (shown * flicker + noise).clamp(0, 255)


def _draw(
    random: np.random.Generator, count: int, function: Callable[[np.ndarray], np.ndarray], low: float, high: float
) -> torch.Tensor:
    """(count, 1, 1, 1) function of uniform numbers."""
    return torch.from_numpy(function(random.uniform(low, high, (count, 1, 1, 1)))).float()


def _warp(crops: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """The middle of crops, each turned, stretched, shifted and mirrored as a whole."""
    count, frames = crops.shape[:2]
    angle_rad = np.radians(random.uniform(-MAX_TURN_DEG, MAX_TURN_DEG, count))
    scale_y = CROP_PX / STORED_PX * np.exp(random.uniform(-MAX_LOG_SCALE, MAX_LOG_SCALE, count))
    scale_x = scale_y * np.exp(random.uniform(-MAX_LOG_STRETCH, MAX_LOG_STRETCH, count))
    mirror = np.where(random.random(count) < 0.5, -1.0, 1.0)
    shift = random.uniform(-CROP_MARGIN_PX, CROP_MARGIN_PX, (2, count)) / (STORED_PX / 2)
    matrix = np.array(
        [
            [mirror * scale_x * np.cos(angle_rad), -scale_y * np.sin(angle_rad), shift[0]],
            [mirror * scale_x * np.sin(angle_rad), scale_y * np.cos(angle_rad), shift[1]],
        ]
    )
    to_source = torch.from_numpy(matrix.transpose(2, 0, 1)).float()
    grid = functional.affine_grid(to_source, [count, frames, CROP_PX, CROP_PX], align_corners=False)
    return functional.grid_sample(crops, grid, padding_mode="border", align_corners=False)


@dataclass(frozen=True)
class _Pool:
    """Examples of three kinds: touch-downs, hard ones, and any. Each (M, 2): recording and row of its crops. targets:
    per recording, (M, 3): touch-down, contact, height."""

    recordings: tuple[TouchExamples, ...]
    kinds: tuple[np.ndarray, ...]
    targets: tuple[np.ndarray, ...]

    @classmethod
    def from_recordings(cls, recordings: Sequence[TouchExamples]) -> _Pool:
        kinds: tuple[list[np.ndarray], ...] = ([], [], [])
        targets = []
        for number, examples in enumerate(recordings):
            told = examples.find_told_rows()
            since_s, clearance_m = examples.since_touch_down_s()[told], examples.clearance_m[told]
            flow_m = np.linalg.norm(np.nan_to_num(examples.recording.samples.flow_m), axis=-1)
            moved_m = np.maximum(flow_m[told], flow_m[np.maximum(told - 1, 0)])
            usable = (examples.crop_index >= 0) & np.isfinite(clearance_m)
            touch_down = usable & (np.abs(since_s) <= TOUCH_DOWN_S)
            other = usable & (np.abs(since_s) > UNCERTAIN_S)
            hard = other & ((moved_m > 0.001) | (clearance_m < 0.002))
            for kind, chosen in zip(kinds, (touch_down, hard, other), strict=True):
                index = examples.crop_index[chosen]
                kind.append(np.column_stack([np.full(len(index), number), index]))
            table = np.zeros((len(examples.crops), len(OUTPUTS)), np.float32)
            height_cm = np.clip(100 * clearance_m, 0, MAX_HEIGHT_CM)
            table[examples.crop_index[usable]] = np.stack(
                [touch_down, clearance_m < CONTACT_CLEARANCE_M, height_cm], axis=-1
            )[usable]
            targets.append(table)
        stacked = tuple(np.concatenate(kind) for kind in kinds)
        if not all(map(len, stacked)):
            raise ValueError("the recordings hold no touch-down that the hands' crops show; add recordings with typing")
        return cls(tuple(recordings), stacked, tuple(targets))

    def draw(self, random: np.random.Generator, counts: Sequence[int]) -> tuple[np.ndarray, torch.Tensor]:
        """Crops and their targets, so many of each kind."""
        chosen = np.concatenate(
            [kind[random.integers(0, len(kind), count)] for kind, count in zip(self.kinds, counts, strict=True)]
        )
        crops = np.stack([self.recordings[number].crops[row] for number, row in chosen])
        return crops, torch.from_numpy(np.stack([self.targets[number][row] for number, row in chosen]))


def _compute_loss(found: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    touch_down = functional.binary_cross_entropy_with_logits(found[:, 0], targets[:, 0])
    contact = functional.binary_cross_entropy_with_logits(found[:, 1], targets[:, 1])
    height = functional.smooth_l1_loss(found[:, 2], targets[:, 2])
    return touch_down + 0.5 * contact + 0.5 * height
