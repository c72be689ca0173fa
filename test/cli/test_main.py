"""Rules of the command line: quick help, one line for every error, honest exit codes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cli_harness import run
from fingertip_contact.cli.main import SUBCOMMANDS

HEAVY = ("cv2", "embreex", "numpy", "openvino", "rclpy", "rosbags", "scipy", "torch")


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["export", "--help"], ["models", "--help"], ["bench", "depth", "--help"]]
)
def test_help_imports_no_heavy_modules(arguments):
    """`--help` imports nothing heavy; the first names every verb."""
    done = run_python(
        "import sys\nfrom fingertip_contact.cli.main import main\n"
        f"try:\n    main({arguments})\n"
        f"finally:\n    print('imported:', [name for name in {HEAVY} if name in sys.modules])"
    )
    assert done.stdout.endswith("imported: []\n")
    assert len(arguments) > 1 or all(verb in done.stdout for verb in SUBCOMMANDS)


@pytest.mark.parametrize("verb", SUBCOMMANDS)
def test_every_command_has_help(verb, capsys):
    """Every verb exists and answers to --help."""
    assert run(verb, "--help") == 0
    assert f"fingertip-contact {verb}" in capsys.readouterr().out


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("fingertip-contact ")


@pytest.mark.parametrize("arguments", [("tipe",), ("process",), ("process", "--nonsense"), ("evaluate", "recording")])
def test_usage_errors_exit_with_2(arguments, capsys):
    """Wrong usage exits with 2 and says how to get help."""
    assert run(*arguments) == 2
    assert "--help" in "".join(capsys.readouterr())


def test_an_error_is_one_line(tmp_path, capsys):
    """Bad input: one line on stderr that begins with `error:`, exit code 2, no traceback."""
    assert run("process", str(tmp_path / "none.mcap"), "--out", str(tmp_path / "out.jsonl")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: recording {tmp_path / 'none.mcap'} does not exist\n"


def test_traceback_on_demand():
    """FINGERTIP_CONTACT_DEBUG=1 lets the exception through."""
    code = "from fingertip_contact.cli.main import main\nmain(['evaluate', 'recording', 'none.mcap'])"
    assert "Traceback" not in run_python(code).stderr
    assert "Traceback" in run_python(code, FINGERTIP_CONTACT_DEBUG="1").stderr


@pytest.mark.parametrize(("module", "extra"), [("rosbags", "bags"), ("cv2", None)])
def test_missing_module_error_names_the_remedy(module, extra, tmp_path):
    """What is not installed is said together with the command that installs it."""
    done = run_python(
        f"import sys\nsys.modules[{module!r}] = None\nfrom fingertip_contact.cli.main import main\n"
        f"main(['process', 'a.mcap', '--out', {str(tmp_path / 'out.jsonl')!r}])"
    )
    assert done.returncode == 2
    remedy = f"pip install 'fingertip_contact[{extra}]'" if extra else f"pip install {module}"
    assert done.stderr.startswith(f"error: the Python module {module} is not installed; {remedy}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_internal_errors_exit_with_1():
    """An exception that nobody foresaw exits with 1 and says how to see where it came from."""
    done = run_python(
        "import fingertip_research.ground_truth.recording as truth\n"
        "def fail(path): raise RuntimeError('wheels off')\n"
        "truth.ground_truth_path = fail\n"
        "from fingertip_contact.cli.main import main\n"
        "main(['evaluate', 'recording', 'a.mcap'])"
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: RuntimeError: wheels off; a fault in the program, FINGERTIP_CONTACT_DEBUG=1 shows where\n"
    )
