"""`make evidence`, or python -m evidence.page kills ...: what was tried, how often, and what happened, in docs/evidence.md.

Each part is run by itself and its outcome kept, then the page is drawn from what is kept, so that a part can be run again alone. With
"mended" only those tests are run that failed last time; the page says of each that it failed first.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "var" / "evidence"
PAGE = ROOT / "docs" / "evidence.md"
MENDED = "mended"

INTRODUCTION = """# Evidence

Made by `make evidence` (one part alone: `make evidence ARGS=kills`); what it says is counted, not written by hand. Every test speaks to the
stand-in over HTTP, and each can fail. How fast things are is in [figures.md](figures.md).
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that was promised, and how it is tried: by tests, by a module that prints what it does, or both."""

    name: str
    title: str
    promise: str
    tests: tuple[str, ...] = ()
    module: tuple[str, ...] = ()  # after python -m


PARTS = (
    Part(
        "faults",
        "Faults",
        "Whatever goes wrong between Foyer and AnythingLLM, each act ends in its time, with one listed sentence and the right line in the"
        " ledger; no error of ours, no secret shown, nothing lost, nothing done twice; no answer that was cut is shown as whole.",
        (
            "tests/faults",
            "tests/relay",
            "tests/chat/test_faults.py",
            "tests/invites/test_joining_faults.py",
            "tests/anythingllm/test_sse.py",
            "tests/anythingllm/test_http.py",
        ),
    ),
    Part(
        "kills",
        "Killed in the middle",
        "A worker or a server that is killed (-9) at any moment leaves something to go on with: after the restart all is done, once.",
        ("tests/kills", "tests/jobs/test_workers.py", "tests/documents/test_killed.py"),
    ),
    Part(
        "rights",
        "Rights",
        "Every address, role and method gives what the house rules say and nothing more; what belongs to others does not exist; reading"
        " changes nothing.",
        ("tests/rights", "tests/test_house.py"),
    ),
    Part(
        "secrets",
        "Secrets and doors",
        "No secret is found in logs, pages, exports, ledger, jobs, error pages or mails; no page breaks its content security policy; forms"
        " are ours only.",
        ("tests/secrets", "tests/browser/test_crawl.py", "tests/project/test_headers.py"),
    ),
    Part(
        "hostile",
        "Hostile input",
        "Whatever is typed or sent is done as it stands or refused with a sentence, with nothing lost, and shown as text.",
        ("tests/hostile", "tests/users/test_import_parsing.py", "tests/test_csvfiles.py"),
    ),
    Part(
        "slow",
        "Whoever is slow",
        "Bodies that never come, answers that nobody reads, endless heads, idle connections, a course that joins at once: others are served.",
        ("tests/server",),
    ),
    Part(
        "instance",
        "Which instance",
        "Another AnythingLLM at the address, one restored from an older backup, a trial that ends: nobody inherits anything.",
        ("tests/system/test_instance_identity.py", "tests/project/test_run.py"),
    ),
    Part(
        "browsers",
        "Browsers, jobs and languages",
        "Every main journey in Chromium: by mouse, by keyboard alone, without JavaScript, at 360, 768 and 1,440 px, light and dark, for a"
        " screen reader; the ten everyday jobs at their cost; light pages; English and Simplified Chinese complete.",
        ("tests/browser", "tests/project/test_languages.py"),
    ),
    Part(
        "firefox",
        "Firefox",
        "The main journeys in a second engine: Debian's firefox-esr, driven by Marionette.",
        module=("evidence", "firefox"),
    ),
    Part(
        "load",
        "Load",
        "A hundred people in all rooms for three minutes, on SQLite and on PostgreSQL.",
        module=("bench", "load"),
    ),
    Part(
        "walk",
        "A newcomer's walk",
        "A fresh clone, an empty home, `make run`; then every page is opened and every main act done in a browser.",
        module=("evidence", "walk"),
    ),
    Part(
        "image", "The image's steps", "The steps of the Dockerfile, carried out by hand.", module=("evidence", "image")
    ),
)


@dataclass(slots=True)
class Outcome:
    """What became of a part. `tests` count those that ended so, by file."""

    at: str
    seconds: float
    good: bool
    tests: dict[str, dict[str, int]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    mended: dict[str, str] = field(default_factory=dict)  # what failed, and when it passed
    figures: list[tuple[str, str, str]] = field(default_factory=list)
    said: str = ""


def run(names: list[str]) -> bool:
    """Runs these parts (all, when none is named) and draws the page. Whether all that is on it went well."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if names == [MENDED]:
            outcome = _kept(part)
            if outcome is None or not outcome.failed:
                continue
            _try_again(outcome)
        elif not names or part.name in names:
            outcome = _run(part)
        else:
            continue
        (KEPT / f"{part.name}.json").write_text(json.dumps(asdict(outcome)))
    kept = {part.name: _kept(part) for part in PARTS}
    PAGE.write_text("\n".join(_page(kept)))
    return all(outcome is not None and outcome.good for outcome in kept.values())


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _test(tests: Sequence[str]) -> tuple[bool, dict[str, Any]]:
    """Whether all went well, and what evidence.collect wrote down of it."""
    report = KEPT / "tests.json"
    report.unlink(missing_ok=True)
    environment = os.environ | {"EVIDENCE": "thorough", "EVIDENCE_FILE": str(report)}
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "-p", "evidence.collect", *tests]
    good = subprocess.run(command, cwd=ROOT, env=environment).returncode == 0
    return good, json.loads(report.read_text()) if report.exists() else {"tests": [], "figures": []}


def _try_again(outcome: Outcome) -> None:
    """What failed, after a mend."""
    _good, found = _test(outcome.failed)
    for test in found["tests"]:
        if test["id"] in outcome.failed and test["outcome"] == "passed":
            outcome.failed.remove(test["id"])
            outcome.mended[test["id"]] = _now()
            ends = outcome.tests[test["id"].partition("::")[0]]
            ends["failed"] -= 1
            ends["passed"] = ends.get("passed", 0) + 1
    outcome.good = not outcome.failed
    measured = {what for what, *_rest in outcome.figures}
    outcome.figures = sorted([*outcome.figures, *(line for line in found["figures"] if line[0] not in measured)])


def _run(part: Part) -> Outcome:
    outcome, started = Outcome(at=_now(), seconds=0, good=True), time.monotonic()
    if part.tests:
        outcome.good, found = _test(part.tests)
        if found["tests"]:
            outcome.figures = found["figures"]
            outcome.failed = [test["id"] for test in found["tests"] if test["outcome"] == "failed"]
            for test in found["tests"]:
                ends = outcome.tests.setdefault(test["id"].partition("::")[0], {})
                ends[test["outcome"]] = ends.get(test["outcome"], 0) + 1
    if part.module:
        told = subprocess.run([sys.executable, "-m", *part.module], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        print(told.stdout)
        outcome.good &= told.returncode == 0
        outcome.said = told.stdout
    outcome.seconds = time.monotonic() - started
    return outcome


def _kept(part: Part) -> Outcome | None:
    try:
        return Outcome(**json.loads((KEPT / f"{part.name}.json").read_text()))
    except FileNotFoundError:
        return None


def _page(kept: dict[str, Outcome | None]) -> Iterator[str]:
    yield INTRODUCTION
    yield "| Part | Tried | Went wrong | When | Took |"
    yield "|---|---|---|---|---|"
    for part in PARTS:
        outcome = kept[part.name]
        anchor = re.sub(r"[^\w -]", "", part.title).lower().replace(" ", "-")
        if outcome is None:
            yield f"| [{part.title}](#{anchor}) | not run | | | |"
            continue
        passed, wrong = _count(outcome, "passed"), _count(outcome, "failed")
        tried = f"{passed + wrong:,} tests" if part.tests else "see there"
        bad = f"**{wrong}**" if wrong else "nothing" if outcome.good else "**see there**"
        if outcome.mended:
            bad = f"{bad}; {len(outcome.mended)} mended"
        yield f"| [{part.title}](#{anchor}) | {tried} | {bad} | {outcome.at} | {outcome.seconds / 60:.0f} min |"
    for part in PARTS:
        outcome = kept[part.name]
        yield f"\n## {part.title}\n\n{part.promise}\n"
        if outcome is not None:
            yield from _section(part, outcome)
    yield ""


def _section(part: Part, outcome: Outcome) -> Iterator[str]:
    if outcome.figures:
        yield "| Tried or measured | Outcome | At most |"
        yield "|---|---|---|"
        yield from (f"| {what} | {measured} | {at_most} |" for what, measured, at_most in outcome.figures)
        yield ""
    for name in outcome.failed:
        yield f"* Failed: `{name}`"
    for name, at in outcome.mended.items():
        yield f"* Failed, was mended and passed at {at}: `{name}`"
    if outcome.failed or outcome.mended:
        yield ""
    if outcome.tests:
        yield "| Tests | Passed | Failed |"
        yield "|---|---|---|"
        for file, ends in sorted(outcome.tests.items()):
            yield f"| [{file}](../{file}) | {ends.get('passed', 0):,} | {ends.get('failed', 0)} |"
    if outcome.said:
        yield f"```\n{outcome.said.strip()}\n```"


def _count(outcome: Outcome, end: str) -> int:
    return sum(ends.get(end, 0) for ends in outcome.tests.values())


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - {part.name for part in PARTS} - {MENDED}
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(part.name for part in PARTS)}.")
    sys.exit(not run(sys.argv[1:]))
