"""A plugin of pytest (-p evidence.collect): writes down how each test ended and what was measured, in the file EVIDENCE_FILE names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report for kind in ("passed", "failed", "error", "skipped") for report in terminalreporter.getreports(kind)
    ]
    tests = [
        {"id": report.nodeid, "outcome": report.outcome}
        for report in reports
        if report.when == "call" or report.outcome != "passed"
    ]
    figures = sorted({line for report in reports for name, line in report.user_properties if name == "figure"})
    Path(os.environ["EVIDENCE_FILE"]).write_text(json.dumps({"tests": tests, "figures": figures}))
