"""What an operator chooses when documents are added: where they go, and what becomes of those that are there already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core import signing
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from dashboard import sight
from dashboard.accounts.models import Operator
from dashboard.anythingllm.documents import PROTECTED_FOLDER
from dashboard.documents import services
from dashboard.documents.adding import Options
from dashboard.documents.models import Duplicates
from dashboard.documents.versions import Older
from dashboard.names import told_apart
from dashboard.order import natural
from dashboard.permissions import Action, allows
from dashboard.texts import ENCODINGS

TITLE_MAX = 120  # it becomes the name of a file
TEXT_MAX = 1_000_000  # characters; who has more has a file


class PlaceForm(forms.Form):
    """Folder and workspaces, of those that the operator may see; the one with the slug `workspace` is ticked. Raises ApiError when the
    instance was never read.
    """

    workspaces = forms.TypedMultipleChoiceField(
        label=_("Put into workspaces"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "long"}),
        help_text=_("Who may open these can ask about the documents. None: they are in the library only."),
    )
    folder = forms.ChoiceField(label=_("Folder"), initial=PROTECTED_FOLDER)

    def __init__(self, *args: Any, operator: Operator, workspace: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there, folders = sight.workspaces(operator), services.folders(operator)
        self.reading = there if there.stale else folders  # how old what can be chosen is
        workspaces = sorted(there.value, key=lambda some: natural(some.name))
        self.fields["workspaces"].choices = told_apart(workspaces)  # type: ignore[attr-defined]
        self.fields["workspaces"].initial = [some.id for some in workspaces if some.slug == workspace]
        names = [PROTECTED_FOLDER, *(folder.name for folder in folders.value)]
        self.fields["folder"].choices = [(name, name) for name in dict.fromkeys(names)]  # type: ignore[attr-defined]
        # To replace is to erase: it is offered to those who may.
        if "duplicates" in self.fields and not allows(operator, Action.ERASE_DOCUMENTS):
            self.fields["duplicates"].choices = [c for c in Duplicates.choices if c[0] != Duplicates.REPLACE]  # type: ignore[attr-defined]

    def options(self) -> Options:
        """What was chosen, once the form is valid."""
        chosen = self.cleaned_data
        duplicates = Duplicates(chosen.get("duplicates", Duplicates.SKIP))
        return Options(
            folder=chosen["folder"],
            workspace_ids=tuple(chosen["workspaces"]),
            duplicates=duplicates,
            encoding=chosen.get("encoding", ""),
            replaces=shown(chosen["replaces"]) if duplicates == Duplicates.REPLACE else None,
        )


class AddForm(PlaceForm):
    """For files. `replaces` is what was shown to be replaced, signed, so that nothing else is."""

    duplicates = forms.ChoiceField(
        label=_("What is there already"),
        choices=Duplicates.choices,
        initial=Duplicates.SKIP,
        help_text=_(
            "The same content is not added twice. Replace: a new version takes the place of the document of its name, in all workspaces of that."
        ),
    )
    encoding = forms.ChoiceField(
        label=_("Read texts that are not UTF-8 as"),
        required=False,
        choices=list(ENCODINGS.items()),
        help_text=_("Of texts (.txt, .md, .csv and the like). Not at all: they are refused with a sentence."),
    )
    replaces = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "add-to-%s")  # dialogs with fields of these names open over its page
        super().__init__(*args, **kwargs)


def signed(versions: Iterable[Older]) -> str:
    """What was shown, for the form that confirms it; empty when nothing is replaced."""
    paths = {some.name: list(some.paths) for some in versions}
    return signing.Signer(salt="documents.replaces").sign_object(paths) if paths else ""


def shown(value: str) -> dict[str, list[str]]:
    try:
        found: dict[str, list[str]] = signing.Signer(salt="documents.replaces").unsign_object(value) if value else {}
    except (signing.BadSignature, ValueError):
        found = {}
    return found


class LinkForm(PlaceForm):
    """A page of the web."""

    duplicates = forms.ChoiceField(
        label=_("What is there already, by its address"), choices=Duplicates.choices, initial=Duplicates.SKIP
    )
    address = forms.CharField(
        label=_("Web address"),
        max_length=2000,
        validators=[URLValidator(["http", "https"], message=_("An address begins with https:// or http://."))],
        widget=forms.URLInput(attrs={"placeholder": "https://", "autofocus": True}),
    )
    replaces = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("address", "workspaces", "folder", "duplicates")


class TextForm(PlaceForm):
    """A text and its title."""

    title = forms.CharField(label=_("Title"), max_length=TITLE_MAX, widget=forms.TextInput(attrs={"autofocus": True}))
    text = forms.CharField(label=_("Text"), max_length=TEXT_MAX, widget=forms.Textarea(attrs={"rows": 8}))
    field_order = ("title", "text", "workspaces", "folder")
