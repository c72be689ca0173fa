"""What each cue is worth: trees fitted with that cue alone, and with all but that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fingertip_contact.contact.touch_features import CUES
from fingertip_research.evaluation.contact_counts import bootstrap_intervals, compute_metrics, pool_counts
from fingertip_research.training.touch.run import Prepared, collect_tables, fit_folds, judge

# All cues are there.
_SOURCE = "stereo"
# The rank among the hand's fingers is flow, too: alone, each would lack what the other says.
ALONE = {"flow and others": "flow,others", **{cue: cue for cue in CUES if cue not in ("flow", "others")}}


def list_cue_sets() -> Iterator[tuple[str, str]]:
    """Name and cues of each row."""
    yield "all", ""
    yield "colour: all without depth and stereo", ",".join(cue for cue in CUES if cue not in ("depth", "stereo"))
    for name, cues in ALONE.items():
        yield f"{name} alone", cues
    for name, cues in ALONE.items():
        yield f"without {name}", ",".join(cue for cue in CUES if cue not in cues.split(","))


def judge_cues(prepared: Prepared, progress: Callable[[str], object] = lambda text: None) -> dict[str, dict[str, Any]]:
    """By set of cues the metrics of all typing, with 95 % intervals of event F1 by person."""
    report = {}
    for name, cues in list_cue_sets():
        models = fit_folds(prepared, collect_tables(prepared, (_SOURCE,), cues))
        found = judge(prepared, models, (_SOURCE,), cues)
        counts = [own for (_, kind, _), by_recording in found.items() if kind != "hands only" for own in by_recording]
        intervals = bootstrap_intervals(dict(enumerate(counts)), ("event_f1",))
        report[name] = compute_metrics(pool_counts(counts)) | {"event_f1_ci95": intervals["event_f1"]}
        progress(f"{name}: event F1 {report[name]['event_f1']:.3f}")
    return report
