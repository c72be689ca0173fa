"""The whole fit of the touch classifier: network, trees, calibration, and what it is worth on people it has not met."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.contact.classifiers.touch import TouchModel
from fingertip_contact.contact.measurement.appearance_network import DEFAULT_MODEL as APPEARANCE_FILE
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.evaluation.contact_counts import ContactCounts, compute_metrics, count_contacts, pool_counts
from fingertip_research.evaluation.fingertip_recording import detect
from fingertip_research.evaluation.sources import select_cues
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
    save_touch_model,
)

FITTED_SOURCES = ("none", "sensor", "imagers", "stereo")
_FOLD_SEED = 5


@dataclass(frozen=True)
class TouchFit:
    """folds: parts of the recordings, each judged by a model of the others. delay_s: of a decision."""

    folds: int = 3
    delay_s: float = ContactParameters().decision_delay_s
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)
    trees: TreeSettings = field(default_factory=TreeSettings)


def fit_touch_classifier(
    bags: Sequence[Path],
    layout: Layout,
    out: Path,
    settings: TouchFit,
    progress: Callable[[str], object] = lambda text: None,
) -> dict[str, dict[str, Any]]:
    """Writes the model folder `out`; returns, by view and source, the metrics of the folds.

    Every recording is judged by a network and trees that were fitted to other recordings, that is to other people. The
    trees see the appearance as a network says it that was not fitted to their recording either. Raises ValueError for
    fewer recordings than folds.
    """
    if len(bags) < max(2, settings.folds):
        raise ValueError(f"{len(bags)} recordings are too few for {settings.folds} folds; add recordings")
    recordings = []
    for bag in bags:
        recordings.append(load_examples(bag, layout))
        progress(f"measured {bag.name}")
    fold = np.empty(len(recordings), dtype=int)
    fold[np.random.default_rng(_FOLD_SEED).permutation(len(recordings))] = np.arange(len(recordings)) % settings.folds
    appearances = _predict_unseen(recordings, fold, settings, progress)
    tables = [
        [collect_features(examples, appearance, source, settings.delay_s) for source in FITTED_SOURCES]
        for examples, appearance in zip(recordings, appearances, strict=True)
    ]
    models = [fit_trees(_flatten(tables, fold != part), settings.trees, "") for part in range(settings.folds)]
    candidates = [
        collect_candidates(models[part].touch_down, table)
        for own, part in zip(tables, fold, strict=True)
        for table in own
    ]
    log_odds, is_tap = (np.concatenate(values) for values in zip(*candidates, strict=True))
    models = [calibrate(model, log_odds, is_tap) for model in models]
    progress("trees fitted to folds")
    report = _judge(recordings, appearances, fold, models, layout)
    origin = f"{len(bags)} recordings, seeds {_list_seeds(recordings)}"
    save_touch_model(calibrate(fit_trees(_flatten(tables, fold >= 0), settings.trees, origin), log_odds, is_tap), out)
    save_appearance(fit_appearance(recordings, settings.appearance, progress), out / APPEARANCE_FILE.name)
    return report


def _predict_unseen(
    recordings: Sequence[TouchExamples], fold: np.ndarray, settings: TouchFit, progress: Callable[[str], object]
) -> list[np.ndarray]:
    found: list[np.ndarray] = [np.zeros(0)] * len(recordings)
    for part in range(settings.folds):
        others = [examples for examples, own in zip(recordings, fold, strict=True) if own != part]
        module = fit_appearance(others, settings.appearance, progress)
        for index in np.flatnonzero(fold == part).tolist():
            found[index] = predict_appearance(module, recordings[index])
        progress(f"appearance of fold {part + 1} of {settings.folds}")
    return found


def _judge(
    recordings: Sequence[TouchExamples],
    appearances: Sequence[np.ndarray],
    fold: np.ndarray,
    models: Sequence[TouchModel],
    layout: Layout,
) -> dict[str, dict[str, Any]]:
    counts: dict[str, list[ContactCounts]] = {}
    parameters = replace(ContactParameters(), classifier="touch", press_log_odds_threshold=0.0)
    with tempfile.TemporaryDirectory() as folder:
        for part, model in enumerate(models):
            save_touch_model(model, Path(folder) / str(part))
        for examples, appearance, part in zip(recordings, appearances, fold, strict=True):
            own = replace(parameters, model=str(Path(folder) / str(part)))
            for source in FITTED_SOURCES:
                recording = select_cues(examples.recording, source, appearance)
                found = count_contacts(detect(recording, own, layout), examples.truth, recording.stamps_ns)
                kind = examples.truth.header.view if examples.truth.taps else "hands only"
                counts.setdefault(f"{kind}, {source}", []).append(found)
    return {name: compute_metrics(pool_counts(own)) for name, own in sorted(counts.items())}


def _flatten(tables: Sequence[Sequence[FeatureTable]], chosen: np.ndarray) -> list[FeatureTable]:
    return [table for own, is_chosen in zip(tables, chosen, strict=True) if is_chosen for table in own]


def _list_seeds(recordings: Sequence[TouchExamples]) -> str:
    return ", ".join(str(examples.truth.header.seed) for examples in recordings)
