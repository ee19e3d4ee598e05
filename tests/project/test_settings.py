"""What cannot be used stops the start with one sentence that names the variable and never repeats the value."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": "a-secret-key-of-more-than-thirty-two-characters",
    "ANYTHINGLLM_URL": "http://anythingllm.invalid:3001",
}
BAD = [
    ("DEBUG", "banana"),
    ("HTTPS", "perhaps"),
    ("SECRET_KEY", "too-short"),
    ("SECRET_KEY_FALLBACKS", "a-secret-key-of-more-than-thirty-two-characters s3cret"),
    ("ANYTHINGLLM_URL", "s3cret:3001"),
    ("ANYTHINGLLM_URL", "http://anythingllm:port"),
    ("ANYTHINGLLM_API_KEY", "s3cret s3cret"),
    ("ANYTHINGLLM_API_KEY", "s3cret-schlüssel"),
    ("ALLOWED_HOSTS", "foyer.example.com, https://s3cret"),
    ("ALLOWED_HOSTS", "s3cret:8000"),
    ("ALLOWED_HOSTS", "fd00::5ec"),
    ("ALLOWED_HOSTS", "s3cret..büro.example.com"),
    ("ANYTHINGLLM_PUBLIC_URL", "ftp://s3cret"),
    ("SANDBOX_URL", "//s3cret"),
    ("DATA_DIR", "/proc/s3cret"),
    ("DATABASE_URL", "mysql://foyer:s3cret@database/foyer"),
    ("DATABASE_URL", "postgres://foyer:s3cret@database:port/foyer"),
    ("DATABASE_URL", "postgres://foyer:s3cret@database"),
    ("DATABASE_URL", "postgres://foyer:1/2#s3cret@database/foyer"),
    ("DATABASE_URL", "postgres://foyer:1#s3cret@database/foyer"),
    ("DATABASE_URL", "sqlite:////nowhere/s3cret/foyer.sqlite3"),
    ("DATABASE_URL", "sqlite:///"),  # would not be shared between web and worker
    ("QUEUE_URL", "amqp://foyer:s3cret@queue"),
    ("QUEUE_URL", "redis://:s3cret@queue:port/0"),
    ("QUEUE_URL", "redis://:12#s3cret@queue:6379/0"),
    ("QUEUE_URL", "sqlite:////nowhere/s3cret/queue.sqlite3"),
    ("QUEUE_URL", "sqlite:///"),
    ("CACHE_URL", "locmemcache://s3cret"),  # would not be shared between web and worker
    ("CACHE_URL", "redis://:s3cret@cache:port/1"),
    ("CACHE_URL", "redis://:12#s3cret@cache:6379/1"),
    ("EMAIL_URL", "s3cret"),
    ("EMAIL_URL", "smtp://"),
    ("EMAIL_URL", "smtp+tls://foyer:s3cret@:587"),
    ("EMAIL_URL", "smtp://foyer:12#s3cret@mail"),
    ("DEFAULT_FROM_EMAIL", "s3cret"),
    ("TIME_ZONE", "Mars/s3cret"),
    ("LOG_LEVEL", "s3cret"),
    ("DOCUMENT_MAX_MB", "3001"),
    ("CHAT_LOG", "s3cret"),
    ("HSTS_SECONDS", "s3cret"),
    ("HSTS_SUBDOMAINS", "s3cret"),
    ("HSTS_PRELOAD", "s3cret"),
    ("HOST", "http://s3cret"),
    ("FORWARDED_ALLOW_IPS", "127.0.0.1, s3cret"),
    ("WEB_THREADS", "0"),
    ("WEB_THREADS", "s3cret"),
    ("DRAIN_SECONDS", "s3cret"),
]


def start(tmp_path: Path, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**GOOD, "DATA_DIR": str(tmp_path), **variables}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)


def read_by_settings() -> set[str]:
    source = (ROOT / "dashboard/settings.py").read_text()
    return set(
        re.findall(
            r'\b(?:text|yes_or_no|one_of|host_names|key|secret_keys|host|networks|whole_number|web_address|address)\(\s*"([A-Z_]+)"',
            source,
        )
    )


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "value"), BAD)
def test_it_names_the_variable_that_cannot_be_used(tmp_path, name, value):
    done = start(tmp_path, ["manage.py", "check"], **{name: value})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"{name} must be ")
    assert "s3cret" not in done.stderr


def test_the_web_server_says_it_the_same_way(tmp_path):
    done = start(tmp_path, ["-m", "dashboard.web"], TIME_ZONE="Mars/Olympus")
    assert (done.returncode, done.stderr) == (1, "TIME_ZONE must be a time zone such as Europe/Berlin.\n")
    done = start(tmp_path, ["-m", "dashboard.web"], PORT="eighty")
    assert (done.returncode, done.stderr) == (1, "PORT must be a whole number from 1 to 65535.\n")


def test_the_web_server_needs_its_static_files(tmp_path):
    done = start(tmp_path, ["-m", "dashboard.web"])
    told = "STATIC_ROOT must hold the static files: run `manage.py collectstatic` first.\n"
    assert (done.returncode, done.stderr) == (1, told)


def test_an_operator_can_be_made_once_the_database_is_set_up(tmp_path):
    spare = {"DJANGO_SUPERUSER_USERNAME": "spare", "DJANGO_SUPERUSER_PASSWORD": "correct-horse-battery"}
    done = start(tmp_path, ["manage.py", "createsuperuser", "--noinput"], **spare)
    assert (done.returncode, done.stderr) == (1, "The database is not set up yet: run `manage.py migrate` first.\n")


def test_production_refuses_to_start_without_a_secret(tmp_path):
    done = start(tmp_path, ["-c", "import dashboard.settings"], SECRET_KEY="")
    assert done.returncode == 1
    assert "SECRET_KEY must be set to at least 32 random characters when DEBUG is off." in done.stderr


def test_production_refuses_the_default_secret(tmp_path):
    secret = start(
        tmp_path, ["-c", "from dashboard import settings; print(settings.SECRET_KEY)"], SECRET_KEY="", DEBUG="1"
    ).stdout.strip()
    assert len(secret) > 32
    assert start(tmp_path, ["-c", "import dashboard.settings"], SECRET_KEY=secret).returncode == 1


def test_folders_are_those_of_the_checkout_from_wherever_it_is_started(tmp_path):
    """The example's own line `DATA_DIR=var`, and no warning of Django's that the cache's folder depends on where one stands."""
    environment = {**GOOD, "PYTHONPATH": str(ROOT), "DEBUG": "1", "DATA_DIR": os.path.relpath(tmp_path, ROOT)}
    environment["STATIC_ROOT"] = f"{environment['DATA_DIR']}/collected"
    code = "from dashboard import settings as s; print(s.DATA_DIR.resolve(), s.STATIC_ROOT.resolve())"
    run = partial(subprocess.run, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run([sys.executable, "-c", code]).stdout == f"{tmp_path} {tmp_path}/collected\n"
    done = run([sys.executable, str(ROOT / "manage.py"), "check"])
    assert (done.returncode, done.stdout + done.stderr) == (0, "System check identified no issues (0 silenced).\n")


def test_keys_used_before_are_kept_by_it(tmp_path):
    code = "from dashboard import settings; print(settings.SECRET_KEY_FALLBACKS)"
    before = [letter * 32 for letter in "ab"]
    done = start(tmp_path, ["-c", code], SECRET_KEY_FALLBACKS=" ".join(before))
    assert done.stdout == f"{before}\n"


def test_an_empty_address_to_listen_on_or_to_believe_is_the_default(tmp_path):
    code = (
        "from dashboard.settings import *; import os; "
        "print(HOST, FORWARDED_ALLOW_IPS, {'HOST', 'PORT', 'FORWARDED_ALLOW_IPS'} & set(os.environ))"
    )
    done = start(tmp_path, ["-c", code], HOST="", PORT=" ", FORWARDED_ALLOW_IPS="")
    assert (done.stdout, done.stderr) == ("127.0.0.1 127.0.0.1 set()\n", "")


def test_an_empty_variable_counts_as_not_set(tmp_path):
    empty = dict.fromkeys(read_by_settings() - {"SECRET_KEY", "DATA_DIR", "ANYTHINGLLM_URL"}, "")
    done = start(
        tmp_path, ["-c", "from dashboard import settings; print(settings.TEAM_NAME, settings.TIME_ZONE)"], **empty
    )
    assert (done.stdout, done.stderr) == ("Foyer UTC\n", "")


def test_postgresql_and_redis_are_taken_from_their_addresses(tmp_path):
    code = "from dashboard.settings import *; print(DATABASES['default']['HOST'], CACHES['default']['LOCATION'], type(HUEY).__name__)"
    done = start(
        tmp_path,
        ["-c", code],
        DATABASE_URL="postgres://foyer:pass%40word@database:5432/foyer",
        CACHE_URL="redis://queue:6379/1",
        QUEUE_URL="redis://queue:6379/0",
    )
    assert (done.stdout, done.stderr) == ("database redis://queue:6379/1 RedisHuey\n", "")


def test_the_health_check_may_always_ask_by_localhost(tmp_path):
    code = "from dashboard.settings import ALLOWED_HOSTS; print(*ALLOWED_HOSTS)"
    done = start(tmp_path, ["-c", code], ALLOWED_HOSTS="foyer.example.com")
    assert done.stdout.split() == ["foyer.example.com", "localhost", "127.0.0.1", "[::1]"]


def test_a_name_in_any_script_is_known_as_browsers_send_it(tmp_path):
    code = "from dashboard.settings import ALLOWED_HOSTS; print(*ALLOWED_HOSTS[:2])"
    done = start(tmp_path, ["-c", code], ALLOWED_HOSTS="Büro.example.com, .部门.example")
    assert done.stdout.split() == ["xn--bro-hoa.example.com", ".xn--ig4am2h.example"]


def test_an_address_of_ipv6_without_brackets_is_told_what_is_missing(tmp_path):
    done = start(tmp_path, ["manage.py", "check"], ALLOWED_HOSTS="fd00::1")
    assert "an address of IPv6 stands in brackets, such as [fd00::1]" in done.stderr
    assert start(tmp_path, ["manage.py", "check"], ALLOWED_HOSTS="[fd00::1]").returncode == 0


def test_browsers_are_told_to_keep_to_https_only_when_that_is_switched_on(tmp_path):
    code = (
        "from dashboard.settings import *; "
        "print(SECURE_HSTS_SECONDS, SECURE_HSTS_INCLUDE_SUBDOMAINS, SECURE_HSTS_PRELOAD)"
    )
    assert start(tmp_path, ["-c", code], HTTPS="true").stdout == "0 False False\n"
    assert start(tmp_path, ["-c", code], HTTPS="true", HSTS_SECONDS="300").stdout == "300 False False\n"
    assert start(tmp_path, ["-c", code], HTTPS="false", HSTS_SECONDS="300").stdout == "0 False False\n"


def test_https_is_the_default_of_production_and_all_its_cookies(tmp_path):
    code = (
        "from dashboard.settings import *; print(HTTPS, SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE, SECURE_SSL_REDIRECT)"
    )
    assert start(tmp_path, ["-c", code]).stdout == "True True True True\n"
    assert start(tmp_path, ["-c", code], DEBUG="1").stdout == "False False False False\n"


def test_the_example_file_documents_exactly_what_is_read():
    example = (ROOT / ".env.example").read_text()
    documented = set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))
    by_others = {
        "PORT",
        "SANDBOX_PORT",
        "POSTGRES_PASSWORD",
        "ANYTHINGLLM_TAG",
        "ANYTHINGLLM_MEMORY",
        "FOYER_MEMORY",
        "VALKEY_PASSWORD",
    }  # server, runner, compose
    assert documented - by_others == read_by_settings() - {"SANDBOX_URL"}  # set by the runner only
    assert by_others <= documented
