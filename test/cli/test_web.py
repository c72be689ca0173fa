"""`fingertip-contact web` becomes web_node, with its options as parameters."""

from __future__ import annotations

import os
import sys

import pytest

from cli_harness import run


def test_the_command_becomes_the_node(monkeypatch):
    """In place of its process, so that signals reach the node."""
    calls: list[list[str]] = []

    def replace_process(program: str, arguments: list[str]) -> None:
        calls.append([program, *arguments])
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", replace_process)
    assert run("web", "--port", "9000", "--layout", "piano", "--namespace", "/desk") == 0
    (call,) = calls
    assert call[:5] == [sys.executable, sys.executable, "-m", "fingertip_contact.start", "web_node"]
    assert {"port:=9000", "layout:=piano", "host:=127.0.0.1", "__ns:=/desk"} <= set(call)


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_is_a_port(port, capsys):
    """Before anything starts."""
    assert run("web", "--port", port) == 2
    assert "--port" in capsys.readouterr().err
