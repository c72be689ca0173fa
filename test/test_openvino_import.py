"""OpenVINO sends no usage data to its maker from our processes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from repository import ROOT

# Of the package itself, or of a part of it.
IMPORT = re.compile(r"^\s*(import|from) openvino\b", re.MULTILINE)
OWN = "fingertip_contact/openvino_import.py"


def test_the_telemetry_package_is_hidden():
    """OpenVINO's converter works with its stub, which sends nothing."""
    code = (
        "from fingertip_contact.hands import network\n"
        "from openvino.tools.ovc import telemetry_utils\n"
        "print(telemetry_utils.tm.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip().endswith("telemetry_stub"), done.stderr


@pytest.mark.parametrize("folder", ["fingertip_contact", "research", "benchmarks", "examples"])
def test_no_module_imports_openvino_by_itself(folder):
    """Whoever imports it first decides."""
    sources = sorted((ROOT / folder).rglob("*.py"))
    importing = [path.relative_to(ROOT).as_posix() for path in sources if IMPORT.search(path.read_text("utf-8"))]
    assert [path for path in importing if path != OWN] == []
