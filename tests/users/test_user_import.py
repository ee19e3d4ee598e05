import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dashboard import instance
from dashboard.accounts.models import Role
from dashboard.audit.models import AuditEvent
from dashboard.jobs import engine, services
from dashboard.jobs.models import ItemState, Job
from dashboard.users.models import ImportDraft
from tests.conftest import PASSWORD, operator, prove_long_ago, signed_in

pytestmark = pytest.mark.django_db
URL = "/users/import/"
LIST = """name,role,limit,about
anna,default,20,Sales
sam,default,,already there
bert,manager,,
anna,,,twice
Carl,boss,0,
"""


def text(response) -> str:
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return unescape(" ".join(plain.split()))


def pasted(client, content: str = LIST) -> str:
    """The address of the preview."""
    response = client.post(URL, {"text": content})
    assert response.status_code == 302, text(response)
    return response["Location"]


def outcomes(response) -> dict[str, str]:
    """Name to outcome, as the preview's table shows them."""
    found = re.findall(
        r'<th scope="row"[^>]*>([^<]*)</th>.*?class="status"[^>]*>([^<]*)<', response.content.decode(), re.DOTALL
    )
    return dict(found)


def started(client, content: str = LIST, **posted) -> Job:
    response = client.post(pasted(client, content), posted)
    assert response.status_code == 302, text(response)
    job = Job.objects.latest("pk")
    assert response["Location"] == f"/jobs/{job.pk}/"
    return job


def run(job: Job) -> list[tuple[str, str]]:
    while engine.work(job.pk):
        pass
    return list(job.items.values_list("label", "state"))


def table(response) -> list[list[str]]:
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


# --- The list -----------------------------------------------------------------------------------------------------------
def test_the_page_says_what_the_list_looks_like_and_that_passwords_are_shown_once(admin_client):
    page = text(admin_client.get(URL))
    assert "in any order" in page
    assert "once" in page


def test_a_file_does_as_well_as_a_pasted_list(admin_client, standin):
    file = SimpleUploadedFile("team.csv", LIST.replace(",", ";").encode("utf-16"), "text/csv")
    response = admin_client.post(URL, {"file": file})
    preview = admin_client.get(response["Location"])
    assert outcomes(preview)["bert"] == "New"
    assert "read as UTF-16" in text(preview)


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({}, "Choose a file or paste a list"),
        ({"text": "name,password\nanna,secret"}, "Foyer makes a password for everybody"),
        ({"text": 'name\n"anna'}, "Line 2, column 1: this quotation mark is never closed."),
        ({"text": "anna\nbert"}, "one of them must be “name”"),
    ],
)
def test_what_cannot_be_read_comes_back_with_a_sentence_and_what_was_pasted(admin_client, standin, posted, sentence):
    response = admin_client.post(URL, posted)
    assert response.status_code == 422
    assert sentence in text(response)
    assert posted.get("text", "") in unescape(response.content.decode())
    assert not ImportDraft.objects.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * (1024 * 1024 + 1)])
def test_a_file_that_cannot_be_read_is_told_at_its_field(admin_client, content):
    response = admin_client.post(URL, {"file": SimpleUploadedFile("team.csv", content)})
    assert response.status_code == 422
    assert 'aria-describedby="id_file_error"' in response.content.decode()


# --- The preview --------------------------------------------------------------------------------------------------------
def test_it_shows_what_would_become_of_every_row_and_creates_nothing(admin_client, standin):
    writes = standin.state()["writes"]
    response = admin_client.get(pasted(admin_client, LIST.replace("anna,,,twice\n", "")))
    assert outcomes(response) == {"anna": "New", "sam": "Exists already", "bert": "New", "Carl": "Not valid"}
    page = text(response)
    assert "Create 2 users" in page
    assert "Role: “boss” is not one of default, manager, admin." in page
    assert "Perhaps “carl”?" in page
    assert standin.state()["writes"] == writes
    assert not Job.objects.exists()


def test_it_tells_who_is_twice_in_the_list(admin_client, standin):
    assert "The same name as in line 2." in text(admin_client.get(pasted(admin_client)))


def test_it_shows_one_outcome_alone(admin_client, standin):
    response = admin_client.get(pasted(admin_client), {"show": "invalid"})
    assert outcomes(response) == {"Carl": "Not valid"}


def test_it_judges_anew_at_every_look(admin_client, standin):
    preview = pasted(admin_client)
    standin.post("/v1/admin/users/new", {"username": "bert", "password": "welcome-to-foyer"})
    instance.forget("users")
    assert outcomes(admin_client.get(preview))["bert"] == "Exists already"


def test_a_list_with_nobody_new_offers_nothing_to_create(admin_client, standin):
    preview = pasted(admin_client, "name\nsam\nmia")
    assert "nobody to create" in text(admin_client.get(preview))
    assert admin_client.post(preview).status_code == 422
    assert not Job.objects.exists()


def test_the_preview_can_be_downloaded(admin_client, standin):
    preview = pasted(admin_client, "name,about\nanna,=1+1\nsam,\n")
    rows = table(admin_client.get(f"{preview}export/"))
    assert rows == [
        ["Line", "Name", "Role", "Messages a day", "About", "Outcome", "Reason"],
        ["2", "anna", "", "", "'=1+1", "New", ""],
        ["3", "sam", "", "", "", "Exists already", ""],
    ]


def test_5000_people_are_previewed_in_pages(admin_client, standin):
    preview = pasted(admin_client, "name,about\n" + "\n".join(f"user-{n},{'x' * 150}" for n in range(5000)))
    response = admin_client.get(preview, {"page": 100})
    assert "Create 5000 users" in text(response)
    assert list(outcomes(response))[-1] == "user-4999"


def test_when_the_instance_is_down_the_preview_stays_and_nothing_starts(admin_client, standin):
    admin_client.get("/users/")
    preview = pasted(admin_client)
    standin.fault("down")
    instance.forget("users")
    page = text(admin_client.get(preview))
    assert "last answer" in page
    assert "Create 2 users" not in page
    assert admin_client.post(preview).status_code == 503
    assert not Job.objects.exists()
    standin.clear_faults()
    assert admin_client.post(preview).status_code == 302


# --- Creating -----------------------------------------------------------------------------------------------------------
def test_it_creates_those_who_are_new_as_the_list_says(admin_client, standin, user_of):
    job = started(admin_client)
    assert job.title == "Create 2 users from a list"
    assert run(job) == [("anna", ItemState.DONE), ("bert", ItemState.DONE)]
    anna, bert = user_of("anna"), user_of("bert")
    assert (anna["role"], anna["dailyMessageLimit"], anna["bio"]) == ("default", 20, "Sales")
    assert (bert["role"], bert["dailyMessageLimit"], bert["bio"]) == ("manager", None, "")
    assert user_of("sam")["bio"] != "already there"
    assert AuditEvent.objects.filter(action="user.created", outcome="ok").count() == 2


def test_the_passwords_are_handed_out_once_and_let_their_people_in(admin_client, standin):
    job = started(admin_client)
    run(job)
    assert "Download the passwords, once" in text(admin_client.get(f"/jobs/{job.pk}/"))
    rows = table(admin_client.post(f"/jobs/{job.pk}/passwords/"))
    assert [row[0] for row in rows[1:]] == ["anna", "bert"]
    for name, password in rows[1:]:
        assert standin.post("/request-token", {"username": name, "password": password})["valid"]
    assert admin_client.post(f"/jobs/{job.pk}/passwords/").status_code == 302
    assert "Download the passwords" not in text(admin_client.get(f"/jobs/{job.pk}/"))


def test_no_password_is_kept_anywhere(admin_client, standin):
    job = started(admin_client)
    run(job)
    rows = table(admin_client.post(f"/jobs/{job.pk}/passwords/"))
    kept = (
        str(list(job.items.values())) + str(list(AuditEvent.objects.values())) + str(list(ImportDraft.objects.values()))
    )
    assert not any(password in kept for _name, password in rows[1:])


def test_sending_the_form_twice_starts_one_job(admin_client, standin):
    preview = pasted(admin_client)
    first, second = admin_client.post(preview), admin_client.post(preview)
    assert first["Location"] == second["Location"] == admin_client.get(preview)["Location"]
    assert Job.objects.count() == 1


def test_the_list_itself_is_not_kept_once_it_is_imported(admin_client, standin):
    started(admin_client)
    assert ImportDraft.objects.get().rows == []


def test_lists_that_nobody_imports_are_forgotten_after_a_day(admin_client, standin):
    preview = pasted(admin_client)
    ImportDraft.objects.update(created_at=timezone.now() - timedelta(hours=25))
    pasted(admin_client)
    assert admin_client.get(preview).status_code == 404


def test_importing_admins_asks_for_the_password_again(admin_client, standin, user_of):
    prove_long_ago(admin_client)
    preview = pasted(admin_client, "name,role\nanna,admin")
    response = admin_client.post(preview)
    assert response.status_code == 422
    assert 'name="proof"' in response.content.decode()
    assert not Job.objects.exists()
    admin_client.post(preview, {"proof": PASSWORD})
    run(Job.objects.get())
    assert user_of("anna")["role"] == "admin"


# --- When it goes wrong ---------------------------------------------------------------------------------------------------
def test_a_name_taken_meanwhile_is_skipped_and_has_no_password(admin_client, standin):
    job = started(admin_client)
    standin.post("/v1/admin/users/new", {"username": "anna", "password": "welcome-to-foyer"})
    assert run(job) == [("anna", ItemState.SKIPPED), ("bert", ItemState.DONE)]
    assert [row[0] for row in table(admin_client.post(f"/jobs/{job.pk}/passwords/"))[1:]] == ["bert"]


def test_who_was_created_by_a_worker_that_died_is_not_created_again(admin_client, standin):
    job = started(admin_client)
    job.items.filter(label="anna").update(state=ItemState.RUNNING, attempts=1)
    standin.post(
        "/v1/admin/users/new",
        {"username": "anna", "password": "welcome-to-foyer", "dailyMessageLimit": 20, "bio": "Sales"},
    )
    assert run(job) == [("anna", ItemState.DONE), ("bert", ItemState.DONE)]


def test_another_account_of_the_name_is_not_taken_for_the_dead_workers(admin_client, standin):
    job = started(admin_client)
    job.items.filter(label="anna").update(state=ItemState.RUNNING, attempts=1)
    standin.post("/v1/admin/users/new", {"username": "anna", "password": "welcome-to-foyer", "bio": "Somebody else"})
    assert run(job) == [("anna", ItemState.SKIPPED), ("bert", ItemState.DONE)]


def test_a_lost_answer_is_read_back_and_the_password_is_right(admin_client, standin):
    job = started(admin_client)
    standin.fault("lost", path="/admin/users/new", times=1)
    assert run(job) == [("anna", ItemState.DONE), ("bert", ItemState.DONE)]
    (_header, (name, password), *_rest) = table(admin_client.post(f"/jobs/{job.pk}/passwords/"))
    assert standin.post("/request-token", {"username": name, "password": password})["valid"]


def test_what_failed_can_be_retried_alone(admin_client, standin, user_of):
    job = started(admin_client)
    standin.fault("500", path="/admin/users/new", times=1)
    states = dict(run(job))
    assert states["bert"] == ItemState.DONE
    assert states["anna"] in (ItemState.FAILED, ItemState.UNKNOWN)
    services.retry(actor=job.actor, job=job)
    assert dict(run(job))["anna"] == ItemState.DONE
    assert user_of("anna")


# --- Who may --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["manager_client", "viewer_client", "member_client"])
def test_only_admins_may(request, standin, who):
    client = request.getfixturevalue(who)
    assert client.get(URL).status_code == 403
    assert client.post(URL, {"text": LIST}).status_code == 403


def test_another_operators_list_does_not_exist(admin_client, standin):
    preview = pasted(admin_client)
    other = signed_in(operator(Role.ADMIN, "eve"))
    assert other.get(preview).status_code == 404
    assert other.post(preview).status_code == 404
    assert other.get(f"{preview}export/").status_code == 404


def test_the_preview_shows_the_limit_that_will_be_set(admin_client, standin):
    shown = text(admin_client.get(pasted(admin_client, "name;limit\nanna;1.000\nbert;-\ncem;none")))
    assert "anna default 1,000" in shown.lower() or " 1,000 " in shown
    assert "“-” is not a whole number" in shown
    assert " none " not in shown


def test_a_file_is_read_again_in_the_encoding_that_is_chosen(admin_client, standin):
    content = "name,about\nanna,Jõgi".encode("cp1252")
    response = admin_client.post(URL, {"file": SimpleUploadedFile("list.csv", content)})
    preview = response["Location"]
    first = text(admin_client.get(preview))
    assert "Check names with special letters" in first
    assert "Jõgi" not in first
    answer = admin_client.post(preview, {"encoding": "cp1252"})
    assert answer["Location"] == preview
    again = text(admin_client.get(preview))
    assert "Jõgi" in again
    assert "The file was read as Windows-1252" in again
    admin_client.post(preview, {"encoding": "utf-8"})
    kept = text(admin_client.get(preview))
    assert "Line 1: a letter is not UTF-8" in kept
    assert "Jõgi" in kept


def test_an_encoding_may_be_chosen_with_the_file(admin_client, standin):
    content = "name,about\nanna,Þór".encode("cp1252")
    response = admin_client.post(URL, {"file": SimpleUploadedFile("list.csv", content), "encoding": "cp1252"})
    assert "Þór" in text(admin_client.get(response["Location"]))


def test_a_list_in_utf_8_is_not_read_again(admin_client, standin):
    preview = pasted(admin_client, "name\nanna")
    assert "Read again" not in text(admin_client.get(preview))
    assert admin_client.post(preview, {"encoding": "cp1252"}).status_code == 400


def test_a_job_that_was_begun_is_not_read_again(admin_client, standin):
    content = "name,about\nanna,Müller".encode("cp1252")
    preview = admin_client.post(URL, {"file": SimpleUploadedFile("list.csv", content)})["Location"]
    admin_client.post(preview)
    draft = ImportDraft.objects.get()
    admin_client.post(preview, {"encoding": "cp1250"})
    assert ImportDraft.objects.get().rows == draft.rows == []
