"""What the first self-test of a depth runtime, in a process of its own, adds to a start.

    python benchmarks/first_self_test.py [ROUNDS]

With random weights at 252x336, OpenVINO in single precision. Prints the median, in seconds, of starts with and without
a verdict, interleaved; every start is a new process, and OpenVINO's compiled graph is cached.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

START = """
import sys, time
from pathlib import Path
from fingertip_contact.depth import conversions, selection
conversion = conversions.read(Path(sys.argv[1]))
start_s = time.perf_counter()
selection.open_conversion(conversion)
print(time.perf_counter() - start_s)
"""


def main(rounds: int = 5) -> None:
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        from fingertip_contact.depth import selection, trial
        from fingertip_contact.depth.configuration import NetworkSpec
        from fingertip_research.benchmarks.depth import make_random_weights

        conversion = selection.load_or_build_conversion(
            NetworkSpec(make_random_weights(), 252, 336, 0.5), "openvino", "fp32"
        )
        measure_start_s(conversion.folder)
        times_s: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(rounds):
            shutil.rmtree(trial.get_folder())
            for is_first in times_s:
                times_s[is_first].append(measure_start_s(conversion.folder))
        for is_first, values_s in times_s.items():
            print(f"{'first' if is_first else 'later'} start: {statistics.median(values_s):.2f} s")


def measure_start_s(folder: Path) -> float:
    done = subprocess.run([sys.executable, "-c", START, folder], capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
