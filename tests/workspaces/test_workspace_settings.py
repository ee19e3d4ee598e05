"""Settings: what is refused before it is sent, what is sent, and what is told of what was stored."""

import html
import re

import pytest

from dashboard import instance
from dashboard.anythingllm import NotApplied
from dashboard.audit.models import AuditEvent, Outcome
from dashboard.workspaces import services
from dashboard.workspaces.forms import WorkspaceForm

URL = "/workspaces/company-handbook/settings/"


def filled(client, **changes):
    """The form as a browser sends it back: every control with its value, and the values it came with."""
    page = client.get(URL).content.decode().split('<form method="post" class="stack narrow"')[1].split("</form>")[0]
    data = {}
    for tag in re.findall(r"<input[^>]*>", page):
        fields = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        data[fields["name"]] = html.unescape(fields.get("value", ""))
    for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        data[name] = html.unescape(text).replace("\n", "\r\n")
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        data[name] = html.unescape(re.search(r'<option value="([^"]*)" selected', options)[1])
    return data | changes


def test_saving_untouched_sends_nothing(admin_client, standin, stored, handbook):
    answer = admin_client.post(URL, filled(admin_client))
    assert answer.status_code == 302
    assert not standin.state()["writes"]
    assert stored("company-handbook") == handbook


ALL = {
    "name": ("Handbook & Rules", "name", "Handbook & Rules"),
    "chat_mode": ("chat", "chatMode", "chat"),
    "prompt": ("Be brief.\r\nBe kind.", "openAiPrompt", "Be brief.\nBe kind."),
    "temperature": ("0.35", "openAiTemp", 0.35),
    "history": ("7", "openAiHistory", 7),
    "query_refusal": ("Ask Ada.", "queryRefusalResponse", "Ask Ada."),
    "top_n": ("9", "topN", 9),
    "similarity_threshold": ("0.5", "similarityThreshold", 0.5),
    "vector_search_mode": ("rerank", "vectorSearchMode", "rerank"),
    "chat_provider": ("ollama", "chatProvider", "ollama"),
    "chat_model": ("llama3.3", "chatModel", "llama3.3"),
    "agent_provider": ("anthropic", "agentProvider", "anthropic"),
    "agent_model": ("claude", "agentModel", "claude"),
}


def test_every_field_is_stored_as_typed(manager_client, standin, stored, handbook):
    standin.post("/v1/workspace/company-handbook/update", {"chatMode": "query"})
    answer = manager_client.post(URL, filled(manager_client, **{name: typed for name, (typed, *_rest) in ALL.items()}))
    assert answer.status_code == 302
    now = stored("company-handbook")
    assert {wire: now[wire] for _typed, wire, _value in ALL.values()} == {wire: v for _typed, wire, v in ALL.values()}
    assert now["slug"] == handbook["slug"]
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("workspace.changed", Outcome.OK)
    assert set(event.before) == set(event.after) == set(ALL)
    assert (event.before["name"], event.after["name"]) == (handbook["name"], "Handbook & Rules")


def test_what_is_emptied_goes_back_to_the_instance_s_own(manager_client, standin, stored):
    manager_client.post(URL, filled(manager_client, **{name: typed for name, (typed, *_rest) in ALL.items()}))
    emptied = ["prompt", "temperature", "query_refusal", "chat_provider", "chat_model", "agent_provider", "agent_model"]
    assert manager_client.post(URL, filled(manager_client, **dict.fromkeys(emptied, ""))).status_code == 302
    now = stored("company-handbook")
    assert [now[ALL[name][1]] for name in emptied] == [None] * len(emptied)


def test_what_another_operator_changed_meanwhile_stays(manager_client, standin, stored):
    mine = filled(manager_client, top_n="6")
    standin.post("/v1/workspace/company-handbook/update", {"openAiHistory": 3})
    assert manager_client.post(URL, mine).status_code == 302
    now = stored("company-handbook")
    assert (now["topN"], now["openAiHistory"]) == (6, 3)


def test_a_number_may_have_a_comma(manager_client, standin, stored):
    manager_client.post(URL, filled(manager_client, temperature="0,5", similarity_threshold="0,75"))
    now = stored("company-handbook")
    assert (now["openAiTemp"], now["similarityThreshold"]) == (0.5, 0.75)


@pytest.mark.parametrize("provider", ["lemonade", "omlx", "minimax", "cerebras", "anythingllm-router"])
def test_the_providers_of_1_16_are_offered_and_those_that_it_dropped_are_not(manager_client, standin, stored, provider):
    page = manager_client.get(URL).context["form"]
    offered = {value for value, _name in page.fields["chat_provider"].choices}
    assert provider in offered
    assert not offered & {"dpais", "huggingface"}
    manager_client.post(URL, filled(manager_client, chat_provider=provider))
    assert stored("company-handbook")["chatProvider"] == provider


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "x" * 256),
        ("temperature", "hot"),
        ("temperature", "-0.1"),
        ("temperature", "99"),
        ("temperature", "nan"),
        ("history", "-1"),
        ("history", "7.9"),
        ("history", ""),
        ("top_n", "0"),
        ("top_n", "many"),
        ("similarity_threshold", "1.5"),
        ("similarity_threshold", "-1"),
        ("chat_mode", "agent"),
        ("vector_search_mode", "best"),
        ("chat_provider", "no-such"),
        ("agent_provider", "no-such"),
        ("prompt", "x" * 2001),
        ("query_refusal", "x" * 2001),
    ],
)
def test_what_the_instance_would_bend_or_choke_on_is_refused_in_words(manager_client, standin, field, typed):
    answer = manager_client.post(URL, filled(manager_client, **{field: typed}))
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}
    assert not standin.state()["writes"]
    assert not AuditEvent.objects.exists()


def test_a_provider_that_is_stored_but_not_known_here_may_stay(manager_client, standin, stored):
    standin.post("/v1/workspace/company-handbook/update", {"chatProvider": "brand-new"})
    assert manager_client.post(URL, filled(manager_client, top_n="6")).status_code == 302
    assert (stored("company-handbook")["chatProvider"], stored("company-handbook")["topN"]) == ("brand-new", 6)


def test_values_that_were_never_stored_do_not_stand_in_the_way(manager_client, standin, stored):
    standin.post("/v1/workspace/company-handbook/update", {"queryRefusalResponse": None, "openAiTemp": None})
    assert manager_client.post(URL, filled(manager_client, name="Handbook")).status_code == 302
    assert stored("company-handbook")["name"] == "Handbook"


def test_every_field_is_explained_and_numbers_have_default_and_range(manager_client, standin):
    form = manager_client.get(URL).context["form"]
    for name, field in form.fields.items():
        assert field.help_text, name
    for name in ("history", "top_n", "similarity_threshold"):
        assert re.search(r"\d to [\d,]+, by default [\d.]+", str(form.fields[name].help_text)), name


def test_what_was_stored_instead_is_told_at_its_field_and_in_the_ledger(manager_client, ada, standin, handbook):
    """No form lets such a value through; an instance of another version may bend more than this one."""
    with pytest.raises(NotApplied) as bent:
        services.update(actor=ada, workspace_id=handbook["id"], top_n=0, history=8)
    event = AuditEvent.objects.get()
    assert (event.outcome, event.after) == (Outcome.FAILED, {"top_n": 1, "history": 8})
    form = WorkspaceForm(filled(manager_client), initial={}, names=(), version=None)
    form.tell_stored(bent.value.differences)
    assert form.errors == {"top_n": ["AnythingLLM stored this instead: 1"]}


def test_another_workspace_that_got_the_address_is_not_changed(manager_client, standin, stored):
    mine = filled(manager_client, top_n="6", id="99999")
    answer = manager_client.post(URL, mine)
    assert answer.status_code == 409
    assert "Another workspace has this address" in answer.content.decode()
    assert not standin.state()["writes"]


def test_renaming_to_a_name_that_is_taken_takes_a_word_more(manager_client, standin, stored):
    other = next(w["name"] for w in standin.get("/v1/workspaces")["workspaces"] if w["slug"] != "company-handbook")
    form = filled(manager_client, name=other)
    assert manager_client.post(URL, form).status_code == 422
    assert manager_client.post(URL, form | {"anyway": "on"}).status_code == 302
    assert stored("company-handbook")["name"] == other


def test_a_lost_answer_is_read_back_and_told_as_done(manager_client, standin, stored):
    form = filled(manager_client, top_n="6", temperature="")
    standin.fault("lost", method="POST", path="/update$", times=1)
    assert manager_client.post(URL, form).status_code == 302
    assert stored("company-handbook")["topN"] == 6
    assert AuditEvent.objects.get().outcome == Outcome.OK


@pytest.mark.parametrize("fault", ["down", "locked", "locked-all", "html", "500", "truncated"])
def test_what_went_wrong_is_told_and_nothing_is_claimed(manager_client, standin, stored, handbook, fault):
    form = filled(manager_client, top_n="6")
    standin.fault(fault, path="/v1/")
    answer = manager_client.post(URL, form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    standin.clear_faults()
    event = AuditEvent.objects.first()  # none when the instance could not even be read before
    assert event is None or event.outcome != Outcome.OK
    unknown = event is not None and event.outcome == Outcome.UNKNOWN
    assert unknown or stored("company-handbook")["topN"] == handbook["topN"]


def test_one_that_somebody_else_deleted_is_told(manager_client, standin, stored):
    form = filled(manager_client, top_n="6")
    instance.connect().workspaces.delete("company-handbook")
    answer = manager_client.post(URL, form)
    assert answer.status_code == 422
    assert "not there any more" in answer.content.decode()


def test_it_refuses_viewers(viewer_client, standin):
    assert viewer_client.get(URL).status_code == 403
    assert viewer_client.post(URL, {"name": "x"}).status_code == 403
    assert not standin.state()["writes"]
