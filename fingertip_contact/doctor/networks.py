"""Checks of the hand networks: are they there, do they give the same numbers here, how long do they take."""

from __future__ import annotations

import time
from collections.abc import Callable

from fingertip_contact import weights
from fingertip_contact.doctor.check import CheckResult, System

# Of a camera at 30 Hz, one period; both hands run at once, and contact needs some of it.
MAX_LANDMARK_S = 0.025
REPEATS = 5


def check_weights(system: System) -> CheckResult:
    """The files of the hand networks, by their sha256."""
    for model in weights.select_models("hands"):
        try:
            weights.verify(model)
        except weights.MissingWeightsError:
            return CheckResult("weights", "error", f"{model.name} is missing, so no hand is tracked", model.remedy)
        except (weights.WeightsError, OSError) as error:
            return CheckResult("weights", "error", str(error), f"delete {model.location}, then {model.remedy}")
    has_depth = any(model.location.is_file() for model in weights.select_models("depth"))
    depth = "depth network too" if has_depth else "no depth network, which depth_source model and fused need"
    return CheckResult("weights", "ok", f"hand networks; {depth}")


def check_depth_runtimes(system: System) -> tuple[CheckResult, ...]:
    """The verdicts on the depth network's runtimes that were tried on this processor."""
    from fingertip_contact.depth import trial

    verdicts = list(trial.list_verdicts())
    passed = sorted({verdict.subject for _, verdict in verdicts if not verdict.reason})
    text = f"passed their self-test here: {', '.join(passed)}" if passed else "none has passed a self-test here yet"
    rejected = (
        CheckResult(
            "depth_runtimes",
            "advice",
            f"{verdict.subject} is not used: {verdict.reason}",
            f"nothing, where the next runtime is fast enough; to try it again: rm {path}",
        )
        for path, verdict in verdicts
        if verdict.reason
    )
    return CheckResult("depth_runtimes", "ok", text), *rejected


def check_parity(system: System) -> tuple[CheckResult, ...]:
    """The landmark network gives the numbers that it gave where the package was measured, and soon enough."""
    try:
        from fingertip_contact.doctor.reference_hand import MAX_DEVIATION_PX, measure_parity

        measured = measure_parity()
    except (ImportError, ValueError, OSError) as error:
        return (CheckResult("parity", "error", f"the landmark network does not run: {error}", "see the lines above"),)
    text = f"landmarks ({measured.precision}) {measured.deviation_px:.2f} px from the reference"
    parity = CheckResult("parity", "ok", text)
    if not measured.is_well:
        remedy = "pip install --force-reinstall openvino: this version computes other numbers on this processor"
        parity = CheckResult("parity", "error", f"{text}, more than {MAX_DEVIATION_PX[measured.precision]} px", remedy)
    return parity, _check_speed(measured.run)


def _check_speed(run: Callable[[], object]) -> CheckResult:
    """The shortest time of a few."""
    shortest_s = min(_time(run) for _ in range(REPEATS))
    text = f"{shortest_s * 1e3:.1f} ms for the landmarks of a hand"
    if shortest_s > MAX_LANDMARK_S:
        return CheckResult(
            "speed",
            "warning",
            f"{text}: frames will be dropped at 30 Hz",
            "end other programs, use a faster computer, or a camera at 15 Hz",
        )
    return CheckResult("speed", "ok", text)


def _time(run: Callable[[], object]) -> float:
    """Seconds."""
    started_s = time.perf_counter()
    run()
    return time.perf_counter() - started_s
