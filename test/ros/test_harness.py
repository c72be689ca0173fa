"""A failed test of nodes shows the part of a log that explains the failure."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from fingertip_contact.selftest.processes import LOG_LINES, summarize_log


def test_log_summary_holds_first_error_and_last_lines():
    """The first error may be far above the end."""
    lines = ["[INFO] start", "[ERROR] cannot configure: no weights", *(f"[INFO] frame {i}" for i in range(1000))]
    summary = summarize_log("\n".join(lines)).splitlines()
    assert summary[0] == "first error: [ERROR] cannot configure: no weights"
    assert summary[-1] == "[INFO] frame 999"
    assert len(summary) == LOG_LINES + 2


def test_log_summary_of_a_silent_node():
    """An empty log has no error."""
    assert summarize_log("").splitlines()[0] == "first error: none"
