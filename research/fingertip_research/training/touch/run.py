"""The whole fit of the touch classifier: network, trees, calibration, and what it is worth on people it has not met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from fingertip_contact.contact.classifiers.touch import TouchModel
from fingertip_contact.contact.measurement.appearance_network import DEFAULT_MODEL as APPEARANCE_FILE
from fingertip_contact.contact.parameters import FAST_DECISION_S, ContactParameters
from fingertip_contact.contact.touch_features import MISSING, find_unused_features
from fingertip_contact.file_locks import scratch_folder
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.evaluation.contact_counts import ContactCounts, compute_metrics, count_contacts, pool_counts
from fingertip_research.evaluation.fingertip_recording import detect
from fingertip_research.evaluation.sources import select_cues
from fingertip_research.simulation.difficulty import Difficulty
from fingertip_research.training.touch.appearance import (
    AppearanceSettings,
    fit_appearance,
    predict_appearance,
    save_appearance,
)
from fingertip_research.training.touch.calibration import calibrate, collect_candidates
from fingertip_research.training.touch.examples import TouchExamples, load_examples
from fingertip_research.training.touch.trees import (
    FeatureTable,
    TreeSettings,
    collect_features,
    fit_trees,
    replay,
    save_touch_model,
)

FITTED_SOURCES = ("none", "sensor", "imagers", "stereo")
# Speed and size of motion at which each recording is replayed, and how many frames its appearances are shifted by:
# small motion has no pictures, and trees that see unrelated ones learn not to depend on them. The first two raise event
# F1 of unknown people by 0.01; the others that of another generator's hands, which move less, from 0.40 to 0.72 in
# colour.
REPLAYS = ((0.8, 1.2, 0), (1.3, 0.8, 0), (1.0, 0.4, 37), (1.15, 0.6, 37))
_FOLD_SEED = 5


@dataclass(frozen=True)
class TouchFit:
    """folds: parts of the recordings, each judged by a model of the others; by_generator: the recordings of one
    generator are one part, and folds is not used. delay_s: of a decision."""

    folds: int = 3
    by_generator: bool = False
    delay_s: float = ContactParameters().decision_delay_s
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)
    trees: TreeSettings = field(default_factory=TreeSettings)


@dataclass(frozen=True)
class Prepared:
    """Recordings ready for trees.

    fold: (R,) part of each. appearances: (T, FINGER_COUNT, outputs) of each, as a network that was fitted to the other
    parts says it. foreign: the same as a network says it that was fitted to the other generators' recordings; empty
    where one generator made all of them.
    """

    recordings: tuple[TouchExamples, ...]
    appearances: tuple[np.ndarray, ...]
    foreign: tuple[np.ndarray, ...]
    fold: np.ndarray
    settings: TouchFit


def prepare(
    bags: Sequence[Path],
    layouts: Sequence[Layout],
    settings: TouchFit,
    progress: Callable[[str], object] = lambda text: None,
) -> Prepared:
    """Measure recordings and let networks of the other parts say what each looks like. layouts: those of the sheets.

    Raises ValueError for fewer recordings than folds, and for a sheet of another layout.
    """
    if len(bags) < max(2, settings.folds):
        raise ValueError(f"{len(bags)} recordings are too few for {settings.folds} folds; add recordings")
    recordings = []
    for bag in bags:
        recordings.append(load_examples(bag, layouts))
        progress(f"measured {bag.name}")
    fold = divide(recordings, settings)
    appearances = _predict_unseen(recordings, fold, settings, progress)
    # Judged by other generators, what no network of theirs has seen is what there is already.
    foreign = [] if settings.by_generator else _predict_foreign(recordings, settings, progress)
    return Prepared(tuple(recordings), tuple(appearances), tuple(foreign), fold, settings)


def _predict_foreign(
    recordings: Sequence[TouchExamples], settings: TouchFit, progress: Callable[[str], object]
) -> list[np.ndarray]:
    _, generator = np.unique([find_generator(examples) for examples in recordings], return_inverse=True)
    return _predict_unseen(recordings, generator, settings, progress) if generator.any() else []


def divide(recordings: Sequence[TouchExamples], settings: TouchFit) -> np.ndarray:
    """(R,) part of each recording. Raises ValueError for parts by generator where one made all recordings."""
    if settings.by_generator:
        distinct, fold = np.unique([find_generator(examples) for examples in recordings], return_inverse=True)
        if len(distinct) < 2:
            raise ValueError(f"the generator {distinct[0]!r} made all recordings; parts by generator need two")
        return fold
    fold = np.empty(len(recordings), dtype=int)
    fold[np.random.default_rng(_FOLD_SEED).permutation(len(recordings))] = np.arange(len(recordings)) % settings.folds
    return fold


def find_generator(examples: TouchExamples) -> str:
    """What made a recording: `own` for this package's simulation; other generators give their name as the difficulty.
    Recordings of real people have none, and are one more."""
    difficulty = examples.truth.header.difficulty
    return "own" if difficulty in get_args(Difficulty) else difficulty or "real"


def fit_touch_classifier(
    prepared: Prepared, out: Path, progress: Callable[[str], object] = lambda text: None
) -> dict[str, dict[str, Any]]:
    """Writes the model folder `out`; returns, by generator, view and source, the metrics of the parts.

    Every recording is judged by a network and trees that were fitted to other recordings, that is to other people. The
    trees see the appearance as a network says it that was not fitted to their recording either.
    """
    recordings, settings = prepared.recordings, prepared.settings
    tables = collect_tables(prepared, FITTED_SOURCES)
    replays = collect_replays(prepared)
    progress("features collected")
    models = fit_folds(prepared, tables, replays)
    log_odds, is_tap = _collect_candidates(prepared, tables, models)
    progress("trees fitted to folds")
    origin = f"{len(recordings)} recordings, seeds {_list_seeds(recordings)}"
    whole = fit_trees([table for own in (*tables, *replays) for table in own], settings.trees, origin)
    save_touch_model(calibrate(whole, log_odds, is_tap), out)
    save_appearance(fit_appearance(recordings, settings.appearance, progress), out / APPEARANCE_FILE.name)
    progress(f"written: {out}")
    return _summarise(judge(prepared, [calibrate(model, log_odds, is_tap) for model in models]))


def collect_tables(prepared: Prepared, sources: Sequence[str], cues: str = "") -> list[list[FeatureTable]]:
    """Per recording and source its features, those of other cues missing."""
    unused = find_unused_features(cues)
    tables = []
    for examples, appearance in zip(prepared.recordings, prepared.appearances, strict=True):
        own = [collect_features(examples, appearance, source, prepared.settings.delay_s) for source in sources]
        for table in own:
            table.features[:, unused] = MISSING
        tables.append(own)
    return tables


def collect_replays(prepared: Prepared, cues: str = "") -> list[list[FeatureTable]]:
    """Per recording its features as faster and slower people would have typed it, as a network sees it that knows no
    hands and pictures of its kind, and as known where a touch is decided early: in colour, and as one of the other
    cameras in turn."""
    unused = find_unused_features(cues)
    replays = []
    for number, (examples, appearance) in enumerate(zip(prepared.recordings, prepared.appearances, strict=True)):
        delay_s = prepared.settings.delay_s
        shown = [
            (replay(examples, speed, size), np.roll(appearance, shift, axis=0), delay_s)
            for speed, size, shift in REPLAYS
        ]
        if prepared.foreign:
            shown.append((examples, prepared.foreign[number], delay_s))
        if delay_s > FAST_DECISION_S:
            shown.append((examples, appearance, FAST_DECISION_S))
        own = []
        for turn, (replayed, seen, known_after_s) in enumerate(shown):
            for source in (FITTED_SOURCES[0], FITTED_SOURCES[1 + (number + turn) % (len(FITTED_SOURCES) - 1)]):
                own.append(collect_features(replayed, seen, source, known_after_s))
        for table in own:
            table.features[:, unused] = MISSING
        replays.append(own)
    return replays


def fit_folds(prepared: Prepared, *tables: Sequence[Sequence[FeatureTable]]) -> list[TouchModel]:
    """A model for each part, fitted to the tables of the others. tables: any number of lists by recording."""
    return [
        fit_trees(
            [
                table
                for by_recording in tables
                for own, fold in zip(by_recording, prepared.fold, strict=True)
                if fold != part
                for table in own
            ],
            prepared.settings.trees,
            "",
        )
        for part in range(prepared.fold.max() + 1)
    ]


def judge(
    prepared: Prepared,
    models: Sequence[TouchModel],
    sources: Sequence[str] = FITTED_SOURCES,
    cues: str = "",
) -> dict[tuple[str, str, str], list[ContactCounts]]:
    """(generator, view or hands only, source) -> counts of each recording, by the detector with the model of the other
    parts."""
    counts: dict[tuple[str, str, str], list[ContactCounts]] = {}
    parameters = replace(ContactParameters(), classifier="touch", press_log_odds_threshold=0.0, cues=cues)
    parameters = replace(parameters, decision_delay_s=prepared.settings.delay_s)
    with scratch_folder() as folder:
        for part, model in enumerate(models):
            save_touch_model(model, folder / str(part))
        for examples, appearance, part in zip(prepared.recordings, prepared.appearances, prepared.fold, strict=True):
            own = replace(parameters, model=str(folder / str(part)))
            for source in sources:
                recording = select_cues(examples.recording, source, appearance)
                found = count_contacts(detect(recording, own, examples.layout), examples.truth, recording.stamps_ns)
                kind = (examples.truth.header.view or "") if examples.truth.taps else "hands only"
                counts.setdefault((find_generator(examples), kind, source), []).append(found)
    return counts


def _summarise(counts: dict[tuple[str, str, str], list[ContactCounts]]) -> dict[str, dict[str, Any]]:
    return {", ".join(key): compute_metrics(pool_counts(own)) for key, own in sorted(counts.items())}


def _collect_candidates(
    prepared: Prepared, tables: Sequence[Sequence[FeatureTable]], models: Sequence[TouchModel]
) -> tuple[np.ndarray, np.ndarray]:
    found = [
        collect_candidates(models[part].touch_down, table)
        for own, part in zip(tables, prepared.fold, strict=True)
        for table in own
    ]
    return np.concatenate([odds for odds, _ in found]), np.concatenate([taps for _, taps in found])


def _predict_unseen(
    recordings: Sequence[TouchExamples], fold: np.ndarray, settings: TouchFit, progress: Callable[[str], object]
) -> list[np.ndarray]:
    found: list[np.ndarray] = [np.zeros(0)] * len(recordings)
    parts = int(fold.max()) + 1
    for part in range(parts):
        others = [examples for examples, own in zip(recordings, fold, strict=True) if own != part]
        module = fit_appearance(others, settings.appearance, progress)
        for index in np.flatnonzero(fold == part).tolist():
            found[index] = predict_appearance(module, recordings[index])
        progress(f"appearance of fold {part + 1} of {parts}")
    return found


def _list_seeds(recordings: Sequence[TouchExamples]) -> str:
    return ", ".join(str(examples.truth.header.seed) for examples in recordings)
