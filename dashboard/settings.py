"""Every setting of Foyer, all of it from the environment (see .env.example).

A value that cannot be used stops the start with one sentence that names the variable and never repeats the value, which may be secret.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from email.utils import parseaddr
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
import idna
import redis
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from huey import RedisHuey, SqliteHuey
from huey.serializer import SignedSerializer
from pythonjsonlogger.core import RESERVED_ATTRS

from dashboard import environment

BASE_DIR = Path(__file__).resolve().parent.parent

environment.load(BASE_DIR / ".env")  # what the environment itself says goes first

T = TypeVar("T")


def text(name: str, default: str = "") -> str:
    """The variable as it stands; an empty one counts as not set."""
    return os.environ.get(name, "").strip() or default


def checked(name: str, read: Callable[[], T], must: str) -> T:
    """What `read` gives, or a refusal to start that says what NAME must be."""
    try:
        return read()
    except (ValueError, KeyError, OSError, sqlite3.Error, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} must be {must}.") from error


def web_address(name: str, default: str = "") -> str:
    def read() -> str:
        value = text(name, default).rstrip("/")
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0):
            raise ValueError
        return value

    return checked(name, read, "an address such as http://anythingllm:3001, or empty")


def whole_number(name: str, default: int, least: int, most: int) -> int:
    def read() -> int:
        value = int(text(name, str(default)))
        if not least <= value <= most:
            raise ValueError
        return value

    return checked(name, read, f"a whole number from {least} to {most}")


def yes_or_no(name: str, default: bool) -> bool:
    values = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    return checked(name, lambda: values[text(name, str(default)).lower()], "true or false")


def one_of(name: str, *values: str) -> str:
    """The variable, which is one of the values; the first when it is not set."""
    known = {value: value for value in values}
    return checked(name, lambda: known[text(name, values[0]).lower()], ", ".join(values[:-1]) + f" or {values[-1]}")


def host_names(name: str) -> list[str]:
    def in_ascii(value: str) -> str:
        """As browsers send it: a name in any script becomes xn--..."""
        dot, name = value[: value.startswith(".")], value.removeprefix(".")
        return value if value.isascii() else dot + idna.encode(name, uts46=True).decode()

    def read() -> list[str]:
        values = [in_ascii(value.strip()) for value in text(name).split(",") if value.strip()]
        if not all(re.fullmatch(r"\*|\.?[\w.-]+|\[[0-9A-Fa-f:.]+\]", value) for value in values):
            raise ValueError
        return values

    must = "names such as foyer.example.com, separated by commas, without http:// and port"
    return checked(name, read, f"{must}; an address of IPv6 stands in brackets, such as [fd00::1]")


def networks(name: str, default: str) -> str:
    """Addresses or networks, separated by commas; or * for all."""

    def read() -> str:
        value = text(name, default)
        for part in [] if value == "*" else value.split(","):
            ip_network(part.strip())
        return value

    return checked(name, read, "addresses such as 127.0.0.1 or 10.0.0.0/24, separated by commas, or * for all")


def host(name: str, default: str) -> str:
    """Where to listen: an address, or a name of this machine."""

    def read() -> str:
        value = text(name, default)
        if not re.fullmatch(r"[\w.:-]+", value):
            raise ValueError
        return value

    return checked(name, read, "an address to listen on, such as 127.0.0.1 or 0.0.0.0")


def secret_keys(name: str) -> list[str]:
    def read() -> list[str]:
        values = text(name).split()
        if any(len(value) < 32 for value in values):
            raise ValueError
        return values

    return checked(name, read, "secret keys used before, each of at least 32 characters, separated by spaces")


def key(name: str, default: str) -> str:
    """A text that goes into a header of HTTP."""

    def read() -> str:
        value = text(name, default)
        if not re.fullmatch(r"[!-~]*", value):
            raise ValueError
        return value

    return checked(name, read, "the key as AnythingLLM shows it, without spaces")


FILES = ("sqlite:", "filecache:")  # addresses that name no server
ESCAPED = "a special character in its password is written by its code, # as %23"


def address(name: str, default: str, *schemes: str) -> str:
    """The variable, when it begins with one of the `schemes`; ValueError otherwise, before any library can repeat a password.

    A # would end the address of a server, and what comes before it would be taken for host and port.
    """
    value = text(name, default)
    if not value.startswith(schemes) or ("#" in value and not value.startswith(FILES)):
        raise ValueError
    return value


# --- Where things are kept ------------------------------------------------------------------------------------------
DATA_DIR = BASE_DIR / text("DATA_DIR", "var")
# What browsers send is written here, and waits here until it is in the library.
INCOMING_DIR = DATA_DIR / "incoming"
# Files of questions wait here until they are asked.
QUESTIONS_DIR = DATA_DIR / "questions"
for _folder in (DATA_DIR, INCOMING_DIR, QUESTIONS_DIR):
    checked(
        "DATA_DIR", partial(environment.prepare_folder, _folder), "a directory that Foyer may write to, with room in it"
    )

# --- Who we are ---------------------------------------------------------------------------------------------------
INSECURE_SECRET_KEY = "insecure-" + "only-for-trying-out-" * 2  # refused unless DEBUG
DEBUG = yes_or_no("DEBUG", default=False)
SECRET_KEY = text("SECRET_KEY") or environment.kept_secret(DATA_DIR) or INSECURE_SECRET_KEY
if not DEBUG and (SECRET_KEY == INSECURE_SECRET_KEY or len(SECRET_KEY) < 32):
    raise ImproperlyConfigured("SECRET_KEY must be set to at least 32 random characters when DEBUG is off.")
# Who signed in while one of these was SECRET_KEY stays so, and links made then can be shown again.
SECRET_KEY_FALLBACKS = secret_keys("SECRET_KEY_FALLBACKS")
# This machine by its own name always: that is how the container's health check asks.
ALLOWED_HOSTS = [*host_names("ALLOWED_HOSTS"), "localhost", "127.0.0.1", "[::1]"]
TEAM_NAME = text("TEAM_NAME", "Foyer")

# --- The instance -------------------------------------------------------------------------------------------------
SANDBOX_URL = web_address("SANDBOX_URL")  # set by the runner only, when it has started the stand-in
SANDBOX_API_KEY = "FOYER-SANDBOX-KEY"
ANYTHINGLLM_URL = web_address("ANYTHINGLLM_URL") or SANDBOX_URL or "http://localhost:3001"
SANDBOX_ACTIVE = bool(SANDBOX_URL) and ANYTHINGLLM_URL == SANDBOX_URL
ANYTHINGLLM_API_KEY = key("ANYTHINGLLM_API_KEY", SANDBOX_API_KEY if SANDBOX_ACTIVE else "")
ANYTHINGLLM_PUBLIC_URL = web_address("ANYTHINGLLM_PUBLIC_URL") or ANYTHINGLLM_URL


# --- Database, queue, cache, mail -----------------------------------------------------------------------------------
def database() -> dict[str, Any]:
    url = address(
        "DATABASE_URL", f"sqlite:///{DATA_DIR / 'foyer.sqlite3'}", "sqlite:///", "postgres://", "postgresql://"
    )
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if config["NAME"] in ("", ":memory:") or (url.startswith("sqlite") and not Path(config["NAME"]).parent.is_dir()):
        raise ValueError
    return config


DATABASES = {
    "default": checked(
        "DATABASE_URL",
        database,
        f"a database address such as postgres://user:password@host:5432/foyer or sqlite:////data/foyer.sqlite3; {ESCAPED}",
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets pages read while the worker writes; IMMEDIATE makes a writer wait its turn instead of failing half way.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5, **DATABASES["default"].get("OPTIONS", {})}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 600
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def queue(name: str) -> SqliteHuey | RedisHuey:
    # A pickle is code: the worker takes none that was not written by somebody with our key.
    serializer = SignedSerializer(secret=SECRET_KEY, salt=f"{name}.queue")
    url = address("QUEUE_URL", f"sqlite:///{DATA_DIR / 'queue.sqlite3'}", "sqlite:///", "redis://", "rediss://")
    if url.startswith("sqlite:///"):
        if url == "sqlite:///":
            raise ValueError  # would be a file of each process's own
        return SqliteHuey(name, filename=url.removeprefix("sqlite:///"), timeout=20, serializer=serializer)
    # Without a time limit, a Redis that hangs would hang us too.
    pool = redis.ConnectionPool.from_url(url, socket_connect_timeout=3, socket_timeout=10)
    return RedisHuey(name, connection_pool=pool, serializer=serializer)


QUEUE_MUST = f"sqlite:////data/queue.sqlite3 or redis://host:6379/0; {ESCAPED}"
HUEY = checked("QUEUE_URL", partial(queue, "foyer"), QUEUE_MUST)
# Questions that the worker answers: each takes as long as the model does, and what else there is to do never waits for them.
QUESTIONS = checked("QUEUE_URL", partial(queue, "foyer-questions"), QUEUE_MUST)
# With a database on a server, its name is no file here, and neither has the queue one.
environment.make_private(DATA_DIR, Path(DATABASES["default"]["NAME"]), Path(getattr(HUEY.storage, "filename", "none")))


def cache() -> dict[str, Any]:
    url = address("CACHE_URL", f"filecache://{DATA_DIR / 'cache'}", "filecache://", "redis://", "rediss://")
    urlsplit(url).port  # noqa: B018  # raises ValueError when it is none
    config: dict[str, Any] = environ.Env.cache_url_config(url)
    config["BACKEND"] = "dashboard.caches.Files" if url.startswith("filecache://") else "dashboard.caches.Redis"
    if url.startswith("filecache://"):
        # Of more than 300, Django would throw away some by chance; among them are marks that say that an answer is out of date.
        config.setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 20_000)
    return config


CACHES = {
    "default": checked(
        "CACHE_URL", cache, f"a cache address such as redis://host:6379/1 or filecache:///data/cache; {ESCAPED}"
    )
}
SENDS_MAIL = bool(text("EMAIL_URL"))
EMAIL_TIMEOUT = 20  # seconds; without one a mail server that hangs would hang the worker
MAIL_SCHEMES = ("smtp://", "smtps://", "smtp+tls://", "smtp+ssl://", "consolemail://", "memorymail://")


def mail() -> dict[str, Any]:
    url = address("EMAIL_URL", "consolemail://", *MAIL_SCHEMES)
    if url.startswith("smtp") and not urlsplit(url).hostname:
        raise ValueError
    config: dict[str, Any] = environ.Env.email_url_config(url)
    return config


vars().update(checked("EMAIL_URL", mail, f"a mail address such as smtp+tls://user:password@host:587; {ESCAPED}"))


def sender() -> str:
    value = text("DEFAULT_FROM_EMAIL", "Foyer <foyer@localhost>")
    if "@" not in parseaddr(value)[1]:
        raise ValueError
    return value


DEFAULT_FROM_EMAIL = checked("DEFAULT_FROM_EMAIL", sender, "a sender such as Foyer <foyer@example.com>")

# --- Django ---------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its templates, for the form renderer
    "django_htmx",
    "axes",
    "csp",
    "dashboard",
    "dashboard.accounts",
    "dashboard.audit",
    "dashboard.jobs",
    "dashboard.sandbox",
    "dashboard.home",
    "dashboard.users",
    "dashboard.workspaces",
    "dashboard.access",
    "dashboard.invites",
    "dashboard.documents",
    "dashboard.chat",
    "dashboard.chatlog",
    "dashboard.usage",
    "dashboard.system",
    "huey.contrib.djhuey",  # after dashboard.jobs, which has its own defaults for run_huey
]

MIDDLEWARE = [
    "dashboard.middleware.RequestLogMiddleware",
    "dashboard.middleware.HeadMiddleware",
    "dashboard.middleware.UnnamedProxyMiddleware",
    "dashboard.middleware.HeadersMiddleware",
    # Out here, so that what the others refuse has their headers, too.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "dashboard.middleware.SecretAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.middleware.SignInRequiredMiddleware",
    # After it: to find the token the form is read, and a stranger's is not worth that.
    "django.middleware.csrf.CsrfViewMiddleware",
    "dashboard.middleware.RefusedBeforeMiddleware",
    "dashboard.middleware.HtmxMiddleware",
    "dashboard.middleware.InstanceErrorMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.asgi.pages"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "dashboard.shell.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "dashboard.templatetags.foyer"],
        },
    }
]
FORM_RENDERER = "dashboard.forms.FoyerFormRenderer"

AUTH_USER_MODEL = "accounts.Operator"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "dashboard.accounts.backends.LocalBackend",
    "dashboard.accounts.backends.AnythingLLMBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "dashboard.guessing.NotGuessable"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

# --- Doors ----------------------------------------------------------------------------------------------------------
HTTPS = yes_or_no("HTTPS", default=not DEBUG)
SESSION_ENGINE = "dashboard.accounts.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
# Cookies know no ports: names of our own, so that nothing else on this host (AnythingLLM is often there) overwrites them.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "foyer_session", "foyer_csrf", "foyer_language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # htmx sends the token from the body's hx-headers
CSRF_FAILURE_VIEW = "dashboard.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the container's own health check, over plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Browsers keep to it for so long, on all ports of the name: AnythingLLM over plain HTTP beside Foyer could not be opened any more.
HSTS_SECONDS = whole_number("HSTS_SECONDS", default=0, least=0, most=63_072_000)
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = yes_or_no("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = yes_or_no("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = [
    "security.W004",
    "security.W005",
    "security.W021",
]  # want HSTS; that is the operator's to decide
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Pico draws its own marks (chevrons, ticks) as data images
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "dashboard.accounts.services.counted_name"
AXES_CLIENT_IP_CALLABLE = "dashboard.accounts.services.client_network"
AXES_DISABLE_ACCESS_LOG = True  # the ledger has it
AXES_VERBOSE = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DOCUMENT_MAX_MB = whole_number("DOCUMENT_MAX_MB", default=100, least=1, most=3000)  # the instance itself takes 3 GB
CHAT_FILES_MAX_MB = 10  # all files of one question
CHAT_FILES_WAITING_MB = 30  # all files of one person's questions that wait to be asked
FILE_UPLOAD_HANDLERS = ["dashboard.uploads.OnDisk"]  # never in memory
FILE_UPLOAD_TEMP_DIR = INCOMING_DIR  # beside where documents wait, so that keeping one is a rename
CHAT_LOG = one_of("CHAT_LOG", "full", "anonymous", "off")  # what is kept of it here, and shown
DATA_UPLOAD_MAX_NUMBER_FILES = 200  # of documents, where no script sends them one by one
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000  # "select all" on the largest page, and then some

# --- Words, time, files -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
USE_I18N = True
FORMAT_MODULE_PATH = ["dashboard.formats"]
USE_TZ = True
TIME_ZONE = checked("TIME_ZONE", lambda: ZoneInfo(text("TIME_ZONE", "UTC")).key, "a time zone such as Europe/Berlin")
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / text("STATIC_ROOT", str(DATA_DIR / "static"))
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Log --------------------------------------------------------------------------------------------------------------
LOG_LEVEL = text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "dashboard.context.RequestIdFilter"},
        "trouble": {"()": "dashboard.trouble.InOneLine"},
    },
    "formatters": {
        "json": {
            "()": "dashboard.context.Formatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
            "reserved_attrs": [*RESERVED_ATTRS, "request"],  # Django adds it, with the query in it
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id", "trouble"]}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},  # the request log has the rest
        "django.security.csrf": {"level": "ERROR"},  # likewise, without the path
        "axes": {"level": "ERROR"},  # it would write user names; the ledger has who and when
        "huey": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},  # else it brings a handler of its own
        "uvicorn": {"level": "WARNING"},
        "urllib3": {"level": "ERROR"},  # it would write addresses, and in that of an invite stands its code
    },
}
# --- The server -------------------------------------------------------------------------------------------------------
HOST = host("HOST", "127.0.0.1")
FORWARDED_ALLOW_IPS = networks("FORWARDED_ALLOW_IPS", "127.0.0.1")  # of the proxy in front
WEB_THREADS = whole_number("WEB_THREADS", default=6, least=1, most=64)
DRAIN_SECONDS = whole_number("DRAIN_SECONDS", default=5, least=0, most=3600)  # that open streams have when it stops
