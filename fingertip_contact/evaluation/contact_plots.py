"""Plots of the contact benchmark: errors against angle, speed and distance, and the trade-off of the default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.evaluation.contact_suite import FIRST_TEST, SPLITS, conditions_of, person_of, split_of, trial
from fingertip_contact.evaluation.contact_suite_run import DEFAULT, TrialResult
from fingertip_contact.evaluation.contact_tally import Tally, figures, pooled, tally
from fingertip_contact.evaluation.fingertip_noise import NoiseFigures
from fingertip_contact.evaluation.fingertip_recording import detect
from fingertip_contact.keyboard.layout import Layout

matplotlib.use("Agg")

FILES = ("angle.png", "speed.png", "distance.png", "roc.png")
EVIDENCE = np.array([-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0])


def write_plots(
    folder: Path, results: Sequence[TrialResult], layout: Layout, noise: NoiseFigures, characters: int
) -> None:
    """Writes FILES into the folder. The trade-off is measured here, on one test participant."""
    folder.mkdir(parents=True, exist_ok=True)
    own = [result for result in results if result.group == DEFAULT]
    _against(folder / "angle.png", own, lambda r: r.condition.angle_deg, "camera angle, degrees")
    _against(folder / "speed.png", own, _speed, "typing speed, words a minute")
    _against(folder / "distance.png", own, lambda r: r.condition.distance_m, "camera distance, m")
    _trade_off(folder / "roc.png", layout, noise, characters)


def _speed(result: TrialResult) -> float:
    """As typed, to the nearest ten."""
    total = result.tally
    return round(12 * total.characters / max(total.seconds, 1.0), -1)


def _against(path: Path, results: Sequence[TrialResult], value: Callable[[TrialResult], float], name: str) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    for split in SPLITS:
        totals: dict[float, Tally] = {}
        for result in results:
            if split_of(result.participant) == split:
                totals[value(result)] = totals.get(value(result), Tally()) + result.tally
        at = sorted(totals)
        rows = [figures(totals[x]) for x in at]
        axes[0].plot(at, [1.0 - float(row["event_f1"] or 0.0) for row in rows], marker="o", label=split)
        axes[1].plot(at, [float(row["cer"] or 0.0) for row in rows], marker="o", label=split)
    for axis, quantity in zip(axes, ("1 - event F1", "character error rate"), strict=True):
        _label(axis, name, quantity)
    figure.savefig(path, dpi=110)


def _trade_off(path: Path, layout: Layout, noise: NoiseFigures, characters: int) -> None:
    """Recall against false presses while the evidence that a press needs goes up."""
    person = person_of(FIRST_TEST, layout, characters)
    made = [trial(person, condition, noise) for condition in conditions_of(person.number)]
    figure = Figure(figsize=(5.5, 4), layout="constrained")
    axis = figure.subplots()
    for profile in ("depth_only", "velocity_only", DEFAULT):
        parameters = load_profile(profile)
        points = []
        for needed in EVIDENCE:
            stricter = replace(parameters, press_log_odds_threshold=float(needed))
            total = pooled(
                tally(detect(one.recording, stricter, layout), one.truth, one.recording.stamps_ns) for one in made
            )
            points.append((figures(total)["false_presses_per_min"], figures(total)["event_recall"]))
        axis.plot(*zip(*points, strict=True), marker="o", label=profile)
    _label(axis, "false presses a minute", "recall")
    figure.savefig(path, dpi=110)


def _label(axis: Axes, across: str, up: str) -> None:
    axis.set_xlabel(across)
    axis.set_ylabel(up)
    axis.grid(alpha=0.3)
    axis.legend()
