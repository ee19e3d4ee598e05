"""How a stand-in is set up: what a real instance takes from its environment, and what only a stand-in has."""

import dataclasses
import re
from dataclasses import dataclass, field

from dashboard.sandbox import DEFAULT_API_KEY

NEWEST = (1, 16, 0)


def version(text: str) -> tuple[int, int, int]:
    """ "v1.4.0" -> (1, 4, 0); raises ValueError for anything else."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not match:
        raise ValueError(f"not a version: {text}")
    return int(match[1]), int(match[2]), int(match[3] or 0)


@dataclass(frozen=True)
class PasswordRules:
    """PASSWORDMINCHAR and its siblings."""

    min: int = 8
    max: int = 250
    lower: int = 0
    upper: int = 0
    numeric: int = 0
    symbol: int = 0


@dataclass
class Config:
    """The instance's environment. Everything can be changed while it runs."""

    api_key: str = DEFAULT_API_KEY
    as_version: tuple[int, int, int] = NEWEST
    tells_version: bool = False  # as few deployments do
    single_user: bool = False
    sso: bool = True
    sso_no_login: bool = False
    deletion_protection: bool = False
    passwords: PasswordRules = field(default_factory=PasswordRules)
    collector_up: bool = True
    llm_up: bool = True
    embedder_up: bool = True
    tool_calling: bool = True
    streaming: bool = True
    any_ip: bool = True
    image_provider: bool = False
    pace: float = 50
    """Words a second of a streamed answer."""
    slow: float = 5
    """Seconds that SLOW in a question makes the model wait."""
    processing: float = 0.02
    """Seconds the collector takes for a file."""
    embedding: float = 0
    """Seconds the embedder takes for a document."""
    latency: float = 0
    """Seconds added to every answer."""
    between: float = 0
    """Seconds between deleting all members of a workspace and inserting those who stay."""

    def since(self, text: str) -> bool:
        """Whether the version that is played has what came with version `text`."""
        return self.as_version >= version(text)

    def change(self, **changes: object) -> None:
        """Set several at once. Raises AttributeError for a name that does not exist."""
        known = {item.name for item in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise AttributeError(name)
            setattr(self, name, value)
