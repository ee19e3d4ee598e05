"""What of the log of chats to show."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.chatlog import services
from dashboard.forms import DayField

PERIODS = [("7", _("Last 7 days")), ("30", _("Last 30 days")), ("90", _("Last 90 days")), ("all", _("All"))]
MODES = [("", _("Any")), ("chat", _("Chat")), ("query", _("Documents only")), ("automatic", _("Automatic"))]


class ChatSearchForm(forms.Form):
    """Search and filters. Days typed go before the period; nothing at all means the last seven days."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    person = forms.CharField(
        label=_("Person"), required=False, max_length=150, widget=forms.TextInput(attrs={"size": 10})
    )
    workspace = forms.TypedChoiceField(label=_("Workspace"), required=False, coerce=int, empty_value=None)
    mode = forms.ChoiceField(label=_("Mode"), required=False, choices=MODES)
    days = forms.ChoiceField(label=_("Time"), required=False, choices=PERIODS)
    since = DayField(label=_("From"))
    until = DayField(label=_("To"))

    def __init__(self, *args: Any, workspaces: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].choices = [("", _("All")), *workspaces]  # type: ignore[attr-defined]
        if not services.sees_people():
            del self.fields["person"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if isinstance(since, date) and isinstance(until, date) and until < since:
            self.add_error("until", _("This is before the first day."))
        return cleaned

    def criteria(self) -> dict[str, Any]:
        """Arguments of services.search, once the form is valid."""
        found = {name: value for name, value in self.cleaned_data.items() if name != "days"}
        days = self.cleaned_data["days"] or "7"
        if not found["since"] and not found["until"] and days != "all":
            found["since"] = timezone.localdate() - timedelta(days=int(days) - 1)
        return found

    def filtered(self) -> bool:
        return any(self.cleaned_data[name] for name in self.cleaned_data if name != "days")
