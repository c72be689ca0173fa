"""Which share of a camera's images arrives at two other processes, and how late: with and without this package's
settings of Fast DDS, raw and compressed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.ros.environment import find_missing_variables
from fingertip_research.demo.run import RunError, isolate_processes
from fingertip_research.ros.transport_probe import DISCOVERY_TIMEOUT_S, IDLE_S, RATE_HZ, RECEIVERS

PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
PROBE = "fingertip_research.ros.transport_probe"


@dataclass(frozen=True)
class TransportRow:
    """One case. share: of the images sent that arrived, mean and worst of all receivers and topics. median_ms, p99_ms:
    from the stamp, just before publishing, to the callback; of what arrived, NaN if nothing did."""

    form: str
    with_profile: bool
    share: float
    worst_share: float
    median_ms: float
    p99_ms: float


def measure_transport(seconds: float, profile: Path | None = None) -> list[TransportRow]:
    """Raw and compressed, each with the settings and without. profile: another file than the package's own.

    Raises RunError where the processes do not find each other.
    """
    isolate_processes()
    frames = max(round(seconds * RATE_HZ), 1)
    rows = []
    for form in ("raw", "compressed"):
        for with_profile in (True, False):
            rows.append(
                _summarise(form, with_profile, _run(form, frames, make_environment(with_profile, profile)), frames)
            )
    return rows


def make_environment(
    with_profile: bool, profile: Path | None = None, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The environment of a process with the settings, or with the defaults of Fast DDS."""
    plain = {name: value for name, value in environment.items() if name not in PROFILE_VARIABLES}
    missing = find_missing_variables(plain)
    if profile is not None:
        missing = {name: str(profile) if name in PROFILE_VARIABLES else value for name, value in missing.items()}
    return plain | {name: value for name, value in missing.items() if with_profile or name not in PROFILE_VARIABLES}


def _run(form: str, frames: int, environment: dict[str, str]) -> list[dict[str, list[float]]]:
    """Of each receiver the latencies by topic, ms."""

    def start(end: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", PROBE, end, form, str(frames)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    receivers = [start("receive") for _ in range(RECEIVERS)]
    processes = list(receivers)
    try:
        for receiver in receivers:
            assert receiver.stdout is not None
            receiver.stdout.readline()
        sender = start("send")
        processes.append(sender)
        timeout_s = frames / RATE_HZ + 3 * DISCOVERY_TIMEOUT_S + IDLE_S
        if sender.wait(timeout_s):
            raise RunError("the receivers were not found; is another ROS_DOMAIN_ID or RMW_IMPLEMENTATION set?")
        return [json.loads(receiver.communicate(timeout=timeout_s)[0]) for receiver in receivers]
    except subprocess.TimeoutExpired as error:
        raise RunError(f"sending and receiving did not end within {error.timeout:.0f} s") from error
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _summarise(form: str, with_profile: bool, received: list[dict[str, list[float]]], frames: int) -> TransportRow:
    topics = [latencies_ms for receiver in received for latencies_ms in receiver.values()]
    shares = [len(latencies_ms) / frames for latencies_ms in topics]
    all_ms = np.concatenate([np.asarray(latencies_ms) for latencies_ms in topics])
    median_ms, p99_ms = np.percentile(all_ms, [50, 99]) if len(all_ms) else (np.nan, np.nan)
    return TransportRow(form, with_profile, float(np.mean(shares)), min(shares), float(median_ms), float(p99_ms))
