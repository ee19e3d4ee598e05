"""What an operator asks of the matrix, and what they change in it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dashboard.access.forms import UntilField
from dashboard.access.models import Group

ROLES = [("", _("Any")), ("default", _("Default")), ("manager", _("Manager")), ("admin", _("Admin"))]
STATES = [("", _("Any")), ("active", _("Active")), ("suspended", _("Suspended"))]
NAMES_MAX = 6_000  # some hundred pasted names, and still a URL that every server takes


class MatrixForm(forms.Form):
    """Search and filters of both axes. Whatever is wrong in a URL is ignored, so that old bookmarks work."""

    q = forms.CharField(label=_("People"), required=False, max_length=NAMES_MAX)
    w = forms.CharField(label=_("Workspaces"), required=False, max_length=NAMES_MAX)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=ROLES)
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)
    group = forms.ModelChoiceField(Group.objects.none(), label=_("Group"), required=False, empty_label=_("Any"))

    def __init__(self, *args: Any, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]

    def filters(self) -> list[forms.BoundField]:
        return [self["role"], self["state"], self["group"]]

    def criteria(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}


Pair = tuple[int, int]  # workspace id, user id


def pairs(text: str) -> set[Pair]:
    """The cells named in a text: "7-12 7-13"."""
    return {
        (int(workspace_id), int(user_id)) for workspace_id, user_id in re.findall(r"\b(\d{1,15})-(\d{1,15})\b", text)
    }


class StageForm(forms.Form):
    """The staged changes: told as `give` and `take`, or, without JavaScript, as the ticked boxes and those that were ticked."""

    give = forms.CharField(required=False)
    take = forms.CharField(required=False)
    was = forms.CharField(required=False)
    until = UntilField()

    def changes(self, ticked: list[str]) -> tuple[set[Pair], set[Pair]]:
        """What to give and what to take."""
        now, before = pairs(" ".join(ticked)), pairs(self.cleaned_data["was"])
        return pairs(self.cleaned_data["give"]) | (now - before), pairs(self.cleaned_data["take"]) | (before - now)
