"""The believable team: a small maker of laboratory instruments, the same for the same seed, and as large as asked."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dashboard.sandbox import COMMON_PASSWORD, passwords
from dashboard.sandbox.js import slugify, stringify
from dashboard.sandbox.store import SYSTEM_PROMPT, Row, Store, stamp

_FIRST_PEOPLE = (
    # name, role, suspended, has signed in, daily limit, bio
    ("ada", "admin", 0, 1, None, "Runs IT. Ask me about access."),
    ("mia", "manager", 0, 1, None, "Team lead, customer support"),
    ("sam", "default", 0, 1, 50, "Support engineer"),
    ("jonas", "admin", 0, 1, None, "Second administrator, looks after backups"),
    ("grace.okafor", "manager", 0, 1, None, "Head of engineering"),
    ("lena.brandt", "manager", 0, 1, None, "People & culture"),
    ("tomasz", "manager", 1, 1, None, "On parental leave until March"),
    ("nadia.haddad@nordlicht.example", "default", 0, 1, 100, "Sales, southern region"),
    ("piet", "default", 1, 1, 20, "Left in September"),
    ("temp-auditor", "default", 1, 0, 5, "External auditor, access on request only"),
    ("yuki", "default", 0, 0, None, "Starts on the first of next month"),
    ("intern_2026", "default", 0, 0, 10, ""),
)
_GIVEN_NAMES = (
    "alba ben carla david elif femi greta hugo ines jakob kofi lucia mateo noor oskar paula quentin rosa sven tara umar vera wim xenia yara zoe"
    " anton bianca cem dora emil frida goran hanna ivan julia karim leila marek nele"
).split()
_FAMILY_NAMES = "adler becker costa duarte egger fischer garcia hoffmann ito jansen keller lindqvist meyer novak olsen petrov rossi silva tanaka weber".split()
_BIOS = (
    "",
    "",
    "",
    "Working from the Lisbon office",
    "Field service",
    "Firmware",
    "Quality and calibration",
    "Accounting",
    "Part time, Monday to Wednesday",
)

_WORKSPACES = (
    # name, mode, temperature, refusal, prompt
    ("Company Handbook", "query", 0.2, "The handbook does not say. Ask the people team.", None),
    (
        "Customer Support",
        "chat",
        0.4,
        None,
        "You help support engineers of Nordlicht Instruments. Be brief, name the document you rely on.",
    ),
    ("Engineering", "automatic", None, None, None),
    ("Sales & Offers", "chat", 0.7, None, None),
    ("Finance", "query", 0.1, "There is nothing about this in the finance documents.", None),
    ("People & Culture", "query", 0.3, None, None),
    ("IT & Security", "chat", 0.2, None, None),
    ("Product Research", "automatic", None, None, None),
    ("Leadership", "chat", 0.5, None, None),
)


@dataclass(frozen=True)
class Size:
    """How large a team."""

    users: int = 43
    workspaces: int = 9
    documents: int = 30


def sow(store: Store, *, api_key: str, size: Size, seed: int = 1) -> None:
    """Fill an empty database with the team."""
    chance = random.Random(seed)  # noqa: S311
    today = datetime.now(UTC)
    store.connection.execute("BEGIN")
    _sow_key(store, api_key, today)
    _sow_users(store, chance, size.users, today)
    _sow_workspaces(store, size.workspaces, today)
    _sow_members(store, chance)
    _sow_invites(store, chance, today)
    store.connection.execute("COMMIT")


def sow_bare(store: Store, *, api_key: str, admin: bool) -> None:
    """A fresh instance: an API key and, when in multi-user mode, one `admin` with the password Admin-pass-123."""
    today = datetime.now(UTC)
    _sow_key(store, api_key, today)
    if admin:
        dates = {"createdAt": stamp(today), "lastUpdatedAt": stamp(today)}
        password = passwords.hashed_once("Admin-pass-123")
        store.insert("", "users", {"username": "admin", "password": password, "role": "admin", **dates})


def _sow_key(store: Store, api_key: str, today: datetime) -> None:
    made = stamp(today - timedelta(days=401))
    store.insert("", "api_keys", {"name": "sandbox", "secret": api_key, "createdAt": made, "lastUpdatedAt": made})


def _many(store: Store, table: str, rows: list[Row]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        sql = f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({marks})"  # noqa: S608
        store.connection.executemany(sql, [tuple(row.values()) for row in rows])


def _sow_users(store: Store, chance: random.Random, count: int, today: datetime) -> None:
    shared = passwords.hashed_once(COMMON_PASSWORD)
    people = list(_FIRST_PEOPLE[:count])
    taken = {person[0] for person in people}
    while len(people) < count:
        number = len(people)
        given, family = _GIVEN_NAMES[number % len(_GIVEN_NAMES)], chance.choice(_FAMILY_NAMES)
        style = chance.random()
        name = (
            given
            if number < 36 and style < 0.5
            else f"{given}.{family}"
            if style < 0.85
            else f"{given}.{family}@nordlicht.example"
        )
        if name in taken:
            name = f"{given}.{family}{number}"
        taken.add(name)
        role = chance.choices(("default", "manager", "admin"), (94, 5, 1))[0]
        limit = chance.choice((None, None, None, 20, 50, 200))
        people.append(
            (name, role, int(chance.random() < 0.07), int(chance.random() < 0.8), limit, chance.choice(_BIOS))
        )
    rows = []
    for index, (name, role, suspended, signed_in, limit, bio) in enumerate(people):
        made = stamp(today - timedelta(days=max(1, 400 - index * 380 // count), seconds=chance.randrange(80_000)))
        row = {
            "username": name,
            "password": shared,
            "role": role,
            "suspended": suspended,
            "seen_recovery_codes": signed_in,
        }
        rows.append({**row, "createdAt": made, "lastUpdatedAt": made, "dailyMessageLimit": limit, "bio": bio})
    _many(store, "users", rows)


def _sow_workspaces(store: Store, count: int, today: datetime) -> None:
    rows = []
    for index in range(count):
        name, mode, temperature, refusal, prompt = _WORKSPACES[index % len(_WORKSPACES)]
        if index >= len(_WORKSPACES):
            name = f"{name} {index // len(_WORKSPACES) + 1}"
        made = stamp(today - timedelta(days=max(1, 300 - index * 250 // count)))
        row = {
            "name": name,
            "slug": slugify(name),
            "openAiTemp": temperature,
            "openAiPrompt": prompt or SYSTEM_PROMPT,
            "chatMode": mode,
        }
        rows.append({**row, "queryRefusalResponse": refusal, "createdAt": made, "lastUpdatedAt": made})
    _many(store, "workspaces", rows)


def _sow_members(store: Store, chance: random.Random) -> None:
    """Everybody in the first workspace, then a few here and there; the last one (Leadership) only by role."""
    users = store.all("SELECT id, role, createdAt FROM users ORDER BY id")
    workspaces = [row["id"] for row in store.all("SELECT id FROM workspaces ORDER BY id")]
    rows = []
    for user in users:
        if user["role"] != "default" and chance.random() < 0.6:
            continue  # admins and managers reach every workspace by their role
        others = workspaces[1:-1]
        joined = workspaces[:1] + chance.sample(others, min(len(others), chance.choice((0, 1, 1, 2, 3))))
        dates = {"createdAt": user["createdAt"], "lastUpdatedAt": user["createdAt"]}
        rows += [{"user_id": user["id"], "workspace_id": workspace, **dates} for workspace in joined]
    _many(store, "workspace_users", rows)


def _sow_invites(store: Store, chance: random.Random, today: datetime) -> None:
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    claimers = [row["id"] for row in store.all("SELECT id FROM users WHERE role = 'default' ORDER BY id LIMIT 6")]
    workspaces = [row["id"] for row in store.all("SELECT id FROM workspaces ORDER BY id LIMIT 9")]
    rows = []
    for index in range(14):
        made = stamp(today - timedelta(days=60 - index * 4, hours=chance.randrange(9)))
        claimed_by = claimers[index // 3] if index % 3 == 0 and index // 3 < len(claimers) else None
        status = "claimed" if claimed_by else "disabled" if index % 5 == 1 else "pending"
        # One invite still names a workspace that is long gone.
        wanted = [
            *chance.sample(workspaces, min(len(workspaces), chance.choice((0, 1, 2)))),
            *([99999] if index == 8 else []),
        ]
        code = "-".join("".join(chance.choices(letters, k=7)) for _ in range(4))
        row = {"code": code, "status": status, "claimedBy": claimed_by, "workspaceIds": stringify(wanted)}
        rows.append({**row, "createdAt": made, "createdBy": 0 if index % 4 else 1, "lastUpdatedAt": made})
    _many(store, "invites", rows)
