"""What an operator types about users, checked in words before the instance would refuse it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm.rules import BIO_MAX, PASSWORD_MAX, PASSWORD_MIN, UsernameRule
from dashboard.guessing import refuse_guessable
from dashboard.names import check_username, same_name

ROLES = [("default", _("Default")), ("manager", _("Manager")), ("admin", _("Admin"))]
STATES = [("active", _("Active")), ("suspended", _("Suspended"))]
ANY = [("", _("Any"))]
LIMIT_MAX = 1_000_000  # messages a day; more is a slip of the hand


class UserSearchForm(forms.Form):
    """Search, filters and order of the users table. Whatever is wrong in a URL is ignored, so that old bookmarks work."""

    COLUMNS = ("name", "role", "state", "limit", "workspaces", "signed_in", "active", "created")

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=ANY + ROLES)
    state = forms.ChoiceField(label=_("State"), required=False, choices=ANY + STATES)
    signed_in = forms.ChoiceField(
        label=_("First sign-in"),
        required=False,
        choices=[*ANY, ("no", _("Never signed in")), ("yes", _("Has signed in"))],
    )
    sort = forms.ChoiceField(
        required=False, choices=[(s, s) for c in COLUMNS for s in (c, f"-{c}")], widget=forms.HiddenInput
    )

    def __init__(self, data: QueryDict) -> None:
        # Its fields stand inside their labels and need no ids, which those of a dialog above the table have.
        super().__init__(data, auto_id=False)

    def filters(self) -> list[forms.BoundField]:
        return [self["role"], self["state"], self["signed_in"]]

    def criteria(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}


class UserForm(forms.Form):
    """What can be changed of a user. `names` are the other accounts' names, so that a taken one is told before sending."""

    username = forms.CharField(
        label=_("User name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=ROLES,
        initial="default",
        help_text=_(
            "Default: opens the workspaces given. Manager: every workspace, documents and people. Admin: everything."
        ),
    )
    daily_message_limit = forms.IntegerField(
        label=_("Messages a day"),
        required=False,
        min_value=1,
        max_value=LIMIT_MAX,
        help_text=_("Empty: no limit. Admins are never limited."),
    )
    bio = forms.CharField(
        label=_("About"), required=False, max_length=BIO_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, rule: UsernameRule, names: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule, self.names = rule, names

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        # The instance judges only a changed name: an odd one from an older version may stay.
        if username != self.initial.get("username"):
            check_username(username, self.rule, self.names)
        return username


class NewUserForm(UserForm):
    """A new account, with a password that is typed or was generated."""

    password = forms.CharField(
        label=_("Password"),
        min_length=PASSWORD_MIN,
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("A good one is filled in. It is shown once more when the account has been made, then never again."),
    )
    field_order = ("username", "password", "role", "daily_message_limit", "bio")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        refuse_guessable(password, self.cleaned_data.get("username", ""))
        return password


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        min_length=PASSWORD_MIN,
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, username: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.username = username

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        refuse_guessable(password, self.username)
        return password


class UserDeleteForm(forms.Form):
    """Deleting takes the name of who is deleted, typed."""

    confirm = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))

    def __init__(self, *args: Any, username: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.username = username
        self.fields["confirm"].label = _("Type %(name)s to confirm") % {"name": username}

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"]
        if not same_name(typed, self.username):
            raise forms.ValidationError(_("This is not the name of the account."))
        return typed
