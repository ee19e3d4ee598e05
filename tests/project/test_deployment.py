"""The files for a container say what the README says."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_only_the_two_that_people_visit_are_published():
    published = {name for name, service in COMPOSE["services"].items() if service.get("ports")}
    assert published == {"web", "anythingllm"}


def test_foyer_runs_with_no_rights_to_spare():
    for name in ("web", "worker"):
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    assert re.search(r"^USER foyer$", DOCKERFILE, re.MULTILINE)


def test_everything_it_needs_is_healthy_first():
    services = COMPOSE["services"]
    assert services["web"]["depends_on"] == {name: {"condition": "service_healthy"} for name in ("database", "valkey")}
    assert services["worker"]["depends_on"] == {"web": {"condition": "service_healthy"}}
    assert all("healthcheck" in services[name] for name in ("database", "valkey"))
    assert "/healthz" in DOCKERFILE


def test_every_variable_that_compose_reads_is_documented():
    read = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    documented = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read <= documented


def test_no_secret_has_a_value_in_the_files():
    for name in ("compose.yaml", "Dockerfile"):
        assert not re.search(r"(SECRET_KEY|API_KEY|PASSWORD)\s*[:=]\s*[\"']?\w", (ROOT / name).read_text()), name
    assert not re.search(r"^(SECRET_KEY|\w+_PASSWORD|\w+_API_KEY)=.", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_what_the_image_is_made_of_is_in_the_repository():
    kept = re.findall(r"^!(\w[\w./-]*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert {"dashboard", "templates", "static", "requirements", "manage.py"} <= set(kept)
    assert ".env" not in kept
    assert "var" not in kept
