from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.chat.models import Mode


class AskForm(forms.Form):
    """What a question may be, rights.may_ask says."""

    text = forms.CharField(required=False, strip=False)
    mode = forms.ChoiceField(label=_("Answer from"), choices=Mode.choices)
    thread = forms.CharField(required=False)
    key = forms.UUIDField()

    def clean_text(self) -> str:
        # Browsers send line ends as HTTP wants them; the instance gives back what it got.
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").strip()


class RenameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
