"""What the log and the ledger know of the request under way, also in code that is not handed the request."""

import logging
import re
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="")
request_address: ContextVar[str] = ContextVar("request_address", default="")


class RequestIdFilter(logging.Filter):
    """Gives every log line the id of the request in whose course it was written."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


CODE = re.compile(r"""(\bjoin/)(?!<)(?:[^\s"'\\]|\\u)+""")  # a route, "/join/<path:code>/", may stand


def without_codes(words: str) -> str:
    """The words, in which no code of a joining link is named, nor a part of one."""
    return CODE.sub(r"\1...", words)


class Formatter(JsonFormatter):
    """JSON lines, whoever wrote them: Django names the path of a request that failed."""

    def format(self, record: logging.LogRecord) -> str:
        return without_codes(super().format(record))
