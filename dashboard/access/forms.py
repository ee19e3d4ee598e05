"""What an operator types about access."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.access.models import Group
from dashboard.anythingllm import User, Workspace
from dashboard.folding import folded
from dashboard.forms import DayField
from dashboard.names import told_apart


class UntilField(DayField):
    """A day, cleaned to its last moment in the time zone of the team; None when nothing is typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Until the end of"), **kwargs)

    def clean(self, value: Any) -> datetime | None:
        day: date | None = super().clean(value)
        if day is None:
            return None
        if day < timezone.localdate():
            raise ValidationError(_("This day is over already."))
        # Where clocks are set back at midnight, the last hour of a day comes twice: the next day begins only once.
        next_day = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
        return next_day.astimezone(UTC) - timedelta.resolution


class ToggleForm(forms.Form):
    """Giving until a day needs the day; what has no field for one, or says so, gives without an end."""

    give = forms.TypedChoiceField(
        choices=[("1", "1"), ("endless", "endless"), ("0", "0")], coerce=lambda value: value != "0"
    )
    until = UntilField()

    def __init__(self, data: QueryDict) -> None:
        if data.get("give") == "endless":
            data = data.copy()
            data.pop("until", None)
        super().__init__(data)

    def clean_until(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["until"]
        if until is None and "until" in self.data and self.cleaned_data.get("give"):
            raise ValidationError(_("Choose a day."))
        return until


class GroupForm(forms.Form):
    """A group's name, unlike all others whatever their case. `group` is the one that is edited."""

    name = forms.CharField(label=_("Name"), max_length=80)

    def __init__(self, *args: Any, group: Group | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Group.objects.exclude(pk=self.group.pk) if self.group else Group.objects.all()
        if folded(name) in map(folded, others.values_list("name", flat=True)):
            raise ValidationError(_("There is a group of this name already."))
        return name


class GroupEditForm(GroupForm):
    """Name and workspaces."""

    workspaces = forms.TypedMultipleChoiceField(
        label=_("Workspaces"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "long"}),
        help_text=_("Who is in the group may open these. What this changes is shown before it is done."),
    )

    def __init__(self, *args: Any, workspaces: Sequence[Workspace], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspaces"].choices = told_apart(workspaces)  # type: ignore[attr-defined]


class JoinForm(forms.Form):
    """People by name, one a line or with commas between, and people ticked among those that were found."""

    names = forms.CharField(
        label=_("User names"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One a line, or with commas between. A pasted column of a spreadsheet is fine."),
    )
    ids = forms.TypedMultipleChoiceField(required=False, coerce=int, widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, users: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ids_by_name = {user.username.casefold(): user.id for user in users}
        self.fields["ids"].choices = [(user.id, user.username) for user in users]  # type: ignore[attr-defined]

    def clean_names(self) -> list[int]:
        names = [name.strip() for name in re.split(r"[,;\n\t]", self.cleaned_data["names"]) if name.strip()]
        unknown = [name for name in names if name.casefold() not in self.ids_by_name]
        if unknown:
            raise ValidationError(
                _("There are no users of these names: %(names)s") % {"names": ", ".join(unknown[:20])}
            )
        return [self.ids_by_name[name.casefold()] for name in names]

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if "ids" in self.errors:  # they have no place of their own on the page
            raise ValidationError(_("Somebody who was ticked is not a user any more. Search again."))
        if not self.errors and not cleaned["names"] and not cleaned["ids"]:
            raise ValidationError(_("Name somebody, or tick somebody who was found."))
        return cleaned

    def chosen(self) -> set[int]:
        return {*self.cleaned_data["names"], *self.cleaned_data["ids"]}
