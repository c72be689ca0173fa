"""Mutated files of the robot's package; and a reader that misbehaves is found."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from itertools import islice

import pytest

from fingertip_contact.selftest import file_fuzz
from fingertip_contact.selftest.file_fuzz import fuzz_files
from fingertip_contact.selftest.file_kinds import FileKind

KINDS = 12
CASES = 25 * KINDS


def test_readers_raise_documented_errors_only():
    """ValueError or OSError that names the file; numpy has nothing to warn about. Mutated files of every kind are
    refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cases = list(fuzz_files(CASES, seed=0))
    assert [case for case in cases if case.finding] == []
    assert len({case.subject for case in cases if case.outcome == "refused"}) == KINDS


def test_a_seed_makes_the_same_cases():
    """And another one others."""
    first, again, other = (
        [case.content for case in islice(fuzz_files(2 * KINDS, seed), 2 * KINDS)] for seed in (3, 3, 4)
    )
    assert first == again != other


def read_wrongly(error):
    def read(path):
        if b"valid" not in path.read_bytes():
            raise error

    return read


def read_slowly(path):
    if b"valid" not in path.read_bytes():
        time.sleep(0.3)


@pytest.mark.parametrize(
    ("read", "finding"),
    [
        (read_wrongly(KeyError("keys")), "KeyError: 'keys'"),
        (read_wrongly(RecursionError("deep")), "RecursionError: deep"),
        (read_wrongly(ValueError("it is wrong")), "does not name the file: it is wrong"),
        (read_slowly, "it took 0.3 s"),
    ],
)
def test_a_reader_that_misbehaves_is_found(monkeypatch, read, finding):
    """An error that is not documented, one that does not name the file, and a reader that is slow."""
    monkeypatch.setattr(file_fuzz, "MAX_SECONDS", 0.2)
    kind = FileKind("unnamed.json", {"valid": 1}, read)
    findings = [case.finding for case in fuzz_files(20, 0, lambda folder: [kind])]
    assert any(finding in text for text in findings)


HANGING = """
import time
from fingertip_contact.selftest import file_fuzz
from fingertip_contact.selftest.file_kinds import FileKind

file_fuzz.HANG_S = 0.2
kind = FileKind("thing.json", {"valid": 1}, lambda path: time.sleep(30 * (b"valid" not in path.read_bytes())))
print(*(case.finding for case in file_fuzz.fuzz_files(8, 0, lambda folder: [kind])), sep="\\n")
"""


def test_a_reader_that_hangs_is_interrupted():
    """After HANG_S; in a process that gets signals, and has not loaded whatever else tests load."""
    done = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60, check=True)
    assert "did not end within 0.2 s" in done.stdout


def test_a_wrong_kind_is_no_finding():
    """A reader that refuses even the valid file tells nothing about mutated ones: its error is raised."""
    kind = FileKind("thing.json", {}, read_wrongly(ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        list(fuzz_files(1, 0, lambda folder: [kind]))
