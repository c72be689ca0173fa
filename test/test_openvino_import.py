"""OpenVINO sends no usage data to its maker from our processes, and leaves their signals alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT

# Of the package itself, or of a part of it.
IMPORT = re.compile(r"^\s*(import|from) openvino\b", re.MULTILINE)
OWN = "fingertip_contact/openvino_import.py"
CORE = re.compile(r"\bopenvino\.Core\(")


def test_the_telemetry_package_is_hidden():
    """OpenVINO's converter works with its stub, which sends nothing."""
    code = (
        "from fingertip_contact.hands import network\n"
        "from openvino.tools.ovc import telemetry_utils\n"
        "print(telemetry_utils.tm.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip().endswith("telemetry_stub"), done.stderr


def test_the_converter_is_loaded_when_it_is_used(hand_weights: dict[str, Path]):
    """A node does not hold it; whoever asks OpenVINO for it has it, by either of its names."""
    code = (
        "import sys\n"
        "from fingertip_contact.openvino_import import openvino\n"
        "print('openvino.tools' in sys.modules)\n"
        "print(len(openvino.convert_model(sys.argv[1]).inputs))\n"
        "from openvino.tools.ovc import convert_model\n"
        "print(len(convert_model(sys.argv[1]).inputs))"
    )
    command = [sys.executable, "-c", code, str(hand_weights["palm_detection_full"])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["False", "1", "1"], done.stderr


@pytest.mark.parametrize("folder", ["fingertip_contact", "research", "benchmarks", "examples"])
def test_no_module_imports_openvino_by_itself(folder):
    """Whoever imports it first decides."""
    sources = sorted((ROOT / folder).rglob("*.py"))
    importing = [path.relative_to(ROOT).as_posix() for path in sources if IMPORT.search(path.read_text("utf-8"))]
    assert [path for path in importing if path != OWN] == []


@pytest.mark.parametrize("folder", ["fingertip_contact", "research", "benchmarks", "examples"])
def test_no_module_makes_a_core_of_its_own(folder):
    """Which would be released with its networks, and take the stack for signals along."""
    sources = sorted((ROOT / folder).rglob("*.py"))
    making = [path.relative_to(ROOT).as_posix() for path in sources if CORE.search(path.read_text("utf-8"))]
    assert [path for path in making if path != OWN] == []


@pytest.mark.usefixtures("hand_weights")
def test_a_signal_is_handled_after_the_networks_are_released():
    """As when a node is cleaned up, and ends by Ctrl-C afterwards: in a process of its own, which would crash."""
    code = (
        "import gc, os, signal\n"
        "from fingertip_contact.hands.tracker import HandTracker\n"
        "signal.signal(signal.SIGINT, lambda *_: print('handled', flush=True))\n"
        "tracker = HandTracker.from_weights()\n"
        "del tracker\n"
        "gc.collect()\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr
