"""What the log and the ledger know of the request under way, also in code that is not handed the request."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
request_address: ContextVar[str] = ContextVar("request_address", default="")
