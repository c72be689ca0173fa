"""Plots of the kinematic suite: errors against angle, speed and distance, and the default's trade-off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.files import atomic_write
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.evaluation.contact_counts import ContactCounts, compute_metrics, count_contacts, pool_counts
from fingertip_research.evaluation.fingertip_noise import NoiseModel
from fingertip_research.evaluation.fingertip_recording import detect
from fingertip_research.evaluation.kinematic_suite import (
    FIRST_TEST_PARTICIPANT,
    SPLITS,
    find_split,
    make_conditions,
    make_simulated_participant,
    make_trial,
)
from fingertip_research.evaluation.kinematic_suite_run import DEFAULT_PROFILE, TrialResult

matplotlib.use("Agg")

LOG_ODDS_THRESHOLDS = np.array([-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0])


def write_plots(
    folder: Path, results: Sequence[TrialResult], layout: Layout, noise_model: NoiseModel, characters: int
) -> None:
    """Writes angle.png, speed.png, distance.png and roc.png into the folder.

    The trade-off is measured here, on one test participant.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = [result for result in results if result.group == DEFAULT_PROFILE]
    _plot_against(folder / "angle.png", own, lambda r: r.condition.angle_deg, "camera angle, degrees")
    _plot_against(folder / "speed.png", own, _typing_speed_wpm, "typing speed, words per minute")
    _plot_against(folder / "distance.png", own, lambda r: r.condition.distance_m, "camera distance, m")
    _plot_trade_off(folder / "roc.png", layout, noise_model, characters)


def _typing_speed_wpm(result: TrialResult) -> float:
    """True speed, rounded to tens."""
    total = result.counts
    return round(12 * total.characters / max(total.seconds, 1.0), -1)


def _plot_against(path: Path, results: Sequence[TrialResult], value: Callable[[TrialResult], float], name: str) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    for split in SPLITS:
        totals: dict[float, ContactCounts] = {}
        for result in results:
            if find_split(result.participant) == split:
                totals[value(result)] = totals.get(value(result), ContactCounts()) + result.counts
        positions = sorted(totals)
        rows = [compute_metrics(totals[x]) for x in positions]
        axes[0].plot(positions, [1.0 - float(row["event_f1"] or 0.0) for row in rows], marker="o", label=split)
        axes[1].plot(positions, [float(row["cer"] or 0.0) for row in rows], marker="o", label=split)
    for axis, quantity in zip(axes, ("1 - event F1", "character error rate"), strict=True):
        _label_axes(axis, name, quantity)
    _save(figure, path)


def _plot_trade_off(path: Path, layout: Layout, noise_model: NoiseModel, characters: int) -> None:
    """Recall against false presses, over thresholds of the log-odds of a press."""
    person = make_simulated_participant(FIRST_TEST_PARTICIPANT, layout, characters)
    trials = [make_trial(person, condition, noise_model) for condition in make_conditions(person.participant_id)]
    figure = Figure(figsize=(5.5, 4), layout="constrained")
    axis = figure.subplots()
    for profile in ("depth_only", "velocity_only", DEFAULT_PROFILE):
        parameters = load_profile(profile)
        points = []
        for threshold in LOG_ODDS_THRESHOLDS:
            stricter = replace(parameters, press_log_odds_threshold=float(threshold))
            total = pool_counts(
                count_contacts(detect(trial.recording, stricter, layout), trial.truth, trial.recording.stamps_ns)
                for trial in trials
            )
            points.append((compute_metrics(total)["false_presses_per_min"], compute_metrics(total)["event_recall"]))
        axis.plot(*zip(*points, strict=True), marker="o", label=profile)
    _label_axes(axis, "false presses per minute", "recall")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with atomic_write(path, overwrite=True) as temporary_path:
        figure.savefig(temporary_path, dpi=110, format="png")


def _label_axes(axis: Axes, across: str, up: str) -> None:
    axis.set_xlabel(across)
    axis.set_ylabel(up)
    axis.grid(alpha=0.3)
    axis.legend()
