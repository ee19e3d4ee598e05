"""What an operator asks of the workspaces table."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MODES = [("automatic", _("Automatic")), ("chat", _("Chat")), ("query", _("Query"))]


class WorkspaceSearchForm(forms.Form):
    """Search, filter and order. Whatever is wrong in a URL is ignored, so that old bookmarks work."""

    COLUMNS = ("name", "members", "threads", "mode", "model", "created")

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    mode = forms.ChoiceField(label=_("Chat mode"), required=False, choices=[("", _("Any")), *MODES])
    sort = forms.ChoiceField(
        required=False, choices=[(s, s) for c in COLUMNS for s in (c, f"-{c}")], widget=forms.HiddenInput
    )

    def criteria(self) -> dict[str, str]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
