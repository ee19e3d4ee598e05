"""The rules of the house: who may know whom, who may open which door, and one name for one thing. See docs/house.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dashboard.accounts.models import Role
from dashboard.permissions import POLICY, Action

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "dashboard"
READ, WRITE, BOTH = {"GET"}, {"POST"}, {"GET", "POST"}

# Every door: which action opens it (None: it is public), and by which methods. A URL that is not listed here fails.
DOORS: dict[str, tuple[Action | None, set[str]]] = {
    "healthz": (None, READ),
    "readyz": (None, READ),
    "sign_in": (None, BOTH),
    "join": (None, BOTH),
    "join_check": (None, WRITE),
    "first_steps": (Action.USE_FOYER, READ),
    "first_question": (Action.USE_FOYER, WRITE),
    "anythingllm_open": (Action.USE_FOYER, WRITE),
    "chat_home": (Action.USE_CHAT, READ),
    "chat_turn": (Action.USE_CHAT, READ),
    "chat_workspace": (Action.USE_CHAT, READ),
    "chat_ask": (Action.USE_CHAT, WRITE),
    "chat_thread": (Action.USE_CHAT, READ),
    "chat_sources": (Action.USE_CHAT, READ),
    "chat_rename": (Action.USE_CHAT, BOTH),
    "chat_delete": (Action.USE_CHAT, BOTH),
    "home": (Action.USE_FOYER, READ),
    "palette": (Action.USE_FOYER, READ),
    "light": (Action.USE_FOYER, READ),
    "refresh": (Action.USE_FOYER, WRITE),
    "theme_change": (Action.USE_FOYER, WRITE),
    "sign_out": (Action.USE_FOYER, WRITE),
    "sign_out_everywhere": (Action.USE_FOYER, WRITE),
    "recovery_codes": (Action.USE_FOYER, BOTH),
    "profile": (Action.USE_FOYER, BOTH),
    "password_change": (Action.USE_FOYER, BOTH),
    "operator_list": (Action.MANAGE_OPERATORS, READ),
    "operator_new": (Action.MANAGE_OPERATORS, BOTH),
    "operator_edit": (Action.MANAGE_OPERATORS, BOTH),
    "operator_password": (Action.MANAGE_OPERATORS, BOTH),
    "operator_workspaces": (Action.MANAGE_OPERATORS, BOTH),
    "operator_of_user": (Action.MANAGE_OPERATORS, BOTH),
    "user_list": (Action.VIEW_USERS, READ),
    "user_detail": (Action.VIEW_USERS, READ),
    "user_export": (Action.EXPORT_USERS, READ),
    "user_new": (Action.CREATE_USERS, BOTH),
    "user_check": (Action.CREATE_USERS, READ),
    "user_import": (Action.CREATE_USERS, BOTH),
    "user_import_preview": (Action.CREATE_USERS, BOTH),
    "user_import_export": (Action.CREATE_USERS, READ),
    "user_edit": (Action.CHANGE_USERS, BOTH),
    "user_suspend": (Action.CHANGE_USERS, WRITE),
    "user_lock_out": (Action.CHANGE_USERS, BOTH),
    "user_resume": (Action.CHANGE_USERS, WRITE),
    "user_password": (Action.CHANGE_USERS, BOTH),
    "user_bulk": (Action.CHANGE_USERS, BOTH),
    "user_delete": (Action.DELETE_USERS, BOTH),
    "invite_list": (Action.INVITE, READ),
    "invite_new": (Action.INVITE, BOTH),
    "invite_detail": (Action.INVITE, READ),
    "invite_link": (Action.INVITE, READ),
    "invite_print": (Action.INVITE, READ),
    "invite_extend": (Action.INVITE, BOTH),
    "invite_revoke": (Action.INVITE, BOTH),
    "invite_mail": (Action.INVITE, WRITE),
    "invite_batch": (Action.INVITE, BOTH),
    "invite_batch_detail": (Action.INVITE, READ),
    "invite_batch_export": (Action.INVITE, READ),
    "invite_batch_mail": (Action.INVITE, WRITE),
    "invite_found": (Action.INVITE, READ),
    "invite_found_revoke": (Action.INVITE, BOTH),
    "workspace_list": (Action.VIEW_WORKSPACES, READ),
    "workspace_export": (Action.VIEW_WORKSPACES, READ),
    "workspace_new": (Action.CREATE_WORKSPACES, BOTH),
    "workspace_detail": (Action.VIEW_WORKSPACES, READ),
    "workspace_add_people": (Action.CHANGE_ACCESS, BOTH),
    "workspace_settings": (Action.CHANGE_WORKSPACES, BOTH),
    "workspace_delete": (Action.DELETE_WORKSPACES, BOTH),
    "access_matrix": (Action.CHANGE_ACCESS, READ),
    "access_example": (Action.CHANGE_ACCESS, READ),
    "access_stage": (Action.CHANGE_ACCESS, WRITE),
    "access_set_list": (Action.CHANGE_ACCESS, READ),
    "access_set": (Action.CHANGE_ACCESS, READ),
    "access_apply": (Action.CHANGE_ACCESS, WRITE),
    "access_discard": (Action.CHANGE_ACCESS, WRITE),
    "access_undo": (Action.CHANGE_ACCESS, WRITE),
    "access_open": (Action.OPEN_WORKSPACES, WRITE),
    "access_toggle": (Action.CHANGE_ACCESS, WRITE),
    "group_list": (Action.MANAGE_GROUPS, READ),
    "group_new": (Action.MANAGE_GROUPS, BOTH),
    "group_detail": (Action.MANAGE_GROUPS, READ),
    "group_edit": (Action.MANAGE_GROUPS, BOTH),
    "group_join": (Action.MANAGE_GROUPS, WRITE),
    "group_leave": (Action.MANAGE_GROUPS, WRITE),
    "group_delete": (Action.MANAGE_GROUPS, WRITE),
    "document_list": (Action.VIEW_DOCUMENTS, READ),
    "document_detail": (Action.VIEW_DOCUMENTS, READ),
    "document_embed": (Action.CHANGE_DOCUMENTS, BOTH),
    "document_remove": (Action.CHANGE_DOCUMENTS, BOTH),
    "document_erase": (Action.CHANGE_DOCUMENTS, BOTH),
    "document_move": (Action.CHANGE_DOCUMENTS, BOTH),
    "document_pin": (Action.CHANGE_DOCUMENTS, WRITE),
    "folder_new": (Action.MANAGE_FOLDERS, BOTH),
    "folder_rename": (Action.MANAGE_FOLDERS, BOTH),
    "folder_remove": (Action.MANAGE_FOLDERS, BOTH),
    "workspace_find": (Action.VIEW_DOCUMENTS, READ),
    "document_add": (Action.CHANGE_DOCUMENTS, BOTH),
    "document_add_file": (Action.CHANGE_DOCUMENTS, WRITE),
    "document_link": (Action.CHANGE_DOCUMENTS, BOTH),
    "document_text": (Action.CHANGE_DOCUMENTS, BOTH),
    "document_add_status": (Action.CHANGE_DOCUMENTS, READ),
    "document_add_retry": (Action.CHANGE_DOCUMENTS, WRITE),
    "chatlog_list": (Action.VIEW_CHATS, READ),
    "chatlog_detail": (Action.VIEW_CHATS, READ),
    "chatlog_export": (Action.VIEW_CHATS, READ),
    "chatlog_update": (Action.VIEW_CHATS, WRITE),
    "usage_overview": (Action.VIEW_USAGE, READ),
    "usage_export": (Action.VIEW_USAGE, READ),
    "job_list": (Action.VIEW_JOBS, READ),
    "job_detail": (Action.VIEW_JOBS, READ),
    "job_cancel": (Action.VIEW_JOBS, WRITE),
    "job_retry": (Action.VIEW_JOBS, WRITE),
    "job_report": (Action.VIEW_JOBS, READ),
    "job_passwords": (Action.VIEW_JOBS, WRITE),
    "audit_list": (Action.VIEW_LEDGER, READ),
    "audit_export": (Action.VIEW_LEDGER, READ),
    "system_overview": (Action.VIEW_SYSTEM, READ),
    "connection_test": (Action.VIEW_SYSTEM, WRITE),
}


# --- Doors ------------------------------------------------------------------------------------------------------------
def urls(patterns: list[URLPattern | URLResolver] | None = None) -> Iterator[URLPattern]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from urls(pattern.url_patterns)
        else:
            yield pattern


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


def address(name: str, standin) -> str:
    """The URL of a door, with things that exist on the instance."""
    things = {
        "user_id": standin.get("/v1/admin/users")["users"][-1]["id"],
        "slug": standin.get("/v1/workspaces")["workspaces"][0]["slug"],
        "operator_id": 1,
        "job_id": 1,
        "set_id": 1,
        "group_id": 1,
        "workspace_id": standin.get("/v1/workspaces")["workspaces"][0]["id"],
        "draft_id": 1,
        "code": "no-such-code",
        "link_id": 1,
        "batch": "00000000-0000-4000-8000-000000000001",
        "invite_id": 1,
        "thread": "nobodys",
        "turn_id": 1,
        "chat_id": 1,
        "exchange_id": 1,
    }
    url = next(url for url in urls() if url.name == name)
    return reverse(name, kwargs={key: things[key] for key in url.pattern.converters})


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
