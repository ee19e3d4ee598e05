import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dashboard.sandbox.conformance import Outcome, replay

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings.jsonl"


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return replay(RECORDINGS)


def test_it_answers_like_the_real_one(outcomes: list[Outcome]) -> None:
    failed = {outcome.name: outcome.problems for outcome in outcomes if outcome.problems}
    assert len(outcomes) > 600
    assert len(failed) <= 0.02 * len(outcomes), failed


def test_it_knows_every_operation_of_the_developer_api(outcomes: list[Outcome]) -> None:
    endpoints = {outcome.endpoint for outcome in outcomes if " /v1/" in outcome.endpoint}
    assert len(endpoints) >= 62  # all 63 but metadata-schema, which is not among the recordings


def _some(tmp_path: Path, phase: str) -> tuple[Path, list[dict[str, object]]]:
    rows = [json.loads(line) for line in RECORDINGS.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["phase"].startswith(phase)]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path, rows


def test_the_command_counts_only_what_is_named(tmp_path: Path) -> None:
    path, rows = _some(tmp_path, "A ")
    names = tmp_path / "names.txt"
    names.write_text("auth__ok\npub_ping\n", encoding="utf-8")
    out = StringIO()
    call_command("sandbox_conformance", str(path), only=names, stdout=out)
    assert out.getvalue().splitlines()[-1] == "2 passed, 0 failed"
    out = StringIO()
    call_command("sandbox_conformance", str(path), stdout=out)
    assert out.getvalue().splitlines()[-1] == f"{len(rows)} passed, 0 failed"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": 201}, "status 200 instead of 201"),
        ({"response_body": {"authenticated": True, "more": 1}}, ".more: missing"),
        ({"response_body": {"authenticated": "yes"}}, "boolean instead of str"),
        ({"response_headers": {"content-type": "text/html"}}, "content type"),
    ],
)
def test_a_difference_is_a_failure(tmp_path: Path, change: dict[str, object], told: str) -> None:
    path, rows = _some(tmp_path, "A ")
    row = next(row for row in rows if row["name"] == "auth__ok")
    path.write_text(json.dumps({**row, **change}), encoding="utf-8")
    (outcome,) = replay(path)
    assert any(told in problem for problem in outcome.problems)


def test_a_phase_it_does_not_know_is_replayed_as_a_fresh_instance(tmp_path: Path) -> None:
    path, rows = _some(tmp_path, "C multi-user, SSO on: users")
    row = next(row for row in rows if row["name"] == "admin_users_new__ok_default")
    path.write_text(json.dumps({**row, "phase": "Z something new"}), encoding="utf-8")
    (outcome,) = replay(path)
    assert outcome.problems == []


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nothing\.jsonl"):
        call_command("sandbox_conformance", str(tmp_path / "nothing.jsonl"))
