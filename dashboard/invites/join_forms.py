"""What a newcomer types."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm.rules import PASSWORD_MAX, PASSWORD_MIN, UsernameRule
from dashboard.guessing import refuse_guessable
from dashboard.names import check_username

QUESTION_MAX = 4000  # characters


class JoinForm(forms.Form):
    """A name and a password. Whether the name is taken is not asked here: it may be one's own, made by the same form sent before."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        min_length=PASSWORD_MIN,
        max_length=PASSWORD_MAX,
        error_messages={"min_length": _("This is too short: take at least %(limit_value)d characters.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, rule: UsernameRule, known: Collection[str], **kwargs: Any) -> None:
        """`known`: words that whoever guesses the password would try first."""
        super().__init__(*args, **kwargs)
        self.rule, self.known = rule, known
        self.fields["username"].help_text = _("%(min)d to %(max)d of these characters: %(shown)s") % {
            "min": rule.minimum,
            "max": rule.maximum,
            "shown": rule.shown,
        }
        self.fields["password"].help_text = _(
            "At least %(min)d characters. A few words that only you would put together are best."
        ) % {"min": PASSWORD_MIN}

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        check_username(username, self.rule, ())
        return username

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        refuse_guessable(password, self.cleaned_data.get("username", ""), *self.known)
        return password


class QuestionForm(forms.Form):
    """The first question. `rooms` are slug and name of the workspaces that may be asked."""

    workspace = forms.ChoiceField(label=_("Workspace"))
    text = forms.CharField(label=_("Your question"), max_length=QUESTION_MAX, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)  # sent twice, it is asked once

    def __init__(self, *args: Any, rooms: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].choices = rooms  # type: ignore[attr-defined]
        if len(rooms) == 1:
            self.fields["workspace"].widget = forms.HiddenInput()
