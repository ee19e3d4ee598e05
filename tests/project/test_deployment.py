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


def networks_of(name: str) -> set[str]:
    return set(COMPOSE["services"][name]["networks"])


def test_anythingllm_where_agents_run_reaches_neither_queue_nor_database():
    reached = {name for name in COMPOSE["services"] if networks_of(name) & networks_of("anythingllm")}
    assert reached == {"web", "worker", "anythingllm"}
    assert COMPOSE["networks"]["kept"]["internal"] is True
    assert networks_of("database") == networks_of("valkey") == {"kept"}
    foyer = COMPOSE["services"]["web"]["environment"]
    for name in ("QUEUE_URL", "CACHE_URL"):
        assert foyer[name].startswith("redis://:${VALKEY_PASSWORD:?")
    assert "requirepass" in COMPOSE["services"]["valkey"]["command"][2]


def test_the_proxy_on_this_machine_is_named():
    """Nobody else is in that network, so nobody else can pretend to be the proxy."""
    assert {name for name in COMPOSE["services"] if "front" in networks_of(name)} == {"web"}
    (subnet,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert COMPOSE["services"]["web"]["environment"]["FORWARDED_ALLOW_IPS"] == (
        f"${{FORWARDED_ALLOW_IPS:-{subnet['gateway']}}}"
    )
    assert "FORWARDED_ALLOW_IPS" in (ROOT / "README.md").read_text()
    # Of a container's networks Docker takes the first by name, that has a way out, for published ports.
    assert min(networks_of("web")) == "front"


def test_nothing_may_take_all_of_the_machine_or_change_by_itself():
    for name, service in COMPOSE["services"].items():
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        image = service["image"].replace("${ANYTHINGLLM_TAG:-", "").removesuffix("}")
        assert image == "foyer" or re.search(r":\d+\.\d+", image), name


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
