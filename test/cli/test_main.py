"""Rules of the command line: quick help, one line per error, meaningful exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from cli_harness import run
from fingertip_contact.cli.main import RESEARCH_COMMANDS, SUBCOMMANDS
from repository import ROOT

HEAVY = ("cv2", "embreex", "numpy", "openvino", "rclpy", "rosbags", "scipy", "torch")
VERBS = (*SUBCOMMANDS, *RESEARCH_COMMANDS)
# As on a robot: fingertip_research cannot be imported.
BLOCK_RESEARCH = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "fingertip_research":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""
HIDE_ENTRY_POINTS = "import importlib.metadata; importlib.metadata.entry_points = lambda **_: []\n"


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


def run_main(arguments: list[str], setup: str = "") -> subprocess.CompletedProcess[str]:
    return run_python(f"{setup}from fingertip_contact.cli.main import main\nmain({arguments})")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["export", "--help"], ["models", "--help"], ["bench", "depth", "--help"]]
)
def test_help_imports_no_heavy_modules(arguments):
    done = run_python(
        "import sys\nfrom fingertip_contact.cli.main import main\n"
        f"try:\n    main({arguments})\n"
        f"finally:\n    print('imported:', [name for name in {HEAVY} if name in sys.modules])"
    )
    assert done.stdout.endswith("imported: []\n")


@pytest.mark.parametrize(
    "setup", ["", BLOCK_RESEARCH, BLOCK_RESEARCH + HIDE_ENTRY_POINTS], ids=["installed", "blocked", "absent"]
)
def test_help_lists_every_command(setup):
    """Commands of this package and of fingertip_research, whether that is installed or not."""
    done = run_main(["--help"], setup)
    listed = {words[1] for line in done.stdout.splitlines() if len(words := line.split()) > 1}
    assert done.returncode == 0
    assert listed >= set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help(verb, capsys):
    """Every command exists and responds to --help."""
    assert run(verb, "--help") == 0
    assert f"fingertip-contact {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["demo", "dataset"])
@pytest.mark.parametrize("setup", [BLOCK_RESEARCH, BLOCK_RESEARCH + HIDE_ENTRY_POINTS], ids=["blocked", "absent"])
def test_missing_research_package_error_names_the_remedy(verb, setup):
    """One line that names the package and the pip command; exit code 2."""
    done = run_main([verb], setup)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: this command is in the package fingertip_research, which is not installed; ")
    assert f"pip install '{ROOT}/research'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_core_commands_run_without_the_research_package(tmp_path):
    """`process` gets as far as its input."""
    done = run_main(["process", "none.mcap", "--out", str(tmp_path / "out.jsonl")], BLOCK_RESEARCH)
    assert done.stderr == "error: recording none.mcap does not exist\n"


def test_a_module_runs_as_the_command():
    """`python -m fingertip_contact` is the command, for installations whose scripts are not on the PATH."""
    run = [sys.executable, "-m", "fingertip_contact", "--version"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("fingertip-contact ")


@pytest.mark.parametrize(("typed", "found"), [("mod", "models"), ("models pu", "pull"), ("bench ha", "hands")])
def test_a_shell_completes_commands(typed, found):
    """Those of this package and of others, at each level."""
    words = f"fingertip-contact {typed}"
    done = run_python(
        "import sys\nsys.argv = ['fingertip-contact']\nfrom fingertip_contact.cli.main import main\nmain()",
        _FINGERTIP_CONTACT_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert found in done.stdout.split()


@pytest.mark.parametrize("option", ["--calibration-seconds", "--repeat-delay-s"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_are_finite(option, value, capsys):
    """Also where an option has no limits, and for nan, which is within any limits. Nothing is read before."""
    assert run("process", "none.mcap", "--out", "out.jsonl", option, value) == 2
    assert option in "".join(capsys.readouterr())


def test_foreign_text_in_an_error_is_printable(capsys):
    """A file's name is foreign text: no control characters, no line ends, no direction marks."""
    assert run("keyboard", "show", "none\x1b[31m\u202e\nline") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.strip().isprintable()


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("fingertip-contact ")


@pytest.mark.parametrize("arguments", [("tipe",), ("process",), ("process", "--nonsense"), ("evaluate", "recording")])
def test_usage_errors_exit_with_2(arguments, capsys):
    """Wrong usage exits with 2 and points to --help."""
    assert run(*arguments) == 2
    assert "--help" in "".join(capsys.readouterr())


def test_an_error_is_one_line(tmp_path, capsys):
    """Bad input: one line on stderr that begins with `error:`, exit code 2, no traceback."""
    assert run("process", str(tmp_path / "none.mcap"), "--out", str(tmp_path / "out.jsonl")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: recording {tmp_path / 'none.mcap'} does not exist\n"


def test_traceback_on_demand():
    """With FINGERTIP_CONTACT_DEBUG=1 the exception propagates."""
    code = "from fingertip_contact.cli.main import main\nmain(['evaluate', 'recording', 'none.mcap'])"
    assert "Traceback" not in run_python(code).stderr
    assert "Traceback" in run_python(code, FINGERTIP_CONTACT_DEBUG="1").stderr


@pytest.mark.parametrize(("module", "requirement"), [("rosbags", "rosbags"), ("cv2", "opencv-python-headless")])
def test_missing_module_error_names_the_remedy(module, requirement, tmp_path):
    """The error names the missing module and the command that installs it."""
    done = run_python(
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Hide())\n"
        "from fingertip_contact.cli.main import main\n"
        f"main(['process', 'a.mcap', '--out', {str(tmp_path / 'out.jsonl')!r}])"
    )
    assert done.returncode == 2
    assert done.stderr == f"error: the Python module {module} is not installed; pip install '{requirement}'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["keyboard", "show", "iso_french"], ["keyboard", "show", "jis"], ["--help"]])
def test_a_terminal_without_utf8_is_no_error(arguments):
    """What it cannot show is escaped."""
    code = f"from fingertip_contact.cli.main import main; main({arguments!r})"
    done = run_python(code, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")


SIGNALLED = """
import os, signal, typer
from fingertip_contact.cli import main as cli

def command() -> None:
    try:
        os.kill(os.getpid(), signal.{name})
    except SystemExit:
        {what_becomes_of_it}

app = typer.Typer()
app.command()(command)
cli._load = lambda subcommand: typer.main.get_command(app)
cli.main(["doctor"])
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("what_becomes_of_it", ["raise", "raise ValueError('cannot be imported')", "pass"])
def test_a_signal_ends_the_command_whatever_its_exception_becomes(name, what_becomes_of_it):
    """One that ends an import is told as an import that failed, and a destructor swallows it: the exit code is the
    signal's, and no error is told."""
    # The tests may run under nohup.
    default = f"import signal; signal.signal(signal.{name}, signal.SIG_DFL)\n" if name == "SIGHUP" else ""
    done = run_python(default + SIGNALLED.format(name=name, what_becomes_of_it=what_becomes_of_it))
    assert (done.returncode, done.stderr) == (128 + getattr(signal, name), "")


def test_nohup_outlives_the_terminal():
    """SIGHUP that is ignored from the start stays ignored."""
    ignored = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    done = run_python(ignored + SIGNALLED.format(name="SIGHUP", what_becomes_of_it="raise"))
    assert done.returncode == 0


def test_internal_errors_exit_with_1():
    """An unexpected exception exits with 1; the error explains how to get its traceback."""
    done = run_python(
        "import fingertip_research.ground_truth.recording as truth\n"
        "def fail(path): raise RuntimeError('wheels off')\n"
        "truth.ground_truth_path = fail\n"
        "from fingertip_contact.cli.main import main\n"
        "main(['evaluate', 'recording', 'a.mcap'])"
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: RuntimeError: wheels off; internal error: run again with FINGERTIP_CONTACT_DEBUG=1 for a traceback\n"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fingertip-contact mod", {"models"}),
        ("fingertip-contact models pu", {"pull"}),
        ("fingertip-contact process --depth-s", {"--depth-source"}),
    ],
)
def test_a_shell_completes_commands_and_options(words, expected, monkeypatch, capfd):
    """Of commands within commands too."""
    monkeypatch.setenv("_FINGERTIP_CONTACT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    run()
    assert set(capfd.readouterr().out.split()) == expected


@pytest.mark.parametrize("name", ["models", "bench", "keyboard", "evaluate", "dataset"])
def test_only_the_whole_command_installs_completion(name, capfd):
    """A script that one of its commands wrote would replace that of the whole."""
    run(name, "--help")
    assert "completion" not in capfd.readouterr().out
