"""The jump box: pages, workspaces and people, each only for those who may read them."""

from dashboard import instance
from dashboard.access.models import Group
from dashboard.home import services
from dashboard.invites import services as invites


def labels(response) -> list[str]:
    return [result.label for result in response.context["results"]]


def test_nothing_typed_gives_the_pages_of_the_role(admin_client, member_client, standin):
    assert "Ledger" in labels(admin_client.get("/palette/"))
    assert labels(member_client.get("/palette/")) == ["Home", "Chat", "Your profile"]


def test_nothing_typed_gives_all_of_them(admin_client, standin):
    pages = labels(admin_client.get("/palette/"))
    menu = [section["label"] for section in admin_client.get("/").context["sections"]]
    assert set(menu) <= set(pages)
    assert len(menu) > services.RESULTS


def test_acts_are_found_by_what_they_do(admin_client, viewer_client, standin):
    assert "Suspend or edit people" in labels(admin_client.get("/palette/", {"q": "suspend"}))
    assert "Give or take access" in labels(admin_client.get("/palette/", {"q": "access"}))
    assert labels(viewer_client.get("/palette/", {"q": "suspend"})) == []


def test_an_act_and_a_name_lead_to_where_it_is_done(admin_client, viewer_client, standin):
    sam = next(user.id for user in instance.users().value if user.username == "sam")
    page = admin_client.get("/palette/", {"q": "suspend sam"})
    assert labels(page)[0] == "Suspend sam"
    assert f'href="/users/{sam}/"' in page.content.decode()
    assert f'href="/users/{sam}/edit/"' in admin_client.get("/palette/", {"q": "edit sam"}).content.decode()
    assert "Give access to sam" in labels(admin_client.get("/palette/", {"q": "give access to sam"}))
    assert labels(viewer_client.get("/palette/", {"q": "suspend sam"})) == []


def test_groups_and_links_are_found_by_those_who_look_after_them(admin_client, viewer_client, ada, standin):
    group = Group.objects.create(name="Field crew")
    link = invites.make(actor=ada, fields=invites.LinkFields(label="Field trip"))
    page = admin_client.get("/palette/", {"q": "field"})
    assert {"Field crew", "Field trip"} <= set(labels(page))
    assert f'href="/groups/{group.pk}/"' in page.content.decode()
    assert f'href="/invites/{link.pk}/"' in page.content.decode()
    assert labels(viewer_client.get("/palette/", {"q": "field"})) == []


def test_it_finds_people_and_workspaces(viewer_client, standin):
    user, workspace = instance.users().value[5], instance.workspaces().value[0]
    response = viewer_client.get("/palette/", {"q": user.username.upper()})
    assert f'href="/users/{user.id}/"' in response.content.decode()
    response = viewer_client.get("/palette/", {"q": workspace.name[:6]})
    assert f'href="/workspaces/{workspace.slug}/"' in response.content.decode()


def test_workspaces_of_one_name_are_told_apart(viewer_client, standin):
    standin.post("/v1/workspace/finance/update", {"name": "Company Handbook"})
    instance.hang_up()
    found = labels(viewer_client.get("/palette/", {"q": "company"}))
    assert {"Company Handbook (finance)", "Company Handbook (company-handbook)"} <= set(found)


def test_it_finds_documents_once_the_library_was_read(viewer_client, standin):
    assert labels(viewer_client.get("/palette/", {"q": "membrane"})) == []
    instance.library(), instance.workspace_documents()
    response = viewer_client.get("/palette/", {"q": "membrane"})
    assert labels(response) == ["membrane-study.md"]
    assert 'href="/documents/item/?path=research%2Fmembrane-study.md-' in response.content.decode()


def test_what_starts_so_comes_before_what_holds_it(admin_client, standin):
    found = [
        name
        for name in labels(admin_client.get("/palette/", {"q": "an"}))
        if name not in ("Changes of access", "Personal links for many people")
    ]  # pages come first
    starts = [name.casefold().startswith("an") for name in found]
    assert True in starts
    assert starts == sorted(starts, reverse=True)


def test_members_find_no_people(member_client, standin):
    assert labels(member_client.get("/palette/", {"q": "ada"})) == []


def test_it_gives_twelve_at_most(admin_client, standin):
    assert len(labels(admin_client.get("/palette/", {"q": "e"}))) == services.RESULTS


def test_htmx_gets_the_results_alone(admin_client, standin):
    piece = admin_client.get("/palette/", {"q": "ada"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in piece
    assert 'data-query="ada"' in piece


def test_what_was_typed_is_shown_as_text(admin_client, standin):
    page = admin_client.get("/palette/", {"q": '<script>"x'}).content.decode()
    assert "<script>&quot;" not in page
    assert "&lt;script&gt;&quot;x" in page


def test_pages_are_found_when_the_instance_is_down(admin_client, settings):
    settings.ANYTHINGLLM_URL = "http://127.0.0.1:9"
    response = admin_client.get("/palette/", {"q": "led"})
    assert labels(response) == ["Ledger"]
    assert "does not answer" in response.content.decode()
