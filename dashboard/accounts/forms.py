"""The forms of the door."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import Operator, Role


def password_field(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=250, widget=widget, **options)


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    password = password_field(_("Password"), "current-password")


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser")), *settings.LANGUAGES]
    )

    class Meta:
        model = Operator
        fields = ("language", "theme")
        widgets = {"theme": forms.RadioSelect}


class NewPasswordForm(forms.Form):
    """A new password for `operator`, by the rules of AUTH_PASSWORD_VALIDATORS."""

    password = password_field(_("New password"), "new-password", help_text=password_validators_help_text_html())

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operator = operator

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password, self.operator)
        return password


class PasswordChangeForm(NewPasswordForm):
    current = password_field(_("Current password"), "current-password")
    again = password_field(_("New password again"), "new-password")
    field_order = ("current", "password", "again")

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password", again):
            raise ValidationError(_("The two new passwords are not the same."))
        return again


class NewOperatorForm(forms.ModelForm):  # type: ignore[type-arg]
    """A local operator. Without a typed password one is generated."""

    password = password_field(
        _("Password"), "new-password", required=False, help_text=_("Leave it empty to have one generated.")
    )

    class Meta:
        model = Operator
        fields = ("username", "role")
        help_texts = {
            "role": _(
                "A manager looks after every workspace. For some of them only: choose Member, then the workspaces."
            )
        }
        widgets = {
            "username": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})
        }

    def clean_username(self) -> str:
        username: str = Operator.normalize_username(self.cleaned_data["username"])
        return username

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password, Operator(username=self.cleaned_data.get("username", "")))
        return password


class OperatorForm(forms.Form):
    """What may be changed about an operator; the role of a linked one comes from the instance."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    is_active = forms.BooleanField(
        label=_("May sign in"), required=False, help_text=_("Switched off, all sessions of this operator end at once.")
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"role": operator.role, "is_active": operator.is_active}
        if not operator.is_local:
            self.fields["role"].disabled = True
            self.fields["role"].help_text = _("It comes from the account of AnythingLLM and is changed there.")


class LooksAfterForm(forms.Form):
    """Which workspaces an operator is manager of. A manager may have all of them; of everybody else the list makes one."""

    every = forms.ChoiceField(
        label=_("Manager of"),
        choices=[("1", _("all workspaces")), ("", _("only the chosen ones"))],
        required=False,
        widget=forms.RadioSelect,
    )
    workspaces = forms.TypedMultipleChoiceField(
        label=_("Workspaces"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "long"}),
    )

    def __init__(self, *args: Any, operator: Operator, names: dict[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = operator.limited or operator.looked_after
        self.initial = {"every": "" if limits else "1", "workspaces": list(operator.looked_after)}
        self.fields["workspaces"].choices = list(names.items())  # type: ignore[attr-defined]
        if operator.role != Role.MANAGER:
            del self.fields["every"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("every"):
            cleaned["workspaces"] = []
        elif "every" in self.fields and cleaned.get("workspaces") == []:
            self.add_error("workspaces", _("Choose at least one. With none chosen there would be no limit."))
        return cleaned


class OperatorPasswordForm(NewPasswordForm):
    """A new password for somebody else; an empty one is generated."""

    password = password_field(
        _("New password"), "new-password", required=False, help_text=_("Leave it empty to have one generated.")
    )
