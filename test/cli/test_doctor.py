"""`fingertip-contact doctor` answers on any machine, in a line for each check."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from cli_harness import run
from fingertip_contact.cli import doctor
from fingertip_contact.doctor.check import CheckResult

# As on a machine without ROS, OpenCV, OpenVINO and librealsense.
BARE = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("rclpy", "cv2", "openvino", "pyrealsense2"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in ("rclpy", "cv2", "openvino") else find(name)
from fingertip_contact.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(("severity", "code"), [("ok", 0), ("advice", 0), ("warning", 1), ("error", 2)])
def test_the_exit_code_is_that_of_the_worst(severity, code, monkeypatch, capsys):
    """Advice stops no script; --brief leaves out what is well."""
    results = [CheckResult("one", "ok", "well"), CheckResult("two", severity, "a\ntext", "" if code == 0 else "do")]
    monkeypatch.setattr(doctor, "run_checks", lambda system: iter(results))
    assert run("doctor", "--brief") == code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (severity != "ok")
    assert all("a text" in line for line in lines)


def test_json_holds_every_check(monkeypatch, capsys):
    """The worst severity, and the checks with name, severity, text and remedy."""
    monkeypatch.setattr(doctor, "run_checks", lambda system: iter([CheckResult("one", "warning", "bad", "do")]))
    assert run("doctor", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {
        "worst": "warning",
        "checks": [{"name": "one", "severity": "warning", "text": "bad", "remedy": "do"}],
    }


def test_a_bare_machine_gets_remedies_and_no_traceback(tmp_path):
    """Without ROS, OpenCV, OpenVINO, weights, a home or a PATH: exit code 2, errors with remedies."""
    environment = {
        "HOME": "/proc/none",
        "PATH": "/none",
        "ROS_DOMAIN_ID": "x",
        "FINGERTIP_CONTACT_WEIGHTS": str(tmp_path),
    }
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", BARE, "doctor", "--json"],
        env={**environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    checks = json.loads(done.stdout)["checks"]
    assert (done.returncode, done.stderr) == (2, "")
    assert {check["name"] for check in checks if check["severity"] == "error"} >= {
        *("ros", "libraries", "logs", "domain", "weights", "parity")
    }
    assert all(check["remedy"] for check in checks if check["severity"] != "ok")
