"""A busy day: everything that can be done with a secret in Foyer is done, in good times and in bad."""

from __future__ import annotations

import csv
import re
import uuid
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from django.urls import reverse

from tests.doors import DOORS, urls
from tests.secrets.conftest import MAIL, OPERATOR, House
from tests.secrets.person import HTMX, Answer, Person

CREATED, RESET, JOINED, LOCAL, CHANGED, LISTED, TYPED = (
    f'Pl4nted-{number} "new" & wörd' for number in ("11", "22", "33", "44", "55", "66", "77")
)
NEW = {"role": "default", "daily_message_limit": "", "bio": ""}


def number_in(answer: Answer) -> int:
    found = re.search(r"/(\d+)/", answer.location)
    assert found, f"{answer.status} {answer.location} {answer.words[:500]}"
    return int(found[1])


def fill(house: House) -> None:
    house.planted.add("new password", CREATED, RESET, JOINED, LOCAL, CHANGED, LISTED, TYPED)
    ada = house.ada
    sign_ins(house, ada)
    operators(house, ada)
    users(house, ada)
    lists_of_people(house, ada)
    links(house, ada)
    mails(house, ada)
    newcomers(house, ada)
    workspaces(house, ada)
    documents(house, ada)
    chats(house, ada)
    the_way_into_anythingllm(house)
    refusals_that_quote(house, ada)
    trouble(house, ada)
    mistakes_of_our_own(house, ada)


# --- The door ---------------------------------------------------------------------------------------------------------
def sign_ins(house: House, ada: Person) -> None:
    stranger = house.stranger()
    assert stranger.sign_in(OPERATOR, TYPED).status == 422  # in the wrong field
    assert stranger.sign_in("nobody-at-all", OPERATOR).status == 422
    refused = [stranger.sign_in("sofia", TYPED).status for _ in range(5)]
    assert refused == [422, 422, 422, 422, 429]
    house.let_proof_age(ada)
    boss = {"username": "boss", "password": CREATED, **NEW, "role": "admin"}
    asked = ada.post("/users/new/", boss)
    assert asked.status == 422 and "Your password, please" in asked.words
    assert ada.post("/users/new/", {**boss, "proof": TYPED}).status == 422
    assert "boss was created" in ada.post("/users/new/", {**boss, "proof": OPERATOR}).words


def operators(house: House, ada: Person) -> None:
    shown = ada.post("/operators/new/", {"username": "lotte", "role": "viewer", "password": LOCAL})
    assert shown.status == 200, shown.words
    shown = ada.post("/operators/new/", {"username": "otto", "role": "manager"})
    made = re.search(r'id="password"[^>]*>([^<]+)<', shown.text)
    assert made, shown.words
    house.planted.add("new password", made[1])
    lotte = house.person("lotte", LOCAL)
    wrong = {"current": TYPED, "password": CHANGED, "again": CHANGED}
    assert lotte.post("/profile/password/", wrong).status == 422
    assert lotte.post("/profile/password/", {**wrong, "current": LOCAL, "again": TYPED}).status == 422
    assert lotte.post("/profile/password/", {**wrong, "current": LOCAL}).status == 302
    house.planted.add("session key", lotte.session)
    key = house.one("SELECT id FROM accounts_operator WHERE username = 'otto'")
    assert ada.post(f"/operators/{key}/password/", {"password": RESET}).status == 200
    assert ada.post(f"/operators/{key}/password/", {"password": "short"}).status == 422


# --- People -----------------------------------------------------------------------------------------------------------
def users(house: House, ada: Person) -> None:
    zora = {"username": "zora", "password": CREATED, **NEW}
    assert ada.post("/users/new/", {**zora, "username": "Not A Name"}).status == 422
    assert "zora was created" in ada.post("/users/new/", zora).words
    assert ada.post("/users/new/", zora).status == 422
    sam = house.id_of("sam")
    for htmx in (True, False):
        assert ada.post(f"/users/{sam}/password/", {"password": RESET}, htmx=htmx).status == 200
    assert ada.post(f"/users/{sam}/edit/", {"username": "sam", **NEW, "bio": "Support"}).status == 302
    assert ada.post(f"/users/{sam}/suspend/", htmx=True).status == 200
    assert ada.post(f"/users/{sam}/resume/", htmx=True).status == 200
    bulk = {"action": "limit", "ids": [sam], "daily_message_limit": 50}
    ada.post("/users/bulk/", bulk)


def lists_of_people(house: House, ada: Person) -> None:
    """A job makes passwords, and somebody has passwords in a list of their own."""
    refused = ada.post("/users/import/", {"text": f'name,password\nkim-a,"{LISTED.replace(chr(34), chr(34) * 2)}"'})
    assert refused.status == 422 and "makes a password for everybody" in refused.words
    beyond = ada.post("/users/import/", {"text": f"name\nkim-b,{LISTED}\n"})
    other = ada.post("/users/import/", {"text": f"name,Kennwort\nkim-c,{LISTED}\n"})
    for draft in (number_in(beyond), number_in(other)):
        ada.get(f"/users/import/{draft}/")
        ada.get(f"/users/import/{draft}/export/")
    draft = number_in(ada.post("/users/import/", {"text": "name,role\nkim-d,default\nkim-e,manager"}))
    job = number_in(ada.post(f"/users/import/{draft}/"))
    house.until_jobs_have_ended()
    ada.wait_for(f"/jobs/{job}/", "Finished")
    ada.get(f"/jobs/{job}/report/")
    shown = ada.post(f"/jobs/{job}/passwords/")
    rows = list(csv.reader(shown.text.splitlines()[1:]))
    assert [row[0] for row in rows] == ["kim-d", "kim-e"]
    house.planted.add("new password", *(row[1] for row in rows))
    assert ada.post(f"/jobs/{job}/passwords/").status == 302  # a second time there is nothing to see


# --- Links ------------------------------------------------------------------------------------------------------------
LINK = {"workspace_ids": [1], "days": 7, "role": "default", "uses": 3}


def code_of(house: House, answer: Answer) -> str:
    found = re.search(r"/join/([\w-]{32})/", answer.text)
    assert found, answer.words
    house.planted.add("code of a link", found[1])
    return found[1]


def links(house: House, ada: Person) -> None:
    made = ada.post("/invites/new/", {**LINK, "label": "Spring", "email": "anna@example.com", "for_whom": "Anna"})
    link = number_in(made)
    house.code_for["anna@example.com"] = code_of(house, ada.get(f"/invites/{link}/link/"))
    ada.get(f"/invites/{link}/link/", HX_Request="true")
    ada.get(f"/invites/{link}/print/")
    ada.get(f"/invites/{link}/")
    ada.post(f"/invites/{link}/extend/", {"days": 3})
    batch = uuid.uuid4()
    listed = {**LINK, "label": "Many", "batch": str(batch), "text": "Ben, ben@example.com\nCem"}
    seen = re.search(r'name="seen" value="(\w+)"', ada.post("/invites/many/", listed).text)
    assert ada.post("/invites/many/", {**listed, "seen": seen[1], "make": "1"}).status == 302
    page = ada.get(f"/invites/many/{batch}/")
    codes = set(re.findall(r"/join/([\w-]{32})/", page.text))
    assert len(codes) == 2
    house.planted.add("code of a link", *codes)
    listed_links = ada.get(f"/invites/many/{batch}/export/").text
    links = {row[1]: row[2] for row in csv.reader(listed_links.splitlines())}
    house.code_for["ben@example.com"] = re.search(r"/join/([\w-]{32})/", links["ben@example.com"])[1]
    ada.post(f"/invites/many/{batch}/mail/")
    for invite in house.instance.get("/v1/admin/invites")["invites"]:
        if invite["status"] == "pending":
            house.planted.add("code of an invite", invite["code"])
            ada.get(f"/invites/found/{invite['id']}/")
    ada.get("/invites/?state=")


def mails(house: House, ada: Person) -> None:
    link = house.one("SELECT id FROM invites_link WHERE label = 'Spring'")
    house.until_jobs_have_ended()
    for fault in ("login", "recipient", "text", "lost", ""):
        house.postbox.fault = fault
        address = f"to-{fault or 'all'}@example.com"
        house.code_for[address] = house.code_for["anna@example.com"]
        assert ada.post(f"/invites/{link}/mail/", {"email": address}).status == 302
        house.until_jobs_have_ended()
        ada.get(f"/invites/{link}/")
        ada.get(f"/invites/{link}/link/")


def newcomers(house: House, ada: Person) -> None:
    link = house.one("SELECT id FROM invites_link WHERE label = 'Spring'")
    code = code_of(house, ada.get(f"/invites/{link}/link/"))
    join = f"/join/{code}/"
    newcomer = house.stranger()
    newcomer.get(join)
    newcomer.post(f"{join}check/?field=password", {"username": "new-one", "password": JOINED}, htmx=True)
    newcomer.post(f"{join}check/", {"username": "ada"}, htmx=True)
    assert newcomer.post(join, {"username": "ada", "password": JOINED}).status == 422
    for kind, path in (("502", "^/api/"), ("echo", "/api/invite/"), ("echo", "admin/invite"), ("lost", "/api/invite/")):
        house.instance.fault(kind, path=path, times=1)
        newcomer.post(join, {"username": "new-one", "password": JOINED})
        house.instance.clear_faults()
    if "foyer_session" not in newcomer.cookies:
        house.until(lambda: newcomer.post(join, {"username": "new-one", "password": JOINED}).status == 302)
    house.planted.add("session key", newcomer.session)
    house.planted.add(
        "code of an invite", *(invite["code"] for invite in house.instance.get("/v1/admin/invites")["invites"])
    )
    newcomer.get("/welcome/")
    newcomer.get("/recovery-codes/")
    newcomer.post("/welcome/ask/", {"workspace": "company-handbook", "text": "What is new?"})
    for path in (f"/join/{'x' * 32}/", f"{join}nonsense/", join.rstrip("/")):
        house.stranger().get(path)
    house.stranger().ask("PUT", join)
    house.stranger().ask("POST", join, b"username=a")  # without a token
    revoked = number_in(ada.post("/invites/new/", {**LINK, "label": "Revoked"}))
    closed = code_of(house, ada.get(f"/invites/{revoked}/link/"))
    ada.post(f"/invites/{revoked}/revoke/")
    assert house.stranger().get(f"/join/{closed}/").status == 410


# --- Rooms ------------------------------------------------------------------------------------------------------------
def workspaces(house: House, ada: Person) -> None:
    ada.post("/workspaces/+new/", {"name": "Planting"})
    ada.post("/access/1/" + f"{house.id_of('sam')}/", {"give": "1", "by": "user"}, htmx=True)
    ada.post("/groups/new/", {"name": "Gardeners"})
    for path in ("/workspaces/", "/workspaces/+export/", "/access/", "/groups/"):
        ada.get(path)


def documents(house: House, ada: Person) -> None:
    place = {"folder": "custom-documents", "workspaces": [1], "duplicates": "skip"}
    ada.post("/documents/add/text/", {**place, "title": "Seeds", "text": "Sow in spring."})
    ada.post("/documents/add/file/", place, [("files", "beds.txt", b"Water the beds.")])
    house.instance.fault("echo", path="document", times=2)
    ada.post("/documents/add/link/", {**place, "address": "https://example.com/garden"})
    house.until_jobs_have_ended()
    house.instance.clear_faults()


def chats(house: House, ada: Person) -> None:
    """A question that the worker answers, one that streams, and one whose stream is refused with words that quote."""
    slug = "company-handbook"
    question = {"text": "What grows here?", "mode": "chat", "thread": ""}
    began = ada.post(f"/chat/{slug}/+ask/", {**question, "key": str(uuid.uuid4())})
    thread = urlsplit(began.location).path.split("/")[3]
    ada.wait_for(f"/chat/{slug}/{thread}/", "What grows here?")
    house.until(lambda: not house.one("SELECT count(*) FROM chat_turn WHERE state IN ('waiting', 'taken')"))
    for fault, text in (("", "And in winter?"), ("echo", "And in autumn?"), ("", "ERROR500 in summer?")):
        if fault:
            house.instance.fault(fault, path="stream-chat", times=1)
        asked = ada.post(
            f"/chat/{slug}/+ask/", {"text": text, "mode": "chat", "thread": thread, "key": str(uuid.uuid4())}, htmx=True
        )
        stream = re.search(r'data-stream="([^"]+)"', asked.text)
        assert stream, asked.text[:2000]
        house.planted.add("ticket of a stream", urlsplit(stream[1]).path.split("/")[2])
        assert "event: done" in ada.get(stream[1]).text
        house.instance.clear_faults()
    ada.get(f"/chat/{slug}/{thread}/")
    ada.post("/chats/update/")
    house.until(lambda: "What grows here?" in ada.get("/chats/?days=all").words)


def the_way_into_anythingllm(house: House) -> None:
    sam = house.person("sam", RESET)
    for htmx in (True, False):
        answer = sam.post("/open/", {"workspace": "company-handbook"}, htmx=htmx)
        address = answer.location or re.search(r'href="(https://chat\.example\.com[^"]+)"', answer.text)[1]
        house.planted.add("token", parse_qs(urlsplit(address.replace("&amp;", "&")).query)["token"][0])
    for fault in ("echo", "truncated", "lost"):
        house.instance.fault(fault, path="issue-auth-token", times=1)
        sam.post("/open/", {"workspace": "company-handbook"})
        house.instance.clear_faults()


# --- Bad times --------------------------------------------------------------------------------------------------------
def refusals_that_quote(house: House, ada: Person) -> None:
    """Of every kind of call the instance's side quotes the whole request."""
    sam = house.id_of("sam")
    acts = [
        lambda: ada.post("/users/new/", {"username": "yara", "password": CREATED, **NEW}),
        lambda: ada.post(f"/users/{sam}/password/", {"password": RESET}),
        lambda: ada.post(f"/users/{sam}/suspend/", htmx=True),
        lambda: house.stranger().sign_in("mia", TYPED),
        lambda: ada.post("/system/test/", htmx=True),
        lambda: ada.get("/users/?q=a"),
    ]
    for act in acts:
        for method in (".*", "POST"):
            ada.post("/refresh/")
            house.instance.fault("echo", method=method)
            act()
            house.instance.clear_faults()


def trouble(house: House, ada: Person) -> None:
    stranger = house.stranger()
    house.instance.fault("502")
    ada.post("/refresh/")
    for path in ("/", "/users/", "/workspaces/", "/system/", "/documents/", "/readyz"):
        ada.get(path)
    ada.post("/users/new/", {"username": "yara", "password": CREATED, **NEW})
    stranger.sign_in("mia", TYPED)
    house.instance.clear_faults()
    ada.post("/refresh/")  # else what failed is not tried again for some seconds
    ada.post("/system/test/", htmx=True)
    assert ada.get("/nowhere/").status == 404
    assert ada.get("/sign-out/").status == 405
    assert house.person("mia").get("/operators/").status == 403
    assert ada.ask("POST", "/users/new/", f"password={quote(CREATED)}".encode()).status == 403
    assert ada.post("/users/new/", {"password": CREATED, "bio": "x" * 6_000_000}).status == 413
    assert house.stranger(host="evil.example").get("/sign-in/").status == 400
    many = [("password", CREATED), *(("ids", "1") for _ in range(12_001))]
    assert ada.post("/users/bulk/", many).status == 400
    broken = {"Content-Type": "multipart/form-data; boundary=", "Origin": "https://foyer.example.com"}
    ada.ask("POST", "/users/import/", f"password={CREATED}".encode(), broken)


def mistakes_of_our_own(house: House, ada: Person) -> None:
    """Exceptions that nobody expected, with secrets in what was posted."""
    link = house.one("SELECT id FROM invites_link WHERE label = 'Spring'")
    join = f"/join/{code_of(house, ada.get(f'/invites/{link}/link/'))}/"
    stranger = house.stranger()
    stranger.get(join)
    with house.without("audit_auditevent"):
        assert ada.post("/users/new/", {"username": "yara", "password": CREATED, **NEW}).status == 500
        assert ada.get("/audit/").status == 500
        ada.get("/audit/export/")  # breaks off
        assert stranger.sign_in("mia", house.instance.password).status == 500
    with house.without("invites_joining"):
        assert stranger.get(join).status == 500
        assert stranger.post(join, {"username": "yara", "password": JOINED}).status == 500
    with house.without("django_session"):
        assert ada.get("/").status == 500
    assert MAIL and ada.get("/").status == 200


# --- Everything there is to see ---------------------------------------------------------------------------------------
def look_around(house: House) -> list[tuple[Person, Answer]]:
    """Every page, file and fragment, as four people find them. Who looks, and what they see."""
    ada = house.ada
    sam = house.id_of("sam")
    staged = number_in(ada.post("/access/stage/", {"give": f"2-{sam}"}))
    link, batch = house.rows("SELECT id, batch FROM invites_link WHERE batch IS NOT NULL")[0]
    spring = house.one("SELECT id FROM invites_link WHERE label = 'Spring'")
    turn, chat, slug, thread = house.rows(
        "SELECT id, chat_id, workspace_slug, thread_slug FROM chat_turn WHERE chat_id IS NOT NULL AND thread_slug != ''"
    )[0]
    shelves = house.instance.get("/v1/documents")["localFiles"]["items"]
    document = next(f"{shelf['name']}/{file['name']}" for shelf in shelves for file in shelf["items"])
    invites = house.instance.get("/v1/admin/invites")["invites"]
    code = code_of(house, ada.get(f"/invites/{spring}/link/"))
    things = {
        "user_id": sam,
        "operator_id": house.one("SELECT id FROM accounts_operator WHERE username = 'otto'"),
        "draft_id": house.one("SELECT id FROM users_importdraft WHERE job_id IS NULL LIMIT 1"),
        "job_id": house.one("SELECT id FROM jobs_job WHERE kind = 'users.import'"),
        "group_id": house.one("SELECT id FROM access_group"),
        "set_id": staged,
        "link_id": link,
        "batch": uuid.UUID(batch),
        "invite_id": next(invite["id"] for invite in invites if invite["status"] == "pending"),
        "slug": slug,
        "thread": thread,
        "turn_id": turn,
        "chat_id": chat,
        "exchange_id": house.one("SELECT id FROM chatlog_exchange ORDER BY id DESC LIMIT 1"),
        "code": code,
    }
    queries = {
        **{f"document_{act}": {"ids": document} for act in ("embed", "remove", "erase", "move")},
        **{f"folder_{act}": {"name": "finance"} for act in ("rename", "remove")},
        "document_detail": {"path": document},
        "workspace_find": {"q": "budget"},
        "user_check": {"username": "zora"},
        "palette": {"q": "a"},
    }
    paths = [
        reverse(door.name, kwargs={name: things[name] for name in door.pattern.converters})
        + (f"?{urlencode(queries[door.name])}" if door.name in queries else "")
        for door in urls()
        if "GET" in DOORS[door.name][1]
    ]
    arrived = house.one("SELECT job_id FROM documents_batch LIMIT 1")
    paths += [f"/documents/add/{arrived}/"]
    paths += [f"/chats/export/?format={kind}&days=all" for kind in ("csv", "json", "jsonl")]
    paths += [f"/usage/export/?table={table}" for table in ("days", "people", "workspaces")]
    paths += [f"/join/{code}/?language=zh-hans", f"/join/{'x' * 32}/", "/nowhere/", "/sign-out/", "/stream/made-up/"]
    paths += ["/static/css/app.css", "/static/js/app.js", "/static/img/icons.svg"]
    seen = []
    for who in (ada, house.person("mia"), house.person("sam"), house.stranger()):
        seen += [(who, who.get(path)) for path in paths]
    for path in paths:
        ada.get(path, **HTMX)
    return seen
