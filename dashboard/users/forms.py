"""What an operator types about users, checked in words before the instance would refuse it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm.rules import UsernameRule

ROLES = [("default", _("Default")), ("manager", _("Manager")), ("admin", _("Admin"))]
STATES = [("active", _("Active")), ("suspended", _("Suspended"))]
ANY = [("", _("Any"))]


class UserSearchForm(forms.Form):
    """Search, filters and order of the users table. Whatever is wrong in a URL is ignored, so that old bookmarks work."""

    COLUMNS = ("name", "role", "state", "limit", "workspaces", "signed_in", "created")

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=ANY + ROLES)
    state = forms.ChoiceField(label=_("State"), required=False, choices=ANY + STATES)
    signed_in = forms.ChoiceField(
        label=_("First sign-in"), required=False, choices=[*ANY, ("no", _("Never signed in")), ("yes", _("Has signed in"))]
    )
    sort = forms.ChoiceField(required=False, choices=[(s, s) for c in COLUMNS for s in (c, f"-{c}")], widget=forms.HiddenInput)

    def criteria(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
