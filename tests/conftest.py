"""What tests of every room share: an instance that answers over HTTP, and one signed-in browser per role."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import translation

from dashboard import instance
from dashboard.accounts import services as accounts
from dashboard.accounts.models import Operator, Role
from dashboard.anythingllm import http
from dashboard.audit import triggers
from dashboard.jobs import engine
from dashboard.sandbox.testing import Sandbox, running_sandbox
from tests import sampling

PASSWORD = "correct-horse-battery"
# `make evidence` tries more of the same: more moments to kill at, more examples.
SLOW_TO_START = ("running_foyer", "house", "visits")  # fixtures that one worker starts for all
THOROUGH = os.environ.get("EVIDENCE") == "thorough"

hypothesis.settings.register_profile("foyer", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("foyer")


@pytest.fixture(scope="session")
def standin_server() -> Iterator[Sandbox]:
    with running_sandbox() as server:
        yield server


@pytest.fixture(autouse=True, scope="session")
def _ledger_unlocked_to_empty_the_database() -> Iterator[None]:
    """A transactional test ends with all tables emptied, which the ledger's triggers refuse, as they should.

    They are taken off for that moment only and put back before the next test: in every test they are what they are in production.
    """
    with pytest.MonkeyPatch.context() as patch:
        empty_tables = TransactionTestCase._fixture_teardown

        def unlocked(test: TransactionTestCase) -> None:
            with connection.schema_editor() as editor:
                triggers.remove(None, editor)
            try:
                empty_tables(test)
            finally:
                with connection.schema_editor() as editor:
                    triggers.install(None, editor)

        patch.setattr(TransactionTestCase, "_fixture_teardown", unlocked)
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Every test starts without cached answers, with a closed circuit, and in English: a request's language outlives it in its thread."""
    translation.deactivate()
    cache.clear()
    instance.hang_up()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch) -> None:
    """Nobody waits before another try, nor for a refusal to take its time; tests of these pauses set their own."""
    monkeypatch.setattr(http, "BACKOFF", 0.001)
    monkeypatch.setattr(engine, "PAUSES", (0, 0, 0, 0))
    monkeypatch.setattr(accounts, "REFUSED_AFTER", 0.0)


@pytest.fixture(autouse=True)
def _one_hand(monkeypatch) -> None:
    """What a test's transaction holds is seen by no other thread. Tests without one may have `engine.HANDS` as it is."""
    monkeypatch.setattr(engine, "HANDS", 1)


@pytest.fixture
def standin(standin_server: Sandbox, settings) -> Sandbox:
    """The stand-in with its small team, fresh, as the configured instance."""
    standin_server.reset()
    settings.ANYTHINGLLM_URL = settings.ANYTHINGLLM_PUBLIC_URL = standin_server.url
    settings.ANYTHINGLLM_API_KEY = standin_server.api_key
    return standin_server


def operator(role: Role, username: str) -> Operator:
    return Operator.objects.create_user(username, PASSWORD, role=role)


def signed_in(somebody: Operator) -> Client:
    client = Client()
    client.force_login(somebody, backend="dashboard.accounts.backends.LocalBackend")
    # As after the sign-in page: the password has just been proved.
    session = client.session
    session["proved_at"] = time.time()
    session.save()
    return client


def prove_long_ago(client: Client) -> None:
    """The next dangerous act asks for the password."""
    session = client.session
    session["proved_at"] = 0
    session.save()


@pytest.fixture
def ada(db) -> Operator:
    """A local operator who is admin; the password is `PASSWORD`."""
    return operator(Role.ADMIN, "ada")


@pytest.fixture
def admin_client(ada: Operator) -> Client:
    return signed_in(ada)


@pytest.fixture
def manager_client(db) -> Client:
    return signed_in(operator(Role.MANAGER, "mia"))


@pytest.fixture
def viewer_client(db) -> Client:
    return signed_in(operator(Role.VIEWER, "vic"))


@pytest.fixture
def member_client(db) -> Client:
    return signed_in(operator(Role.MEMBER, "sam"))


def pytest_report_header() -> str:
    whole = "all of them" if sampling.EVERYTHING else f"one in {sampling.ONE_IN}, those of {sampling.commit()}"
    return f"matrices: {whole}"


def pytest_itemcollected(item: pytest.Item) -> None:
    for fixture in set(SLOW_TO_START).intersection(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.xdist_group(fixture))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The browser comes last: what drives it keeps an event loop running, beside which Django refuses to touch its database. The other files
    come in any order, because most tests without a transaction of their own wait for other processes, and in a row all workers would wait."""
    sampling.leave_out(config, items)
    items.sort(key=lambda item: (item.get_closest_marker("browser") is not None, sampling.shuffled(item.location[0])))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """`figure(what, measured, at_most)`: one line of the table at the end of the run, and of the page of evidence."""

    def record(what: str, measured: object, at_most: str = "") -> None:
        record_property("figure", (what, str(measured), at_most))

    return record


def figures_of(reports: Iterable[pytest.TestReport]) -> list[tuple[str, str, str]]:
    return sorted(line for report in reports for name, line in report.user_properties if name == "figure")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests measured, in one table."""
    lines = figures_of(report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind))
    if lines:
        terminalreporter.section("figures")
    for what, measured, at_most in lines:
        terminalreporter.write_line(f"{what:<44} {measured:>30}   {at_most and 'at most ' + at_most}".rstrip())
