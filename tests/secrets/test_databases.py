"""Passwords that stand in the addresses of databases: nobody is told, least of all when they cannot be reached."""

from __future__ import annotations

from tests.project.processes import free_port, running
from tests.secrets.person import HOST, Person
from tests.secrets.planted import Planted

PLANTED = Planted(
    database_password="pl4nted-database+word/9",
    queue_password="pl4nted-queue-word-4",
    cache_password="pl4nted-cache-w0rd",
)


def test_the_passwords_of_databases_that_cannot_be_reached_are_told_nobody(house, tmp_path, figure):
    (database,), (queue,), (cache,) = PLANTED.values.values()
    port = free_port()  # where nobody listens
    variables = {
        "SECRET_KEY": "only-for-this-test-" * 2,
        "ALLOWED_HOSTS": HOST,
        "HTTPS": "true",
        "HSTS_SECONDS": "31536000",
        "LOG_LEVEL": "DEBUG",
        "STATIC_ROOT": str(house.data / "static"),
        "DATABASE_URL": f"postgres://foyer:{database.replace('+', '%2B').replace('/', '%2F')}@127.0.0.1:{port}/foyer",
        "QUEUE_URL": f"redis://foyer:{queue}@127.0.0.1:{port}/0",
        "CACHE_URL": f"redis://foyer:{cache}@127.0.0.1:{port}/1",
    }
    with running(["dashboard.web"], tmp_path, **variables) as web:
        web.wait_until_it_answers()
        heard = []
        somebody = Person(web.port, heard)
        assert somebody.get("/readyz").status == 503
        somebody.cookies = {"foyer_csrf": "a" * 32, "foyer_session": "b" * 32}
        for path in ("/", "/users/", "/healthz", "/nowhere/", f"/join/{'x' * 32}/"):
            somebody.get(path)
        assert somebody.sign_in("ada", "whatever-it-is").status == 503
        web.wait_until(lambda: "database away" in web.said())
        assert PLANTED.found_in(web.said(), *(answer.everything for answer in heard)) == set()
        assert {answer.status for answer in heard} <= {200, 503}, "a sentence of ours, or what needs no database"
    figure("secrets: three of databases out of reach", f"{len(heard)} answers, the whole log: 0 found")
