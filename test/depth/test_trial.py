"""A runtime that ends its process, hangs, fails or gives wrong depth costs one child process, once."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

import broken_runtimes
from fingertip_contact.depth import conversions, parity, selection, trial
from fingertip_contact.depth.configuration import NetworkSpec
from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.depth.runtimes import RuntimeRejectedError

HEIGHT, WIDTH = 28, 42


@pytest.fixture
def starts(tmp_path, monkeypatch):
    """The folder in which each start of a stand-in leaves a file named after its process."""
    folder = tmp_path / "starts"
    folder.mkdir()
    monkeypatch.setenv(broken_runtimes.STARTS_VARIABLE, str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def conversion(tmp_path):
    """A network without a graph: the stand-ins read none."""
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "network.xml").write_text("none")
    image = parity.make_reference_image(HEIGHT, WIDTH)
    parity.write(folder / conversions.PARITY_FILE, image, np.full((HEIGHT, WIDTH), 0.3, np.float32))
    made = Conversion(folder, "openvino", "fp32", HEIGHT, WIDTH, 0.5, "0" * 64, {})
    made.write()
    return made


def open_with(name, conversion, monkeypatch):
    monkeypatch.setitem(selection.RUNTIME_CLASSES, "openvino", getattr(broken_runtimes, name))
    return selection.open_conversion(conversion)


def count_children(starts):
    return len({path.name for path in starts.iterdir()} - {str(os.getpid())})


@pytest.mark.parametrize(
    ("name", "reason", "is_kept"),
    [
        ("CrashingRuntime", r"crashed in its self-test \(SIGSEGV\)", True),
        ("IllegalRuntime", r"crashed in its self-test \(SIGILL\)", True),
        ("KilledRuntime", r"was killed \(SIGKILL\), as for want of memory", True),
        ("RaisingRuntime", "no room for the network", True),
        ("WrongRuntime", "deviates 30 mm from torch's", True),
        ("StoppedRuntime", r"was stopped \(SIGTERM\)", False),
    ],
)
def test_a_broken_runtime_is_rejected_once(starts, conversion, monkeypatch, name, reason, is_kept):
    """With the reason, in the child alone; the second start runs none, unless somebody stopped the first."""
    with pytest.raises(RuntimeRejectedError, match=reason):
        open_with(name, conversion, monkeypatch)
    assert count_children(starts) == 1
    with pytest.raises(RuntimeRejectedError, match=reason):
        open_with(name, conversion, monkeypatch)
    assert count_children(starts) == (1 if is_kept else 2)
    assert not (starts / str(os.getpid())).exists()


def test_the_next_runtime_is_used_and_told(starts, conversion, monkeypatch, caplog, tmp_path):
    """One line says what crashed, one what runs now."""

    def load(spec, format_, precision):
        made = replace(conversion, format=format_)
        made.graph.write_text("none")
        made.write()
        return made

    monkeypatch.setattr(selection, "load_or_build_conversion", load)
    monkeypatch.setitem(selection.RUNTIME_CLASSES, "openvino", broken_runtimes.CrashingRuntime)
    monkeypatch.setitem(selection.RUNTIME_CLASSES, "onnxruntime", broken_runtimes.GoodRuntime)
    selected = selection.select(NetworkSpec(tmp_path / "none.pth", HEIGHT, WIDTH, 0.5), precision="fp32")
    assert type(selected.runtime) is broken_runtimes.GoodRuntime
    [rejected] = selected.rejected_candidates
    assert rejected.startswith("openvino fp32: it crashed in its self-test (SIGSEGV)")
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"depth runtime rejected: {rejected}",
        "depth runtime used instead: stand-in fp32",
    ]


def test_a_runtime_that_hangs_is_ended(starts, conversion, monkeypatch):
    """At the deadline, and its process with it."""
    monkeypatch.setattr(trial, "DEADLINE_S", 3.0)
    with pytest.raises(RuntimeRejectedError, match="did not end within 3 s"):
        open_with("HangingRuntime", conversion, monkeypatch)
    for path in starts.iterdir():
        assert not os.path.exists(f"/proc/{path.name}")


def test_a_passed_trial_is_repeated_for_what_is_new(starts, conversion, monkeypatch):
    """Same network: no child. Another version, another processor, a repaired network: one each."""
    for _ in range(2):
        open_with("GoodRuntime", conversion, monkeypatch)
    assert count_children(starts) == 1
    with monkeypatch.context() as changed:
        changed.setattr(trial, "find_version", lambda library: "9.9")
        open_with("GoodRuntime", conversion, changed)
    with monkeypatch.context() as changed:
        changed.setattr(trial, "describe_processor", lambda: "another")
        open_with("GoodRuntime", conversion, changed)
    conversion.graph.write_text("repaired")
    open_with("GoodRuntime", conversion, monkeypatch)
    assert count_children(starts) == 4


def test_a_damaged_verdict_is_made_again(starts, conversion, monkeypatch, caplog):
    """It is told, and the file is whole afterwards."""
    open_with("GoodRuntime", conversion, monkeypatch)
    [(path, verdict)] = trial.list_verdicts()
    path.write_text('{"subject": 3}')
    assert not list(trial.list_verdicts())
    open_with("GoodRuntime", conversion, monkeypatch)
    assert "is tried again" in caplog.text
    assert list(trial.list_verdicts()) == [(path, verdict)]
    assert count_children(starts) == 2


def test_a_cache_that_cannot_be_written_is_told(starts, conversion, monkeypatch, tmp_path, caplog):
    """The runtime is used all the same."""
    (tmp_path / "cache").write_text("a file where the folder would be")
    runtime, deviation_m = open_with("GoodRuntime", conversion, monkeypatch)
    assert (runtime.name, deviation_m) == ("stand-in", 0.0)
    assert "is not kept" in caplog.text
