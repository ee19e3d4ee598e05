"""What the log and the ledger know of the request under way, also in code that is not handed the request."""

import logging
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
request_address: ContextVar[str] = ContextVar("request_address", default="")


class RequestIdFilter(logging.Filter):
    """Gives every log line the id of the request in whose course it was written."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True
