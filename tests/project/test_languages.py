"""Foyer in Simplified Chinese: the catalogue is whole, and no page leaves a word of English behind."""

from __future__ import annotations

import ast
import re
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID, uuid4

import polib
import pytest
from django.template.base import Lexer, TokenType
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation.template import templatize

from dashboard.accounts.models import Role
from dashboard.chat.models import Turn
from dashboard.chatlog.models import Exchange, Person, Place
from dashboard.invites import codes
from dashboard.invites import services as invites
from dashboard.workspaces.forms import PROVIDERS
from tests.conftest import operator, signed_in
from tests.doors import DOORS, urls

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt")
)  # pages and mails
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "gettext_noop"}
WORD = re.compile(r"[A-Za-z]{2,}")
# What is no word of Foyer's: quotations, addresses, files and their endings, a folder, placeholders, settings.
QUOTED = re.compile(r"“.*?”|https?://\S*|\S*\.[a-z]\w+|custom-documents|client_max_body_size|\{\w+\}|[A-Z]+(_[A-Z]+)+")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
# Words that are the same in every language: names, and what is typed as it stands.
NAMES = """
    AnythingLLM Foyer API CSV JSON JSONL PNG JPEG GIF WebP UTF Excel Ctrl Shift Enter Esc MB GB ms ID UTC URL agent LanceDB English nginx
    Windows GB GBK Latin LE BE Big5 Big Shift JIS EUC KR KOI Mac Roman DOS
""".lower().split()


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(FOLDER / "django.po")


# --- The catalogue ----------------------------------------------------------------------------------------------------
def messages_of(source: str) -> set[str]:
    """What Python code hands to gettext."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in CALLS
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_message_of_the_sources_is_in_the_catalogue(catalogue):
    used = set()
    for path in (ROOT / "dashboard").rglob("*.py"):
        used |= messages_of(path.read_text())
    for path in TEMPLATES:
        # Django's own view of a template as code; only the calls in it are of interest.
        for call in re.findall(
            r"\bn?gettext\(u(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", templatize(path.read_text())
        ):
            used |= messages_of(f"{call})")
    assert len(used) > 500
    assert used - {entry.msgid for entry in catalogue} == set(), "run makemessages and translate, see CONTRIBUTING.md"


def test_every_message_is_translated(catalogue):
    assert [entry.msgid for entry in catalogue if entry.fuzzy or not entry.translated()] == []
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []


def test_placeholders_agree(catalogue):
    for entry in catalogue:
        translated = entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr
        wanted = Counter(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        assert Counter(PLACEHOLDER.findall(translated)) == wanted, entry.msgid


def test_what_is_compiled_is_what_is_written(catalogue):
    def words(entries):
        return {(entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in entries}

    assert words(polib.mofile(FOLDER / "django.mo")) == words(catalogue), "run compilemessages"


# --- Templates --------------------------------------------------------------------------------------------------------
class Shown(HTMLParser):
    """The texts of a page that a person sees or hears, without what is quoted, typed as it stands, or code."""

    UNSEEN = {"script", "style", "code", "kbd", "pre", "textarea"}
    SPOKEN = {"aria-label", "placeholder", "title", "alt", "data-label"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unseen = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self._unseen += tag in self.UNSEEN
        self.texts += [
            value for name, value in attributes if value and (name in self.SPOKEN or name.startswith("data-text-"))
        ]

    def handle_endtag(self, tag):
        self._unseen -= tag in self.UNSEEN

    def handle_data(self, data):
        if not self._unseen:
            self.texts.append(data)


def foreign(html: str, known: set[str]) -> list[str]:
    """The texts with a word that is not among the `known`."""
    texts = (QUOTED.sub("", text) for text in Shown(html).texts)
    return [text.strip() for text in texts if not {word.lower() for word in WORD.findall(text)} <= known]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_holds_no_words_of_its_own(path):
    """Every word goes through translation, also in states that no test below gets to see."""
    html, translated = "", False
    for token in Lexer(path.read_text()).tokenize():
        if token.token_type == TokenType.BLOCK:
            command = token.contents.split()[0]
            translated = (translated or command == "blocktranslate") and command != "endblocktranslate"
        elif token.token_type == TokenType.TEXT and not translated:
            html += token.contents
    assert foreign(html, set(NAMES)) == []


SCRIPTS_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')
SENTENCE = re.compile(r"[A-Za-z]+( [A-Za-z]+)+[.!?…:]?")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_holds_no_words_of_its_own(path):
    """They come with the page, as data-text-…"""
    source = re.sub(r"(?m)(^|\s)//.*$", "", path.read_text())
    texts = (re.sub(r"\$\{[^}]*\}", "x", text[1:-1]).strip() for text in SCRIPTS_TEXT.findall(source))
    assert [text for text in texts if SENTENCE.fullmatch(text)] in ([], ["use strict"])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_text_that_a_script_asks_for_comes_with_a_page(path):
    """Else people would read "undefined"."""
    given = set(re.findall(r"\bdata-text-([a-z-]+)", "".join(page.read_text() for page in TEMPLATES)))
    asked = {
        re.sub(r"([A-Z])", r"-\1", name).lower().removeprefix("text-")
        for name in re.findall(r"\btext[A-Z]\w*", path.read_text())
    } - {"content"}
    assert asked <= given


# --- Pages ------------------------------------------------------------------------------------------------------------
CHINESE = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}


@pytest.fixture
def things(standin, ada, admin_client) -> dict[str, int | str | UUID]:
    """One of each thing that pages are about, by the name that URLs give it; made by an admin whose browser speaks Chinese."""
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = CHINESE["accept-language"]
    workspaces = standin.get("/v1/workspaces")["workspaces"]
    workspace = next(workspace for workspace in workspaces if workspace["chatMode"] != "query")  # answers anything
    user = next(u for u in standin.get("/v1/admin/users")["users"] if u["role"] == "default" and not u["bio"])

    def made(url: str, **posted: str) -> int:
        return int(re.search(r"/(\d+)/", admin_client.post(url, posted)["Location"])[1])

    fields = invites.LinkFields(label="Sales", workspace_ids=[workspace["id"]], note="你好")
    (link,) = invites.make_many(actor=ada, fields=fields, people=[invites.Person("Anna")], batch=uuid4())
    admin_client.post(f"/chat/{workspace['slug']}/+ask/", {"text": "有几天假？", "mode": "chat", "key": str(uuid4())})
    asked = Turn.objects.get()
    place = Place.objects.create(id=workspace["id"], name=workspace["name"])
    who = Person.objects.create(id=user["id"], name=user["username"])
    noted = Exchange.objects.create(id=1, workspace=place, user=who, prompt="谁来接？", answer="我。", created_at=now())
    access_set = made("/access/stage/", give=f"{workspace['id']}-{user['id']}", until="2099-01-01")
    return {
        "user_id": user["id"],
        "workspace_id": workspace["id"],
        "slug": workspace["slug"],
        "operator_id": operator(Role.MANAGER, "lotte").pk,
        "draft_id": made("/users/import/", text="name,role,limit,shoe\nfresh,default,5\nada,,\nNot a name,boss,-1\n"),
        "group_id": made("/groups/new/", name="Sales"),
        "set_id": made("/access/stage/", give=f"{workspace['id']}-{user['id']}"),
        "job_id": made(f"/access/sets/{access_set}/apply/"),
        "link_id": link.pk,
        "batch": link.batch,
        "code": codes.derive(link.salt),
        "turn_id": asked.pk,
        "thread": asked.thread_slug or asked.session_id,
        "chat_id": asked.chat_id,
        "exchange_id": noted.pk,
        "invite_id": next(i["id"] for i in standin.get("/v1/admin/invites")["invites"] if i["status"] == "pending"),
    }


def names_on(standin) -> set[str]:
    """The words, in lower case, of what people have named on the instance."""
    users, workspaces = standin.get("/v1/admin/users")["users"], standin.get("/v1/workspaces")["workspaces"]
    names = [user["username"] for user in users] + [w[key] for w in workspaces for key in ("name", "slug", "chatModel")]
    names += standin.get("/v1/system")["settings"].values()
    names += [part for provider in PROVIDERS for part in provider]
    return {word.lower() for name in names for word in WORD.findall(str(name))}


@pytest.mark.django_db
def test_pages_in_chinese_hold_no_english(standin, things, admin_client):
    names = {*NAMES, *names_on(standin), "lotte", "fresh", "sales", "shoe", "boss", "not", "name", "anna"}
    answer = standin.post("/v1/admin/workspace-chats", {"offset": 0})["chats"][0]["response"]
    answered = {word.lower() for word in WORD.findall(answer)}
    found, seen = {}, 0
    for url in urls():
        _action, methods = DOORS[url.name]
        where = reverse(url.name, kwargs={key: things[key] for key in url.pattern.converters})
        known = names | answered if url.name.startswith("chat_") else names
        for method in sorted(methods & {"GET", "POST"}) if "GET" in methods else []:
            answer = admin_client.generic(method, where, "x=", "application/x-www-form-urlencoded")
            if answer["Content-Type"].startswith("text/html") and not answer.has_header("Location"):
                seen += 1
                found[f"{method} {where}"] = foreign(answer.content.decode(), known)
    assert seen > 50
    strange = {where: texts for where, texts in found.items() if texts}
    assert strange == {}, strange


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_every_role_is_greeted_in_chinese(role, standin):
    page = signed_in(operator(role, "lotte")).get("/", headers=CHINESE).content.decode()
    assert "你好" in page
    assert foreign(page, {*NAMES, "lotte", "ada"}) == []


@pytest.mark.django_db
def test_the_browser_decides_until_somebody_chooses(client):
    assert '<html lang="zh-hans">' in client.get("/sign-in/", headers=CHINESE).content.decode()
    client.cookies["foyer_language"] = "en"
    assert '<html lang="en">' in client.get("/sign-in/", headers=CHINESE).content.decode()


# --- Dates and numbers ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("language", "long"), [("en", "5 Jan 2026, 17:04"), ("zh-hans", "2026年1月5日 17:04")])
def test_dates_are_those_of_the_language_and_in_tables_of_one_width(language, long):
    moment = datetime(2026, 1, 5, 17, 4)  # noqa: DTZ001
    with translation.override(language):
        assert date_format(moment, "DATETIME_FORMAT") == long
        assert long.startswith(date_format(moment, "DATE_FORMAT"))
        assert date_format(moment, "SHORT_DATE_FORMAT") == "2026-01-05"
        assert date_format(moment, "SHORT_DATETIME_FORMAT") == "2026-01-05 17:04"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_large_numbers_are_grouped_as_browsers_group_them(language):
    with translation.override(language):
        assert floatformat(1234567, "0g") == "1,234,567"
        assert floatformat("0.25", 2) == "0.25"
