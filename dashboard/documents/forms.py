"""What an operator types about the documents of the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm import Workspace
from dashboard.documents.services import Facets, State
from dashboard.errors import Words
from dashboard.names import told_apart

ANY: list[tuple[str, Words]] = [("", _("Any"))]
NONE = "+none"  # no slug has such a sign
PASSAGES = (4, 10, 20, 50)
FOLDER_MAX = 100


class DocumentSearchForm(forms.Form):
    """Search, filters and order of the table. Whatever is wrong in a URL is ignored, so that old bookmarks work."""

    COLUMNS = ("title", "type", "words", "tokens", "source", "added", "used", "pinned", "state")

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    type = forms.ChoiceField(label=_("Type"), required=False)
    workspace = forms.ChoiceField(label=_("Used in"), required=False)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=ANY + [(state.value, state.label) for state in State if state not in (State.USED, State.UNUSED)],
    )
    folder = forms.CharField(required=False, widget=forms.HiddenInput)
    sort = forms.ChoiceField(
        required=False, choices=[(s, s) for c in COLUMNS for s in (c, f"-{c}")], widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, facets: Facets, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(told_apart(facets.workspaces))
        in_workspaces = [(workspace.slug, names[workspace.id]) for workspace in facets.workspaces]
        self.fields["type"].choices = ANY + [(type, type) for type in facets.types]  # type: ignore[attr-defined]
        self.fields["workspace"].choices = [*ANY, (NONE, _("No workspace")), *in_workspaces]  # type: ignore[attr-defined]

    def filters(self) -> list[forms.BoundField]:
        return [self["type"], self["workspace"], self["state"]]

    def asked(self) -> dict[str, str]:
        """What was asked for, by the names of the fields."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}

    def criteria(self) -> dict[str, str]:
        """The same, as `services.rows` takes it."""
        asked = self.asked()
        return asked | {"workspace": "", "used": "no"} if asked["workspace"] == NONE else asked


class WorkspacesForm(forms.Form):
    """Some of these workspaces, each with the words that name it."""

    workspaces = forms.TypedMultipleChoiceField(
        label=_("Workspaces"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "long"}),
        error_messages={
            "required": _("Choose at least one workspace."),
            "invalid_choice": _("One of these workspaces cannot be chosen any more. See what is left."),
        },
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[int, Words]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspaces"].choices = choices  # type: ignore[attr-defined]


class EraseForm(forms.Form):
    """More than one document is erased when their number has been typed."""

    confirm = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}))

    def __init__(self, *args: Any, count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = count
        if count > 1:
            self.fields["confirm"].label = _("Type %(count)d to confirm") % {"count": count}
        else:
            del self.fields["confirm"]

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"]
        if typed != str(self.count):
            raise forms.ValidationError(_("This is not the number of documents."))
        return typed


class FolderForm(forms.Form):
    """One of the folders there are."""

    folder = forms.ChoiceField(label=_("Folder"))

    def __init__(self, *args: Any, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["folder"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


class FolderNameForm(forms.Form):
    """A name for a folder; what the instance would make another name of is refused by `services`."""

    new_name = forms.CharField(
        label=_("Name"),
        max_length=FOLDER_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class FindForm(forms.Form):
    """A question, and how far the search goes. Whatever is wrong in a URL is ignored."""

    q = forms.CharField(label=_("Question or words"), required=False, max_length=1000)
    n = forms.TypedChoiceField(label=_("Passages"), required=False, coerce=int, empty_value=None)
    least = forms.TypedChoiceField(label=_("Least similarity"), required=False, coerce=float, empty_value=None)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        as_set = _("As the workspace is set (%(value)s)")
        n, least = workspace.top_n, workspace.similarity_threshold
        self.fields["n"].choices = [  # type: ignore[attr-defined]
            ("", as_set % {"value": "–" if n is None else n}),
            *((some, str(some)) for some in PASSAGES),
        ]
        self.fields["least"].choices = [  # type: ignore[attr-defined]
            ("", as_set % {"value": "–" if least is None else least}),
            ("0", _("None: all that is nearest")),
        ]

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}
