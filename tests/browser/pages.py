"""Every page of Foyer and every state of it that looks different, and how to get there."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import Page, expect

from dashboard.sandbox.testing import Sandbox
from tests import doors
from tests.browser.conftest import Foyer
from tests.doors import converters

PAGES = {name: converters(name) for name in doors.PAGES}

# Where to find one of each kind, once `Things` has made them.
Things = dict[str, int | str]


def address(name: str, things: Things, needs: list[str]) -> str:
    if name == "operator_password":
        return reverse(name, args=[things["local_operator_id"]])
    return reverse(name, kwargs={key: things[key] for key in needs})


# --- States: a name, and how a page gets there --------------------------------------------------------------------------
Look = Callable[[Foyer, Sandbox, Things], Page]
STATES: dict[str, Look] = {}


def state(look: Look) -> Look:
    STATES[look.__name__] = look
    return look


def at(foyer: Foyer, url: str, who: str | None = "ada") -> Page:
    page = foyer.page(who)
    page.goto(url)
    return page


def dialog_of(foyer: Foyer, url: str, link: str) -> Page:
    page = at(foyer, url)
    page.locator("main").get_by_role("link", name=link).first.click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


def send(page: Page, verb: str) -> Page:
    page.locator("#dialog").get_by_role("button", name=verb, exact=True).click()
    return page


@state
def sign_in(foyer, standin, things):
    return at(foyer, "/sign-in/", None)


@state
def sign_in_refused(foyer, standin, things):
    page = at(foyer, "/sign-in/", None)
    page.get_by_label("User name").fill("nobody-at-all")
    page.get_by_label("Password", exact=True).fill("certainly-wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


@state
def recovery_codes(foyer, standin, things):
    page = foyer.page(None)
    foyer.sign_in(page, "yuki")
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    return page


@state
def home_of_a_member(foyer, standin, things):
    return at(foyer, "/", "sam")


@state
def home_of_a_manager(foyer, standin, things):
    return at(foyer, "/", "mia")


@state
def users_of_a_manager(foyer, standin, things):
    return at(foyer, "/users/", "mia")


@state
def nobody_found(foyer, standin, things):
    return at(foyer, "/users/?q=nobody-is-called-that")


@state
def some_selected(foyer, standin, things):
    page = at(foyer, "/users/")
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-selection-count]")).to_be_visible()
    return page


@state
def bulk_suspend(foyer, standin, things):
    page = some_selected(foyer, standin, things)
    page.locator("#selection").get_by_role("button", name="Suspend").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def bulk_delete(foyer, standin, things):
    page = some_selected(foyer, standin, things)
    page.locator("#selection").get_by_role("button", name="Delete").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def bulk_role(foyer, standin, things):
    page = some_selected(foyer, standin, things)
    page.locator("#selection").get_by_role("button", name="Change role").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def toast(foyer, standin, things):
    page = at(foyer, "/users/?state=active&role=default")
    page.get_by_role("button", name=re.compile("^Suspend .")).first.click()
    expect(page.locator(".toast")).to_be_visible()
    return page


@state
def matrix_staged(foyer, standin, things):
    """Something selected, and changes of both kinds."""
    page = at(foyer, "/access/?role=default")
    table = page.locator("table[role=grid]")
    table.get_by_role("button", name="Select the row of").nth(1).click()
    page.get_by_role("button", name="Give", exact=True).click()
    table.locator("td:not([data-staged]) > input:checked").first.click()
    table.get_by_role("button", name="Select the column").nth(2).click()
    expect(page.locator("#staging")).to_contain_text("changes for 2 people")
    return page


@state
def matrix_example(foyer, standin, things):
    page = matrix_staged(foyer, standin, things)
    page.get_by_role("button", name="Same as…").click()
    page.locator("#example [name=q]").press_sequentially("olsen")
    expect(page.locator("#examples button").first).to_be_visible()
    return page


@state
def matrix_of_nobody(foyer, standin, things):
    return at(foyer, "/access/?q=nobody-is-called-that&w=finance")


@state
def edit_dialog(foyer, standin, things):
    return dialog_of(foyer, f"/users/{things['user_id']}/", "Edit")


@state
def edit_dialog_with_errors(foyer, standin, things):
    page = dialog_of(foyer, f"/users/{things['user_id']}/", "Edit")
    page.locator("#dialog").get_by_label("User name").fill("Not A Name!")
    send(page, "Save")
    expect(page.locator("#dialog [aria-invalid=true]")).to_be_visible()
    return page


@state
def delete_dialog(foyer, standin, things):
    return dialog_of(foyer, f"/users/{things['user_id']}/", "Delete user")


@state
def proof_dialog(foyer, standin, things):
    page = foyer.page(None)
    foyer.sign_in(page, "jonas")
    foyer.let_proof_age(page)
    page.goto(f"/users/{things['user_id']}/")
    page.get_by_role("link", name="Delete user").click()
    page.locator("#dialog input[type=text]").fill(str(things["username"]))
    send(page, "Delete user")
    expect(page.get_by_role("heading", name="Your password, please")).to_be_visible()
    return page


@state
def proof_page(foyer, standin, things):
    page = foyer.page(None)
    foyer.sign_in(page, "jonas")
    foyer.let_proof_age(page)
    page.goto("/operators/new/")
    page.get_by_label("User name").fill("late")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Your password, please")).to_be_visible()
    return page


@state
def password_dialog(foyer, standin, things):
    return dialog_of(foyer, f"/users/{things['user_id']}/", "Reset password")


@state
def password_done(foyer, standin, things):
    page = send(password_dialog(foyer, standin, things), "Reset password")
    expect(page.get_by_role("heading", name="The password was reset")).to_be_visible()
    return page


@state
def user_created(foyer, standin, things):
    page = at(foyer, "/users/new/")
    page.get_by_label("User name").fill("brand-new")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("brand-new was created.")).to_be_visible()
    return page


@state
def user_new_with_errors(foyer, standin, things):
    page = at(foyer, "/users/new/")
    page.get_by_label("User name").fill("ada")
    expect(page.locator("#user-check [data-tone=error]")).to_be_visible()
    page.get_by_role("button", name="Create").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    return page


@state
def user_import_with_errors(foyer, standin, things):
    page = at(foyer, "/users/import/")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


@state
def operator_created(foyer, standin, things):
    page = at(foyer, "/operators/new/")
    page.get_by_label("User name").fill(f"op-{standin.state()['changes']}-{len(page.content())}")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#password")).to_be_visible()
    return page


@state
def own_operator(foyer, standin, things):
    page = at(foyer, "/operators/?q=ada")
    page.locator("main").get_by_role("link", name="ada", exact=True).click()
    expect(page.get_by_text("This is you.")).to_be_visible()
    return page


@state
def connection_tested(foyer, standin, things):
    page = at(foyer, "/system/")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#connection-test h2")).to_be_visible()
    return page


@state
def ledger_line_open(foyer, standin, things):
    page = at(foyer, "/audit/")
    page.locator("main summary").first.click()
    return page


@state
def help_open(foyer, standin, things):
    page = at(foyer, "/")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    return page


@state
def jump_box(foyer, standin, things):
    page = at(foyer, "/")
    page.keyboard.press("Control+k")
    page.keyboard.type("ad")
    expect(page.locator(".palette-results[data-query=ad] a").first).to_be_visible()
    return page


@state
def profile_menu(foyer, standin, things):
    page = at(foyer, "/")
    page.locator(".profile-button").click()
    expect(page.locator("#profile-menu")).to_be_visible()
    return page


@state
def not_for_you(foyer, standin, things):
    page = foyer.page("sam")
    assert page.goto("/users/").status == 403
    return page


@state
def nothing_here(foyer, standin, things):
    page = foyer.page()
    assert page.goto("/nowhere/").status == 404
    return page


@state
def nothing_here_for_a_stranger(foyer, standin, things):
    page = foyer.page(None)
    assert page.goto("/nowhere/").status == 404
    return page


@state
def form_too_old(foyer, standin, things):
    page = at(foyer, "/sign-in/", None)
    page.context.clear_cookies()
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill("whatever-it-is")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Form too old")).to_be_visible()
    return page


@state
def instance_down(foyer, standin, things):
    page = at(foyer, "/users/")
    standin.fault("502")
    foyer.forget()
    page.goto("/users/")
    expect(page.locator("main .banner").first).to_be_visible()
    return page


@state
def instance_down_for_a_change(foyer, standin, things):
    page = at(foyer, f"/users/{things['user_id']}/")
    standin.fault("502")
    page.get_by_role("button", name=re.compile("^Suspend")).click()
    expect(page.locator(".toast")).to_contain_text("Nothing was changed.")
    return page


@state
def workspace_of_a_manager(foyer, standin, things):
    return at(foyer, f"/workspaces/{things['slug']}/", "mia")


@state
def workspace_with_people_to_add(foyer, standin, things):
    smaller = standin.get("/v1/workspaces")["workspaces"][-1]["slug"]
    page = at(foyer, f"/workspaces/{smaller}/")
    page.locator("main").get_by_role("searchbox").press_sequentially("an")
    expect(page.get_by_role("heading", name="Not in it yet")).to_be_visible()
    return page


@state
def workspace_settings_refused(foyer, standin, things):
    page = at(foyer, f"/workspaces/{things['slug']}/settings/")
    page.get_by_label("Temperature").fill("99")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


@state
def workspace_name_taken(foyer, standin, things):
    page = at(foyer, "/workspaces/+new/")
    page.get_by_label("Name").fill(standin.get("/v1/workspaces")["workspaces"][0]["name"])
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Use this name a second time")).to_be_visible()
    return page


@state
def workspace_delete_dialog(foyer, standin, things):
    return dialog_of(foyer, f"/workspaces/{things['slug']}/", "Delete workspace")


@state
def people_that_nobody_is(foyer, standin, things):
    page = at(foyer, f"/workspaces/{things['slug']}/people/")
    page.get_by_label("User names").fill("cem\nyuky\nzzzzzz")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("checkbox", name="yuki")).to_be_visible()
    return page


@state
def access_toggled(foyer, standin, things):
    """A switch just flipped on a person's page, the next one's date open."""
    page = at(foyer, f"/users/{things['user_id']}/")
    page.locator("#offers [role=switch]").first.click()
    expect(page.locator("#offers [role=switch]").first).to_be_checked()
    page.locator("#offers summary").nth(1).click()
    return page


@state
def access_set_applied(foyer, standin, things):
    """Given by the group with a failure among it, and what can be done then."""
    page = at(foyer, f"/groups/{things['group_id']}/edit/")
    page.get_by_role("checkbox").nth(-1).check()
    page.get_by_role("checkbox").nth(-2).check()
    send_main(page, "Save")
    page.locator("#access-apply").click()
    page.goto(f"/groups/{things['group_id']}/")
    page.get_by_label("User names").fill("sam, bianca")
    send_main(page, "Add, after a look")
    standin.fault("locked", path="manage-users", times=1)
    page.locator("#access-apply").click()
    expect(page.locator("#access-set")).to_contain_text("Finished")
    return page


@state
def members_lost(foyer, standin, things):
    """Taking one person out, AnythingLLM has lost the others, and does not take them back yet."""
    workspace = standin.get("/v1/workspaces")["workspaces"][3]
    people = {user["username"]: user["id"] for user in standin.get("/v1/admin/users")["users"]}
    listed = [name for name in people if "." in name][:4]
    standin.post(f"/v1/admin/workspaces/{workspace['id']}/update-users", {"userIds": [people[name] for name in listed]})
    foyer.forget()
    page = at(foyer, f"/users/{people[listed[0]]}/")
    standin.fault("half", path="manage-users")
    switch = page.locator(f"#switch-{workspace['id']}-{people[listed[0]]}-b")
    switch.click()
    expect(switch).not_to_be_checked()
    page.goto(f"/workspaces/{workspace['slug']}/")
    expect(page.get_by_text("lost by AnythingLLM").first).to_be_visible()
    return page


@state
def user_lock_out_dialog(foyer, standin, things):
    return dialog_of(foyer, f"/users/{things['user_id']}/", "Lock out")


@state
def group_new_dialog(foyer, standin, things):
    return dialog_of(foyer, "/groups/", "New group")


def send_main(page: Page, verb: str) -> None:
    page.locator("main").get_by_role("button", name=verb).click()
    expect(page.locator("#access-set")).to_be_visible()


# --- Invites ------------------------------------------------------------------------------------------------------------
def invites(foyer: Foyer, source: str = "foyer") -> Page:
    return at(foyer, f"/invites/?source={source}&state=open")


def of_first_row(page: Page, link: str) -> Page:
    page.locator("#invite-table tbody .actions").first.get_by_role("link", name=re.compile(f"^{link}")).click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def invites_of_a_manager(foyer, standin, things):
    return at(foyer, "/invites/", "mia")


@state
def no_invite_found(foyer, standin, things):
    return at(foyer, "/invites/?q=nobody-is-called-that")


@state
def invite_link_dialog(foyer, standin, things):
    return of_first_row(invites(foyer), "Link")


@state
def invite_revoke_dialog(foyer, standin, things):
    return of_first_row(invites(foyer), "Revoke")


@state
def invite_extend_with_errors(foyer, standin, things):
    page = of_first_row(invites(foyer), "Extend")
    page.get_by_label("Days longer").fill("0")
    send(page, "Extend")
    expect(page.locator("#dialog [aria-invalid=true]")).to_be_visible()
    return page


@state
def invite_found_dialog(foyer, standin, things):
    return of_first_row(invites(foyer, "anythingllm"), "Link")


@state
def invite_found_revoke_dialog(foyer, standin, things):
    return of_first_row(invites(foyer, "anythingllm"), "Revoke")


@state
def invite_new_with_errors(foyer, standin, things):
    page = at(foyer, "/invites/new/")
    page.get_by_text("Note, role, daily limit, language").click()
    page.get_by_label("Messages a day").fill("0")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    return page


@state
def invite_batch_checked(foyer, standin, things):
    page = at(foyer, "/invites/many/")
    page.get_by_label("Name of the list").fill("Spring school")
    page.get_by_label("Or paste the list").fill("Anna Müller, anna@example.com\nCem, cem@\nBen")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("button", name="Make 2 links")).to_be_visible()
    return page


@state
def invite_that_somebody_used(foyer, standin, things):
    joined(foyer, standin, things)
    return at(foyer, f"/invites/{things['link_id']}/")


@state
def invites_while_the_instance_is_down(foyer, standin, things):
    standin.fault("502")
    foyer.forget()
    return at(foyer, "/invites/")


def joining(foyer: Foyer, things: Things) -> Page:
    return at(foyer, f"/join/{things['code']}/", None)


def joined(foyer: Foyer, standin: Sandbox, things: Things) -> Page:
    page = joining(foyer, things)
    page.get_by_label("User name").fill(f"newcomer-{standin.state()['changes']}")
    page.get_by_label("Password", exact=True).fill("umbrella gravel seven tuesdays")
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_url("**/welcome/")
    return page


@state
def join_as_a_newcomer(foyer, standin, things):
    return joining(foyer, things)


@state
def join_in_chinese(foyer, standin, things):
    return at(foyer, f"/join/{things['code']}/?language=zh-hans", None)


@state
def join_while_typing(foyer, standin, things):
    page = joining(foyer, things)
    page.get_by_label("User name").press_sequentially("Sam Olsen")
    expect(page.get_by_role("button", name="Use “")).to_be_visible()
    page.get_by_label("Password", exact=True).press_sequentially("summer2024")
    expect(page.get_by_role("meter")).to_be_visible()
    return page


@state
def join_with_errors(foyer, standin, things):
    page = joining(foyer, things)
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    return page


@state
def join_closed(foyer, standin, things):
    maker = at(foyer, "/invites/new/")
    maker.get_by_label("Name of the link").fill("Soon revoked")
    maker.get_by_role("button", name="Make the link").click()
    address = maker.locator("#address").inner_text()
    maker.get_by_role("link", name="Who joined").click()
    maker.wait_for_url(re.compile(r"/invites/\d+/$"))
    maker.get_by_role("link", name="Revoke").click()
    send(maker, "Revoke link")
    expect(maker.locator("main")).to_contain_text("Revoked")
    page = at(foyer, address, None)
    expect(page.get_by_text("This link was revoked.")).to_be_visible()
    return page


@state
def join_by_a_link_that_nobody_made(foyer, standin, things):
    page = at(foyer, f"/join/{'x' * 32}/", None)
    expect(page.get_by_text("No such link")).to_be_visible()
    return page


@state
def first_steps_after_joining(foyer, standin, things):
    return joined(foyer, standin, things)


@state
def first_question_answered(foyer, standin, things):
    page = joined(foyer, standin, things)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**/chat/**")
    expect(page.locator(".prose")).not_to_be_empty()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    return page


@state
def first_question_refused(foyer, standin, things):
    page = joined(foyer, standin, things)
    page.get_by_label("Your question").fill("x" * 2100)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("[data-refused] [role=alert]")).to_be_visible()
    return page


@state
def first_steps_of_a_local_operator(foyer, standin, things):
    maker = at(foyer, "/operators/new/")
    maker.get_by_label("User name").fill("local-one")
    maker.locator("[name=password]").fill("umbrella gravel seven tuesdays")
    maker.get_by_role("button", name="Create").click()
    expect(maker.locator("main")).to_contain_text("local-one")
    page = foyer.page(None)
    page.goto("/sign-in/")
    page.get_by_label("User name").fill("local-one")
    page.get_by_label("Password", exact=True).fill("umbrella gravel seven tuesdays")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.goto("/welcome/")
    return page


@state
def way_into_anythingllm(foyer, standin, things):
    page = at(foyer, "/welcome/", "sam")
    page.locator("form[action='/open/']").first.evaluate("form => form.submit()")  # as without htmx
    expect(page.get_by_text("This link signs you in there.")).to_be_visible()
    return page


# --- The log of chats ---------------------------------------------------------------------------------------------------
@state
def chatlog_of_a_manager(foyer, standin, things):
    return at(foyer, "/chats/?days=all&size=25", "mia")


@state
def chatlog_of_a_time_that_cannot_be(foyer, standin, things):
    page = at(foyer, "/chats/?since=2026-02-02&until=2026-01-01")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


@state
def nothing_asked(foyer, standin, things):
    return at(foyer, "/chats/?q=nobody-asked-that&days=all")


# --- Adding documents ---------------------------------------------------------------------------------------------------
def choosing(page: Page) -> Page:
    """Files of every kind, chosen and not sent."""
    page.goto("/documents/add/")
    names = {
        "notes.txt": b"The heron was seen at the river.",
        "a.b.unknown": b"words",
        "empty.txt": b"",
        "broken.docx": b"x",
    }
    files = [{"name": name, "mimeType": "text/plain", "buffer": content} for name, content in names.items()]
    page.locator("#add-files").set_input_files(files)
    expect(page.locator("#add-chosen .upload-row")).to_have_count(4)
    return page


@state
def files_chosen(foyer, standin, things):
    return choosing(foyer.page())


@state
def files_on_their_way(foyer, standin, things):
    """Some being sent, one not taken."""
    page = choosing(foyer.page())
    page.route("**/documents/add/file/", lambda route: None)
    page.locator("#add-send").click()
    expect(page.locator("#add-sending").get_by_role("progressbar")).to_have_count(3)
    return page


@state
def files_added(foyer, standin, things):
    """One ready, one failed, one that did not arrive."""
    page = choosing(foyer.page())
    page.route("**/documents/add/file/", lambda route: route.abort(), times=1)
    page.locator("#add-send").click()
    expect(page.locator("#add-summary")).to_have_text("1 of 3 ready, 1 failed")
    expect(page.locator("#add-sending").get_by_role("button", name="Send again")).to_be_visible()
    return page


@state
def batch_of_files(foyer, standin, things):
    """As one finds it who comes back to it."""
    page = files_added(foyer, standin, things)
    page.reload()
    expect(page.get_by_role("link", name="Add more")).to_be_visible()
    return page


@state
def link_dialog(foyer, standin, things):
    return dialog_of(foyer, "/documents/add/", "Web address")


@state
def text_dialog_refused(foyer, standin, things):
    page = send(dialog_of(foyer, "/documents/add/", "Text"), "Add the text")
    expect(page.locator("#dialog [aria-invalid=true]").first).to_be_visible()
    return page


@state
def replacing_asks_for_the_password(foyer, standin, things):
    page = foyer.page(None)
    foyer.sign_in(page, "jonas")
    foyer.let_proof_age(choosing(page))
    page.get_by_label("What is there already").select_option("Replace what is there")
    page.locator("#add-send").click()
    expect(page.get_by_role("heading", name="Your password, please")).to_be_visible()
    return page


# --- The library --------------------------------------------------------------------------------------------------------
def library(foyer: Foyer, query: str = "", who: str = "ada") -> Page:
    page = at(foyer, f"/documents/{query}", who)
    expect(page.locator("#document-table")).to_be_visible()
    return page


def asked_about_some(foyer: Foyer, verb: str) -> Page:
    page = library(foyer)
    for box in page.locator("tbody input[name=ids]").all()[:3]:
        box.check()
    page.locator("#selection").get_by_role("button", name=verb, exact=True).click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def library_of_a_manager(foyer, standin, things):
    return library(foyer, who="mia")


@state
def library_by_folder(foyer, standin, things):
    page = library(foyer)
    page.get_by_role("navigation", name="Folders").get_by_role("link").last.click()
    expect(page.get_by_role("link", name="Rename folder")).to_be_visible()
    page.wait_for_load_state()
    return page


@state
def library_without_a_find(foyer, standin, things):
    return library(foyer, "?q=nothing-is-called-that")


@state
def library_with_some_selected(foyer, standin, things):
    page = library(foyer)
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-selection-count]")).to_be_visible()
    return page


@state
def document_drawer(foyer, standin, things):
    page = library(foyer, "?sort=-used")
    page.locator("tbody th a").first.click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def document_page(foyer, standin, things):
    page = library(foyer, "?sort=-used")
    page.goto(page.locator("tbody th a").first.get_attribute("href"))
    return page


@state
def documents_into_workspaces(foyer, standin, things):
    page = asked_about_some(foyer, "Put into workspaces")
    for box in page.locator("#dialog input[name=workspaces]").all()[:3]:
        box.check()
    page.locator("#dialog").get_by_role("button", name="Preview").click()
    expect(page.locator("#dialog h3").first).to_be_visible()
    return page


@state
def documents_into_no_workspace(foyer, standin, things):
    page = asked_about_some(foyer, "Put into workspaces")
    page.locator("#dialog").get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Choose at least one workspace.")).to_be_visible()
    return page


@state
def documents_out_of_workspaces(foyer, standin, things):
    return asked_about_some(foyer, "Remove from a workspace")


@state
def documents_erased(foyer, standin, things):
    return asked_about_some(foyer, "Erase everywhere")


@state
def documents_that_cannot_be_moved(foyer, standin, things):
    page = asked_about_some(foyer, "Move")
    expect(page.get_by_role("heading", name="Nothing of this can be moved")).to_be_visible()
    return page


@state
def folder_new_dialog(foyer, standin, things):
    page = library(foyer)
    page.get_by_role("link", name="New folder").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def folder_rename_dialog(foyer, standin, things):
    page = library_by_folder(foyer, standin, things)
    page.get_by_role("link", name="Rename folder").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def folder_remove_dialog(foyer, standin, things):
    page = library_by_folder(foyer, standin, things)
    page.get_by_role("link", name="Remove folder").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def workspace_finds(foyer, standin, things):
    page = at(foyer, f"/documents/find/{things['slug']}/")
    page.get_by_label("Question or words").fill("What is our code of conduct?")
    page.get_by_label("Least similarity").select_option("0")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".hits li").first).to_be_visible()
    return page


@state
def chat_home_of_a_member(foyer, standin, things):
    return at(foyer, "/chat/", "sam")


@state
def chat_being_answered(foyer, standin, things):
    page = at(foyer, f"/chat/{things['slug']}/")
    page.locator("#ask-text").fill("What is our code of conduct? HANG")
    page.locator("#ask-text").press("Enter")
    expect(page.locator(".plain-text")).to_contain_text("says:")
    return page


@state
def chat_answered(foyer, standin, things):
    page = at(foyer, f"/chat/{things['slug']}/")
    page.locator("#ask-text").fill("What is our code of conduct? MARKDOWN")
    page.locator("#ask-text").press("Enter")
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()
    return page


@state
def chat_stopped(foyer, standin, things):
    page = chat_being_answered(foyer, standin, things)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()
    return page


@state
def chat_failed(foyer, standin, things):
    page = at(foyer, f"/chat/{things['slug']}/")
    page.locator("#ask-text").fill("What is our code of conduct? ERROR500")
    page.locator("#ask-text").press("Enter")
    expect(page.locator(".exchange .banner:not([hidden])")).to_contain_text("gave up")
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()
    return page


@state
def chat_sources(foyer, standin, things):
    page = chat_answered(foyer, standin, things)
    page.goto(page.locator(".marks a").first.get_attribute("href"))
    return page


@state
def chat_rename_dialog(foyer, standin, things):
    page = chat_answered(foyer, standin, things)
    page.get_by_role("link", name="Rename").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page


@state
def chat_delete_dialog(foyer, standin, things):
    page = chat_answered(foyer, standin, things)
    page.locator("main").get_by_role("link", name="Delete").click()
    expect(page.locator("#dialog h2")).to_be_visible()
    return page
