"""The stand-in: an AnythingLLM-compatible server to try Foyer with and to test against. Nothing in it imports Django but the management command."""

DEFAULT_API_KEY = "FOYER-SANDBOX-KEY"
COMMON_PASSWORD = "welcome-to-foyer"  # noqa: S105  (everybody in the believable team has it, on purpose)
