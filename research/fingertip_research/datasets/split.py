"""Splits datasets into training, validation and test parts by participant, so that nobody is in two parts.

A split is a JSON manifest, small enough to be committed; the published ones are in config/splits. The text format of
Depth Anything V2's metric training, `<colour path> <depth path> [focal length]` per line, is also written and read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from fingertip_contact.json_file import field_errors, read_object
from fingertip_research.datasets.dataset import Dataset, DatasetFrame
from fingertip_research.datasets.writer import atomic_write_bytes, write_json
from fingertip_research.resources import CONFIG, find_config_file

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
VERSION = 1
# As in the authors' preparation.
DEFAULT_FRACTIONS: Mapping[Part, float] = {"train": 0.80, "val": 0.05, "test": 0.15}
DEFAULT_SEED = 42

_SPLIT_FOLDER = "splits"
_PARTICIPANT_FOLDER = re.compile(r"(P\d+)(_angle.*)?")


@dataclass(frozen=True)
class Split:
    """participants: per part. excluded: session (`P01/P01_...`) -> frames that are excluded for their quality.

    source: origin of the split, in plain text. Raises ValueError if a participant is in two parts.
    """

    name: str
    participants: Mapping[Part, tuple[str, ...]]
    excluded: Mapping[str, frozenset[int]] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        require_disjoint(self.participants, self.name)

    def frames(self, dataset: Dataset, part: Part) -> Iterator[DatasetFrame]:
        """The frames of a part; nothing is decoded. Raises ValueError if there is none."""
        frames = self.iter_available(dataset, part)
        first = next(frames, None)
        if first is None:
            raise ValueError(
                f"{dataset.path}: part {part!r} of split {self.name} has no frames; it names "
                f"{', '.join(self.participants[part]) or 'nobody'}, the dataset has {', '.join(dataset.participants)}"
            )
        return chain([first], frames)

    def iter_available(self, dataset: Dataset, part: Part) -> Iterator[DatasetFrame]:
        """The frames of a part, which may be empty."""
        for frame in dataset.frames(self.participants[part]):
            if frame.number not in self.excluded.get(frame.session.key, frozenset()):
                yield frame

    def count(self, dataset: Dataset, part: Part) -> int:
        """Number of frames of the dataset in a part; 0 is not an error here."""
        return sum(1 for _ in self.iter_available(dataset, part))

    def exclude(self, excluded: Mapping[str, Iterable[int]]) -> Split:
        """The split without some frames: session (`P01/P01_...`) -> their numbers."""
        merged = {session: set(numbers) for session, numbers in self.excluded.items()}
        for session, numbers in excluded.items():
            merged.setdefault(session, set()).update(numbers)
        return replace(self, excluded={session: frozenset(numbers) for session, numbers in merged.items() if numbers})

    def find_unassigned(self, dataset: Dataset) -> tuple[str, ...]:
        """Participants of the dataset that are in no part."""
        named = {participant for names in self.participants.values() for participant in names}
        return tuple(participant for participant in dataset.participants if participant not in named)


@dataclass(frozen=True)
class ImagePair:
    """A line of a text split. focal_px: None if the line has none."""

    rgb_path: Path
    depth_path: Path
    focal_px: float | None = None

    @property
    def participant(self) -> str | None:
        """Parsed from the folders' names; None if they have none."""
        for folder in reversed(self.rgb_path.parent.parts):
            named = _PARTICIPANT_FOLDER.fullmatch(folder)
            if named:
                return named[1]
        return None


def require_disjoint(participants: Mapping[Part, tuple[str, ...]], name: str) -> None:
    """Raises ValueError that names a participant in two parts."""
    part_by_participant: dict[str, Part] = {}
    for part, names in participants.items():
        for participant in names:
            if part_by_participant.setdefault(participant, part) != part:
                raise ValueError(
                    f"split {name}: {participant} is in {part_by_participant[participant]} and in {part}; "
                    "a model must not be tested on hands on which it was trained"
                )


def draw_split(
    dataset: Dataset, fractions: Mapping[Part, float] = DEFAULT_FRACTIONS, seed: int = DEFAULT_SEED, name: str = "drawn"
) -> Split:
    """Assigns participants to the parts, so that each part has about its fraction of the frames.

    The participants with most frames are assigned first, equals in an order drawn from the seed, each to the part with
    the largest deficit; no part stays empty. Raises ValueError if fractions are negative or all 0, or if participants
    are fewer than parts.
    """
    requested = {part: float(fractions.get(part, 0.0)) for part in PARTS}
    if min(requested.values()) < 0 or sum(requested.values()) <= 0:
        raise ValueError(f"fractions are {requested}; none may be negative, and at least one must be positive")
    used = [part for part in PARTS if requested[part] > 0]
    frames = dict.fromkeys(dataset.participants, 0)
    for session in dataset.sessions:
        frames[session.participant] += len(session.frame_numbers)
    if len(frames) < len(used):
        raise ValueError(f"{dataset.path} has {len(frames)} participants; {len(used)} parts need at least one each")
    people = list(np.random.default_rng(seed).permutation(sorted(frames)))
    people.sort(key=lambda participant: -frames[participant])
    target_counts = {part: requested[part] / sum(requested.values()) * sum(frames.values()) for part in used}
    assigned: dict[Part, list[str]] = {part: [] for part in PARTS}
    counts = dict.fromkeys(used, 0)
    for index, participant in enumerate(people):
        empty_parts = [part for part in used if not assigned[part]]
        # The last participants are assigned to parts that are still empty.
        candidates = empty_parts if len(people) - index == len(empty_parts) else used
        part = max(candidates, key=lambda part: target_counts[part] - counts[part])
        assigned[part].append(str(participant))
        counts[part] += frames[participant]
    return Split(
        name,
        {part: tuple(sorted(assigned[part])) for part in PARTS},
        source=f"dealt by frames, {fractions}, seed {seed}",
    )


def load_split(name_or_path: str | Path) -> Split:
    """Reads a manifest, or a published split by its name: `card`, `repository`.

    Raises FileNotFoundError if there is none, ValueError that names the file if it is not a split, or if a participant
    is in two parts.
    """
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        try:
            path = find_config_file(f"{_SPLIT_FOLDER}/{name_or_path}.json")
        except FileNotFoundError:
            raise FileNotFoundError(
                f"split {name_or_path} is neither a file nor one of {', '.join(list_splits())}"
            ) from None
    value = read_object(path)
    with field_errors(path):
        if value["version"] != VERSION:
            raise ValueError(f"version is {value['version']!r}; this program reads version {VERSION}")
        participants: dict[Part, tuple[str, ...]] = {
            part: tuple(map(str, value["participants"].get(part, ()))) for part in PARTS
        }
        excluded = {session: frozenset(map(int, numbers)) for session, numbers in value.get("excluded", {}).items()}
        return Split(str(value["name"]), participants, excluded, str(value.get("source", "")))


def list_splits() -> tuple[str, ...]:
    """The names of the published splits."""
    return tuple(sorted(path.stem for path in (CONFIG / _SPLIT_FOLDER).glob("*.json")))


def save_split(split: Split, dataset: Dataset, path: Path) -> None:
    """Writes the manifest, with the number of frames of the dataset in each part."""
    numbers = {part: split.count(dataset, part) for part in PARTS}
    value: dict[str, Any] = {
        "version": VERSION,
        "name": split.name,
        "source": split.source,
        "participants": {part: list(split.participants[part]) for part in PARTS},
        "frames": numbers,
    }
    if split.excluded:
        value["excluded"] = {session: sorted(split.excluded[session]) for session in sorted(split.excluded)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, value, indent=2)


def save_pairs(split: Split, dataset: Dataset, folder: Path, *, focal: bool = False) -> dict[Part, int]:
    """Writes train.txt, val.txt and test.txt with absolute paths; returns the number of lines of each.

    focal: end each line with the focal length in pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[Part, int] = {}
    for part in PARTS:
        lines = []
        for frame in split.iter_available(dataset, part):
            paths = [str(path.resolve()) for path in (frame.rgb_path, frame.depth_path)]
            if any(" " in path for path in paths):
                raise ValueError(f"{paths[0]}: the text format does not allow spaces in paths; move the dataset")
            lines.append(" ".join([*paths, *([f"{frame.camera.fx:.4f}"] if focal else [])]) + "\n")
        atomic_write_bytes(folder / f"{part}.txt", "".join(lines).encode())
        counts[part] = len(lines)
    return counts


def read_pairs(path: Path) -> list[ImagePair]:
    """Reads a text split; relative paths are relative to the folder of the file.

    Raises FileNotFoundError, or ValueError that names the line.
    """
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        with field_errors(f"{path}, line {number}"):
            if len(words) not in (2, 3):
                raise ValueError(f"{len(words)} words; a line must be `<colour path> <depth path> [focal length]`")
            focal_px = float(words[2]) if len(words) == 3 else None
            pairs.append(ImagePair(path.parent / words[0], path.parent / words[1], focal_px))
    return pairs


def match_pairs(dataset: Dataset, pairs: Iterable[ImagePair]) -> tuple[list[DatasetFrame], list[ImagePair]]:
    """The frames of the dataset that a text split names, matched by session and number instead of path; and the
    unmatched lines."""
    sessions = {session.name: (session, frozenset(session.frame_numbers)) for session in dataset.sessions}
    frames, unknown = [], []
    for pair in pairs:
        session, numbers = sessions.get(pair.rgb_path.parent.parent.name, (None, frozenset()))
        number = int(pair.rgb_path.stem) if pair.rgb_path.stem.isdecimal() else -1
        if session is not None and number in numbers:
            frames.append(DatasetFrame(session, number))
        else:
            unknown.append(pair)
    return frames, unknown


def read_pair_participants(folder: Path) -> dict[Part, tuple[str, ...]]:
    """The participants in train.txt, val.txt and test.txt of a folder, parsed from the paths.

    Raises ValueError if a participant is in two of them, FileNotFoundError if none of the files exists.
    """
    files = {part: folder / f"{part}.txt" for part in PARTS}
    if not any(file.is_file() for file in files.values()):
        raise FileNotFoundError(f"{folder} has none of {', '.join(file.name for file in files.values())}")
    participants: dict[Part, tuple[str, ...]] = {
        part: tuple(sorted({pair.participant for pair in read_pairs(file) if pair.participant}))
        for part, file in files.items()
        if file.is_file()
    }
    require_disjoint(participants, str(folder))
    return participants
