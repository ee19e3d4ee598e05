"""The rules of the house: who may know whom, who may open which door, and one name for one thing. See docs/house.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from dashboard.accounts.models import Role
from dashboard.permissions import POLICY, Action
from tests.doors import DOORS, urls

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "dashboard"


# --- Doors ------------------------------------------------------------------------------------------------------------
def test_every_url_is_listed_and_its_view_asks_for_that_action():
    asked = {url.name: getattr(url.callback, "required_action", None) for url in urls()}
    assert asked == {name: action for name, (action, _methods) in DOORS.items()}


def test_what_names_no_action_is_public_on_purpose():
    public = {url.name for url in urls() if getattr(url.callback, "public", False)}
    assert public == {"healthz", "readyz", "sign_in", "join", "join_check"}
    for url in urls():
        named = getattr(url.callback, "required_action", None) is not None
        assert named != getattr(url.callback, "public", False), f"{url.name} must name an action or be public, not both"
        assert getattr(url.callback, "login_required", True) == named


def test_every_role_has_a_line_in_the_policy_and_every_action_a_role():
    assert set(POLICY) == set(Role)
    assert set.union(*POLICY.values()) == set(Action)
    assert POLICY[Role.MEMBER] < POLICY[Role.VIEWER] < POLICY[Role.MANAGER] < POLICY[Role.ADMIN]


# --- Names ------------------------------------------------------------------------------------------------------------
def test_a_view_and_its_url_have_one_name():
    assert {url.name: url.callback.__name__ for url in urls()} == {name: name for name in DOORS}


def templates_of(view_module: Path) -> Iterator[tuple[str, set[str]]]:
    """Each public function of a module, and the page templates it names (partials begin with "_")."""
    for function in ast.parse(view_module.read_text()).body:
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
            named = {
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html")
            }
            yield function.name, {name for name in named if not name.rpartition("/")[2].startswith("_")}


def test_a_view_renders_the_page_of_its_name():
    seen = 0
    modules = {url.callback.__module__: None for url in urls()}
    for module in modules:
        room = module.split(".")[1]
        for view, pages in templates_of(ROOT / f"{module.replace('.', '/')}.py"):
            if view in DOORS and pages:
                seen += 1
                assert f"{room}/{view}.html" in pages, f"{module}.{view} renders {pages}"
    assert seen > 10


def test_every_template_named_in_a_view_is_there():
    for module in {url.callback.__module__ for url in urls()}:
        for node in ast.walk(ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html"):
                assert (ROOT / "templates" / node.value).exists(), f"{module} names {node.value}"


def test_there_is_no_drawer_named_partials_and_no_inline_script_or_style():
    for template in (ROOT / "templates").rglob("*.html"):
        source = template.read_text().lower()
        assert "partials" not in template.parts
        assert "style=" not in source, template
        assert "<style" not in source, template
        assert "javascript:" not in source, template
        assert not any(f" on{event}=" in source for event in ("click", "submit", "change", "load", "input")), template


# --- Who may know whom ------------------------------------------------------------------------------------------------
# What every room may use: the hall, the line, the door's operators, the ledger, the workshop, the telephone.
SHARED = {"accounts", "anythingllm", "audit", "jobs"}
ROOMS = {path.parent.name for path in HOUSE.glob("*/urls.py")}


@cache
def imports() -> dict[Path, set[str]]:
    """Module file to the dotted names it imports, whether at its top or inside a function."""
    found = {}
    for path in HOUSE.rglob("*.py"):
        names = set()
        package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
                module = ".".join(filter(None, [base, node.module]))
                names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
        found[path] = names
    return found


def importers(*libraries: str) -> set[str]:
    """Where in the house one of these is imported: the first part of the path below dashboard/."""
    return {
        path.relative_to(HOUSE).parts[0]
        for path, names in imports().items()
        if any(name.split(".")[0] in libraries for name in names)
    }


def inside(*parts: str) -> Iterator[tuple[Path, set[str]]]:
    for path, names in imports().items():
        if path.is_relative_to(HOUSE.joinpath(*parts)):
            yield path, names


def test_only_the_telephone_speaks_http():
    assert importers("requests", "urllib3", "httpx") == {"anythingllm"}


def test_only_the_relay_speaks_to_the_instance_without_threads():
    assert importers("aiohttp", "yarl", "multidict") == {"relay"}


def test_the_relay_knows_of_the_rooms_only_the_turn():
    for path, names in inside("relay"):
        of_rooms = {name for name in names if name.startswith("dashboard.") and name.split(".")[1] in ROOMS | {"chat"}}
        strangers = {
            name
            for name in of_rooms
            if not name.startswith(("dashboard.chat.turns", "dashboard.chat.models", "dashboard.chat.hearing"))
        }
        assert strangers <= {"dashboard.chat"}, f"{path} imports {strangers}"


def test_the_telephone_knows_nothing_of_the_house():
    for path, names in inside("anythingllm"):
        strangers = {
            n for n in names if n.startswith(("django", "dashboard")) and not n.startswith("dashboard.anythingllm")
        }
        assert strangers <= {"dashboard"}, f"{path} imports {strangers}"


def test_the_stand_in_is_a_server_of_its_own():
    for path, names in inside("sandbox"):
        if "management" not in path.parts:
            strangers = {
                n for n in names if n.startswith(("django", "dashboard")) and not n.startswith("dashboard.sandbox")
            }
            assert not strangers, f"{path} imports {strangers}"


def test_the_house_does_not_lean_on_the_stand_in():
    for path, names in imports().items():
        if not path.is_relative_to(HOUSE / "sandbox"):
            assert not any(name.startswith("dashboard.sandbox") for name in names), path


def test_no_room_imports_views_forms_or_models_of_another():
    for room in ROOMS:
        for path, names in inside(room):
            for name in names:
                parts = name.split(".")
                if parts[0] != "dashboard" or len(parts) < 3 or parts[1] not in ROOMS or parts[1] == room:
                    continue
                allowed = {"services", "models", "kinds", "passwords"} if parts[1] in SHARED else {"services", "sets"}
                assert parts[2] in allowed, f"{path} imports {name}"


def test_rooms_ask_each_other_one_way_only():
    asks = {
        room: {name.split(".")[1] for _path, names in inside(room) for name in names if name.startswith("dashboard.")}
        & (ROOMS - SHARED - {room})
        for room in ROOMS - SHARED
    }
    for room, others in asks.items():
        reached, todo = set(), list(others)
        while todo:
            other = todo.pop()
            if other not in reached:
                reached.add(other)
                todo.extend(asks[other])
        assert room not in reached, f"{room} asks {sorted(others)}, which leads back to it"


def test_services_know_no_views_and_no_forms():
    for path, names in imports().items():
        if path.name in {"services.py", "models.py", "tasks.py", "engine.py"}:
            for name in names:
                assert not name.startswith("dashboard.") or name.split(".")[-1] not in {"views", "forms", "urls"}, path
                assert ".views." not in f"{name}.", path


def test_the_hall_opens_no_room():
    """What all rooms share must not know one of them; the list of addresses is the exception."""
    for path in HOUSE.glob("*.py"):
        if path.name != "urls.py":
            known = {n.split(".")[1] for n in imports()[path] if n.startswith("dashboard.") and n.count(".") >= 1}
            assert not known & (ROOMS - SHARED), f"{path} imports {known & (ROOMS - SHARED)}"


# --- What is kept is read in other languages --------------------------------------------------------------------------
def test_a_reason_is_kept_as_what_it_is_made_of():
    """Why an act was declined stays in the ledger, with a job or with a set, for people of other languages than whoever was declined."""
    djangos = {f"django.utils.translation.{name}" for name in ("gettext", "gettext_lazy", "ngettext", "ngettext_lazy")}
    for path, names in imports().items():
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        if any(ast.unparse(call.func).rpartition(".")[2] in {"Declined", "Later", "Busy"} for call in calls):
            assert not names & djangos, f"{path} takes gettext from Django: take it from dashboard.said"
