"""Names of users and workspaces: judged in words before the instance would refuse them, compared and told apart as people see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import ANYTHINGLLM_SUFFIX
from dashboard.anythingllm import Workspace
from dashboard.anythingllm.rules import UsernameRule
from dashboard.folding import folded


def same_name(typed: str, name: str) -> bool:
    """True when a person has typed this name, as a page shows it: names may hold several spaces and line ends, pages draw one space."""
    return typed.split() == name.split()


def as_read(name: str) -> str:
    """The name as people tell it from others: case, forms of letters and the number of blanks do not count."""
    return folded(" ".join(name.split()))


def told_apart(workspaces: Iterable[Workspace]) -> list[tuple[int, str]]:
    """Number and name of each, as choices of a form; of several with one name, with the name in their address."""
    workspaces = list(workspaces)
    shared = Counter(" ".join(workspace.name.split()) for workspace in workspaces)
    return [(w.id, f"{w.name} ({w.slug})" if shared[" ".join(w.name.split())] > 1 else w.name) for w in workspaces]


def check_username(username: str, rule: UsernameRule, names: Collection[str]) -> None:
    """Raises ValidationError in words when the instance would refuse the name for a new account."""
    words = {"min": rule.minimum, "max": rule.maximum, "shown": rule.shown, "name": username}
    match rule.problem(username):
        case "too_short" | "too_long":
            raise ValidationError(_("A user name has %(min)d to %(max)d characters.") % words)
        case "bad_start":
            raise ValidationError(_("A user name begins with a small letter from a to z.") % words)
        case "bad_characters":
            raise ValidationError(_("A user name is made of these characters only: %(shown)s") % words)
    if username.casefold().endswith(ANYTHINGLLM_SUFFIX):
        # Whoever signs in by it means the account that is called like its beginning.
        raise ValidationError(_("A user name cannot end in %(ending)s.") % {"ending": ANYTHINGLLM_SUFFIX})
    if username in names:
        raise ValidationError(_("There is already a user named %(name)s.") % words)
