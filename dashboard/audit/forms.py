from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.audit import words
from dashboard.audit.models import Outcome
from dashboard.forms import DayField


def short() -> forms.TextInput:
    return forms.TextInput(attrs={"size": 14})


class AuditSearchForm(forms.Form):
    """Which lines of the ledger to show. Everything may be left empty."""

    person = forms.CharField(label=_("Person"), required=False, max_length=150, widget=short())
    action = forms.ChoiceField(label=_("Action"), required=False)
    target = forms.CharField(label=_("On"), required=False, max_length=255, widget=short())
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=[("", _("Any")), *Outcome.choices])
    since = DayField(label=_("From"))
    until = DayField(label=_("To"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = sorted(((key, str(label)) for key, label in words.ACTIONS.items()), key=lambda choice: choice[1])
        self.fields["action"].choices = [("", _("Any")), *known]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if isinstance(since, date) and isinstance(until, date) and until < since:
            self.add_error("until", _("This is before the first day."))
        return cleaned
