"""What an instance of a given version accepts and can do, so that forms can tell before the instance refuses.

Names and passwords: server/models/user.js of each tag. The password rules of an instance may be stricter (PASSWORD* in
its environment) and cannot be read: only its refusal tells.
"""

from __future__ import annotations

import re
import secrets
import string
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

NEWEST = (1, 16, 0)

Problem = Literal["too_short", "too_long", "bad_start", "bad_characters"]

PASSWORD_MIN = 8
PASSWORD_MAX = 250
BIO_MAX = 1000
ROLES = ("default", "manager", "admin")


def parse_version(text: str | None) -> tuple[int, int, int]:
    """ "v1.9.1" to (1, 9, 1). What is no version counts as the newest one known: an instance rarely tells its
    version."""
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text or "")
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else NEWEST


@dataclass(frozen=True, slots=True)
class UsernameRule:
    """`start` and `characters` are regular expression classes; `shown` names the characters for people."""

    minimum: int
    maximum: int
    start: str
    characters: str
    shown: str

    @property
    def pattern(self) -> str:
        """For the pattern attribute of a form field."""
        return f"{self.start}{self.characters}*"

    def problem(self, name: str) -> Problem | None:
        if len(name) < self.minimum:
            return "too_short"
        if len(name) > self.maximum:
            return "too_long"
        if not re.fullmatch(self.start, name[0]):
            return "bad_start"
        return None if re.fullmatch(self.pattern, name) else "bad_characters"


_RULES = (
    ((1, 16, 0), UsernameRule(2, 64, "[a-z]", "[a-z0-9._@\\-]", "a-z 0-9 . _ @ -")),
    ((1, 11, 0), UsernameRule(2, 32, "[a-z]", "[a-z0-9._@\\-]", "a-z 0-9 . _ @ -")),
    # The instance's own class says +-@, which is a range: it lets through all from + to @.
    ((1, 9, 1), UsernameRule(2, 100, "[a-zA-Z0-9._%+-@]", "[a-zA-Z0-9._%+-@]", "A-Z a-z 0-9 . _ % + - @")),
    ((1, 8, 0), UsernameRule(2, 100, "[a-z0-9_.\\-]", "[a-z0-9_.\\-]", "a-z 0-9 . _ -")),
    ((0, 0, 0), UsernameRule(2, 100, "[a-z0-9_\\-]", "[a-z0-9_\\-]", "a-z 0-9 _ -")),
)


def username_rule(version: str | None = None) -> UsernameRule:
    return next(rule for since, rule in _RULES if parse_version(version) >= since)


_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "þ": "th", "œ": "oe", "ı": "i"})


def suggest_username(text: str, version: str | None = None, taken: Collection[str] = ()) -> str:
    """A free and valid name near to `text` ("Jürgen Groß" to "jurgen-gross"); what is valid already stays as it is."""
    folded = unicodedata.normalize("NFKD", text.strip().lower().translate(_LETTERS))
    name = "".join(letter for letter in folded if not unicodedata.combining(letter))
    if username_rule(version).problem(name):
        # What every version accepts.
        name = re.sub(r"[^a-z0-9_]+", "-", name)
        name = re.sub(r"^[^a-z]+", "", name)[:32].rstrip("-_")
        name = name if len(name) > 1 else "user"
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name[: 31 - len(str(number))]}-{number}"
    return candidate


_CLASSES = tuple(
    "".join(character for character in characters if character not in "0O1lI")
    for characters in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!?+-*=")
)


def generate_password(length: int = 16) -> str:
    """From four classes, so that stricter rules accept it too; without characters that look alike."""
    if length < PASSWORD_MIN:
        raise ValueError(f"A password needs at least {PASSWORD_MIN} characters.")
    letters = [secrets.choice(characters) for characters in _CLASSES]
    letters += [secrets.choice("".join(_CLASSES)) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


MAX_WORD = 1500


def has_endless_word(text: str) -> bool:
    """Whether a message could freeze the instance: a word of 2,000 letters takes it 0.2 s, one of 20,000 minutes."""
    return any(len(word) > MAX_WORD for word in text.split())


# First version of what came after v1.4.0 (routes and behaviour compared over the tags).
SINCE = {
    "embed_widgets": (1, 7, 5),
    "documents_by_folder": (1, 7, 5),
    "upload_to_folder": (1, 7, 5),
    "remove_folder": (1, 7, 6),
    "invite_blocked_by_sso": (1, 8, 3),
    "upload_metadata": (1, 9, 0),
    "email_usernames": (1, 9, 1),
    "document_attachments": (1, 9, 1),
    "automatic_mode": (1, 12, 0),
    "generated_files": (1, 13, 0),
    "deletion_protection": (1, 13, 0),
    "image_generation": (1, 16, 0),
    "paged_documents": (1, 16, 0),
    "stop_ends_model": (1, 16, 0),
    "threads_take_their_chats": (1, 16, 0),  # when they are deleted; before, those stayed in the log
}


def supports(version: str | None, feature: str) -> bool:
    """Whether that version has a feature of SINCE. An unknown version counts as the newest."""
    return parse_version(version) >= SINCE[feature]
