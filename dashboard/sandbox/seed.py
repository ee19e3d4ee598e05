"""The believable team: a small maker of laboratory instruments, the same for the same seed, and as large as asked."""

import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dashboard.sandbox import COMMON_PASSWORD, library, passwords
from dashboard.sandbox.config import Config
from dashboard.sandbox.js import slugify, stringify
from dashboard.sandbox.model import compose
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
# fmt: off
_GIVEN_NAMES = (
    "alba", "ben", "carla", "david", "elif", "femi", "greta", "hugo", "ines", "jakob", "kofi", "lucia",
    "mateo", "noor", "oskar", "paula", "quentin", "rosa", "sven", "tara", "umar", "vera", "wim", "xenia",
    "yara", "zoe", "anton", "bianca", "cem", "dora", "emil", "frida", "goran", "hanna", "ivan", "julia",
    "karim", "leila", "marek", "nele",
)
_FAMILY_NAMES = (
    "adler", "becker", "costa", "duarte", "egger", "fischer", "garcia", "hoffmann", "ito", "jansen", "keller",
    "lindqvist", "meyer", "novak", "olsen", "petrov", "rossi", "silva", "tanaka", "weber",
)
# fmt: on
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


# Folders of texts/, in the order of the workspaces that know them.
_FOLDERS = (
    library.CUSTOM,
    "support",
    "engineering",
    "sales",
    "finance",
    "people",
    "it-security",
    "research",
    "leadership",
)
_TEXTS = Path(__file__).with_name("texts")
_QUESTIONS = (
    (
        "How many days of vacation do I have?",
        "Can I carry over vacation into the next year?",
        "What may a hotel in Zurich cost?",
        "When are expense reports due?",
        "Is remote work possible on Tuesday?",
        "May I accept a gift from a supplier?",
        "Who wins the football match on Saturday?",
    ),
    (
        "How do I calibrate a pressure sensor of the P series?",
        "The status light shows three red blinks, what now?",
        "What is the factory setting of the Modbus address?",
        "How long is the warranty of the L series?",
        "When does a ticket go to level three?",
    ),
    (
        "On which days may a firmware release go out?",
        "What was the cause of the incident in April?",
        "What does on call mean?",
        "How long may a change be for a code review?",
    ),
    (
        "What does a P20 pressure sensor cost from ten pieces on?",
        "How long are offers valid?",
        "What did the brewery pay back?",
    ),
    ("Who may approve an invoice of 8,000 euros?", "How did revenue develop in the third quarter?"),
    ("How do I tell you about parental leave?", "When are the feedback talks?", "How many steps does hiring have?"),
    (
        "What do I do with a suspicious mail?",
        "How do I get a file back from the backup?",
        "How long must a password be?",
    ),
    ("How much did silicon carbide membranes drift?", "What did customers say about ring mode?"),
    ("What are the goals for 2027?",),
)
_AGENTS_ANSWER = stringify(
    {
        "text": "I looked through what I have at hand and found nothing newer than the release notes.",
        "sources": [],
        "attachments": [],
        "type": "automatic",
        "thoughts": ["I will look at the documents of this workspace."],
        "outputs": [],
        "metrics": {},
    }
)
_THREADS = (
    "Questions of my first weeks",
    "Customer call on Monday",
    "Preparing the audit",
    "Notes",
    "Offer for the shipyard",
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
    _sow_documents(store, chance, size.documents, today)
    _sow_chats(store, chance, today)
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
    people: list[tuple[str, str, int, int, int | None, str]] = list(_FIRST_PEOPLE[:count])
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


def _sow_documents(store: Store, chance: random.Random, count: int, today: datetime) -> None:
    """The texts, again and again until there are enough; each in the workspace of its subject, a few in none or in two."""
    texts = [path for folder in _FOLDERS for path in sorted((_TEXTS / folder).glob("*.md"))]
    contents = [path.read_text(encoding="utf-8") for path in texts]
    workspaces = [row["id"] for row in store.all("SELECT id FROM workspaces ORDER BY id")]
    files: list[Row] = []
    links: list[Row] = []
    vectors: list[Row] = []
    for index in range(count):
        path, text = texts[index % len(texts)], contents[index % len(texts)]
        subject, edition = _FOLDERS.index(path.parent.name), index // len(texts)
        title = path.name if not edition else f"{path.stem}-{edition + 1}.md"
        document_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        made = today - timedelta(days=chance.randrange(20, 240), seconds=chance.randrange(80_000))
        meta = {
            "id": document_id,
            "url": f"file:///app/collector/hotdir/{title}",
            "title": title,
            "docAuthor": "Unknown",
            "description": "Unknown",
            "docSource": "a text file uploaded by the user.",
            "chunkSource": "",
            "published": made.strftime("%-m/%-d/%Y, %-I:%M:%S %p"),
            "wordCount": len(text.split(" ")),
            "token_count_estimate": len(text) // 4,
        }
        name, written = f"{title}-{document_id}.json", stringify(meta)
        places = (
            [subject, 0]
            if path.stem == "passwords-and-accounts"
            else []
            if path.stem == "customer-story-brewery"
            else [subject]
        )
        files.append(
            {"folder": path.parent.name, "name": name, "meta": written, "text": text, "cached": int(bool(places))}
        )
        for place in dict.fromkeys(
            workspaces[(place + 9 * edition) % len(workspaces)] for place in places if workspaces
        ):
            link_id = len(links) + 1
            dates = {"createdAt": stamp(made), "lastUpdatedAt": stamp(made)}
            pinned = int(path.stem == "escalation-levels" and not edition)
            link = {"id": link_id, "docId": str(uuid.UUID(int=chance.getrandbits(128), version=4)), "filename": name}
            link |= {
                "docpath": f"{path.parent.name}/{name}",
                "workspaceId": place,
                "metadata": written,
                "pinned": pinned,
            }
            links.append({**link, **dates})
            for chunk in library.chunks(meta, text):
                vector = {"id": str(uuid.UUID(int=chance.getrandbits(128), version=4)), "workspaceId": place}
                vectors.append({**vector, "documentId": link_id, "meta": written, "text": chunk})
    _many(store, "folders", [{"name": name} for name in dict.fromkeys(row["folder"] for row in files)])
    _many(store, "files", files)
    _many(store, "workspace_documents", links)
    _many(store, "vectors", vectors)


def _sow_chats(store: Store, chance: random.Random, today: datetime) -> None:
    """Threads of people who may be there, and about 300 questions over the last ninety days, most answered from the documents."""
    members = store.all(
        "SELECT user_id, workspace_id FROM workspace_users JOIN users ON users.id = user_id"
        " WHERE seen_recovery_codes AND workspace_id <= 9 ORDER BY workspace_users.id LIMIT 120"
    )
    answers = {
        (place, question): _answer(store, place, question)
        for place in sorted({row["workspace_id"] for row in members})
        for question in _QUESTIONS[place - 1]
    }
    threads: list[Row] = []
    chats: list[Row] = []
    for member in members if answers else []:
        place = member["workspace_id"]
        begun = chance.randrange(2, 90)
        thread_id = None
        if chance.random() < 0.5:
            thread_id = len(threads) + 1
            made = stamp((today - timedelta(days=begun)).replace(hour=7))
            thread = {
                "id": thread_id,
                "name": chance.choice(_THREADS),
                "slug": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            }
            thread |= {"workspace_id": place, "user_id": member["user_id"], "createdAt": made, "lastUpdatedAt": made}
            threads.append(thread)
        for _ in range(chance.choice((1, 3, 4, 6, 10))):
            question = chance.choice(_QUESTIONS[place - 1])
            when = today - timedelta(
                days=chance.randrange(begun), hours=chance.randrange(1, 9), seconds=chance.randrange(3600)
            )
            from_outside = thread_id is None and chance.random() < 0.15
            # An agent answers without the documents, and its line does not tell who asked.
            by_agent = _WORKSPACES[place - 1][1] == "automatic" and chance.random() < 0.4
            chats.append(
                {
                    "workspaceId": place,
                    "prompt": question,
                    "response": _AGENTS_ANSWER if by_agent else answers[place, question],
                    "include": int(chance.random() < 0.97),
                    "user_id": None if from_outside or by_agent else member["user_id"],
                    "thread_id": thread_id,
                    "api_session_id": f"kiosk-{chance.randrange(3)}" if from_outside else None,
                    "createdAt": stamp(when),
                    "lastUpdatedAt": stamp(when),
                    "feedbackScore": chance.choice((None, None, None, None, 1, 0)),
                }
            )
    _many(store, "threads", threads)
    _many(store, "chats", sorted(chats, key=lambda chat: chat["createdAt"]))


def _answer(store: Store, workspace_id: int, question: str) -> str:
    found = library.search(store, Config(), workspace_id, question, threshold=0.25, top=4)
    sources = [
        {"id": row["id"], **row["meta"], "text": row["text"], "_distance": 1 - row["score"], "score": row["score"]}
        for row in found
    ]
    text = compose(question, sources)
    count = len(text.split())
    metrics: Row = {
        "prompt_tokens": 900,
        "completion_tokens": count,
        "total_tokens": 900 + count,
        "outputTps": 50,
        "duration": count / 50,
        "model": "lab-chat",
        "provider": "GenericOpenAiLLM",
    }
    mode = "query" if _WORKSPACES[workspace_id - 1][1] == "query" else "chat"
    return stringify({"text": text, "sources": sources, "type": mode, "attachments": [], "metrics": metrics})
