"""Files with hostile names and types: kept under names of ours, shown by a name that does no harm, and never unpacked here."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.conf import settings

from dashboard.documents.models import Incoming
from tests.hostile.page import page_of, sound

pytestmark = pytest.mark.django_db
URL = "/documents/add/file/"

# As they stand in the header of the part, quoted there or not, and what people see of them.
NAMES: dict[str, tuple[str, str]] = {
    "path": ('filename="../../etc/passwd"', "passwd"),
    "backslashes": ('filename="C:\\\\Users\\\\x\\\\notes.txt"', "notes.txt"),
    "300 letters": (f'filename="{"n" * 300}.txt"', "n" * 251 + ".txt"),
    "an ending of 300 letters": (f'filename="a.{"x" * 300}"', "." + "x" * 254),
    "an ending of 100 emoji": (f'filename="a.{"😀" * 100}"', "a." + "😀" * 100),
    "only dots": ('filename="...."', "...."),
    "right-to-left override": ('filename="invoice\u202ecod.txt"', "invoicecod.txt"),
    "reserved on Windows": ('filename="CON.txt"', "CON.txt"),
    "markup": ('filename="<b data-hostile>.txt"', "<b data-hostile>.txt"),
    "entities": ('filename="&lt;b data-hostile&gt;.txt"', "<b data-hostile>.txt"),
    "percents": ('filename="%2e%2e%2f%00.txt"', "%2e%2e%2f%00.txt"),
    "encoded": ("filename*=utf-8''%e6%9d%8e%2f..%2fnotes.txt", "notes.txt"),
    "formula": ('filename="=1+1.txt"', "=1+1.txt"),
    "two names": ("filename=\"one.txt\"; filename*=utf-8''two.txt", "two.txt"),
    "control characters": ('filename="a\x01\x7fb.txt"', "ab.txt"),
    "a semicolon": ('filename="a;b=c.txt"', "a;b=c.txt"),
    "tilde": ('filename="~/.bashrc"', ".bashrc"),
}
NO_FILE = ['filename=""', 'filename="."', 'filename=".."', 'filename="/"', "filename", "filename*=nonsense''a"]


def posted(disposition: str, content: bytes, *, kind: str = "text/plain", ticket: str = "t1") -> bytes:
    fields = {"folder": "custom-documents", "duplicates": "skip", "batch": "b1", "ticket": ticket}
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    head = f'--b\r\nContent-Disposition: form-data; name="files"; {disposition}\r\nContent-Type: {kind}\r\n\r\n'
    return "".join(parts).encode() + head.encode() + content + b"\r\n--b--\r\n"


@pytest.fixture
def send(standin, admin_client):
    def one(disposition: str, content: bytes = b"The zebra crossed the road.", **more: str):
        body = posted(disposition, content, **more)
        return sound(admin_client.generic("POST", URL, body, content_type="multipart/form-data; boundary=b"))

    return one


def test_a_hostile_name_is_shown_without_harm_and_names_no_file_here(send, admin_client, figure):
    for number, (how, (disposition, name)) in enumerate(NAMES.items()):
        answer = send(disposition, str(number).encode(), ticket=how[:40])
        assert answer.status_code == 201, f"{how}: {answer.content.decode()[-500:]}"
        incoming = Incoming.objects.latest("pk")
        assert incoming.name == name, how
        assert incoming.staged.parent == settings.INCOMING_DIR and incoming.staged.name.isalnum(), how
        assert incoming.staged.read_bytes() == str(number).encode(), how
    page = page_of(sound(admin_client.get(answer.json()["url"])))
    for how, (_disposition, name) in NAMES.items():
        assert name in page.text, how
    figure("hostile: names of files", f"{len(NAMES)} taken, each kept under a name of ours; {len(NO_FILE)} no file")


@pytest.mark.parametrize("disposition", NO_FILE)
def test_what_has_no_name_is_no_file_and_that_is_told(disposition, send):
    answer = send(disposition)
    assert answer.status_code in (409, 422) and page_of(answer).told
    assert not Incoming.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/html", "image/png", "application/zip", "x" * 500, "<b data-hostile>", "text/plain; charset=utf-7"]
)
def test_what_a_browser_says_of_its_type_changes_nothing(kind, send):
    assert send('filename="notes.txt"', kind=kind).status_code == 201
    assert Incoming.objects.get().staged.read_bytes() == b"The zebra crossed the road."


def test_an_archive_that_would_fill_the_disk_is_kept_as_it_is(send):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/passwd", b"\0" * 20_000_000)
    assert send('filename="bomb.docx"', packed.getvalue()).status_code in (201, 409)
    kept = [incoming.staged.stat().st_size for incoming in Incoming.objects.all()]
    assert all(size == len(packed.getvalue()) for size in kept)


def test_a_file_without_a_byte_is_refused_by_its_name(send):
    answer = send('filename="<b data-hostile>.txt"', b"")
    assert answer.status_code == 409 and "<b data-hostile>.txt is empty." in page_of(answer).text
