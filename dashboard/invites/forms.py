"""What a manager says about links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from hashlib import sha256
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm import Workspace
from dashboard.charsets import ENCODINGS, encoding_of
from dashboard.csvfiles import MAX_BYTES, Unreadable, decoded, read_again
from dashboard.forms import EncodingField
from dashboard.invites import lists
from dashboard.invites.models import MOST_DAYS, MOST_USES, LinkRole, LinkState
from dashboard.invites.services import Gifts, LinkFields
from dashboard.names import told_apart
from dashboard.once import OnceField
from dashboard.order import natural

ANY = [("", _("Any"))]
LIMIT_MAX = 1_000_000  # messages a day; more is a slip of the hand
CHECKLIST = {"class": "long"}


class InviteSearchForm(forms.Form):
    """Search, filters and order of the table. Whatever is wrong in a URL is ignored, so that old bookmarks work."""

    COLUMNS = ("label", "workspaces", "state", "used", "expires", "made_by", "created")

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=ANY + LinkState.choices)
    source = forms.ChoiceField(
        label=_("Made in"), required=False, choices=[*ANY, ("foyer", "Foyer"), ("anythingllm", "AnythingLLM")]
    )
    workspace = forms.ChoiceField(label=_("Workspace"), required=False)
    sort = forms.ChoiceField(
        required=False, choices=[(s, s) for c in COLUMNS for s in (c, f"-{c}")], widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, workspaces: Sequence[Workspace], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].choices = ANY + _by_name(workspaces)  # type: ignore[attr-defined]

    def filters(self) -> list[forms.BoundField]:
        return [self["state"], self["source"], self["workspace"]]

    def criteria(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}


def _by_name(workspaces: Sequence[Workspace]) -> list[tuple[Any, Any]]:
    return list(told_apart(sorted(workspaces, key=lambda w: natural(w.name))))


class GiftForm(forms.Form):
    """What any link gives, as far as whoever makes it may give it."""

    RARE: tuple[str, ...] = ("role", "daily_limit", "note", "language")

    label = forms.CharField(
        label=_("Name of the link"),
        max_length=80,
        help_text=_("For the list here. Whoever joins does not see it."),
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    workspace_ids = forms.TypedMultipleChoiceField(
        label=_("Workspaces"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple(attrs=CHECKLIST)
    )
    group_ids = forms.TypedMultipleChoiceField(
        label=_("Groups"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple(attrs=CHECKLIST)
    )
    days = forms.IntegerField(label=_("Days until it expires"), min_value=1, max_value=MOST_DAYS, initial=7)
    role = forms.ChoiceField(
        label=_("Role on AnythingLLM"),
        choices=LinkRole.choices,
        initial=LinkRole.DEFAULT,
        help_text=_("Default: opens the workspaces given. Manager: every workspace, documents and people."),
    )
    daily_limit = forms.IntegerField(
        label=_("Messages a day"),
        required=False,
        min_value=1,
        max_value=LIMIT_MAX,
        help_text=_("Empty: no limit."),
    )
    note = forms.CharField(
        label=_("Note to the newcomer"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands on the page that the link opens."),
    )
    language = forms.ChoiceField(
        label=_("Language of that page"),
        required=False,
        choices=[("", _("As the newcomer's browser")), *settings.LANGUAGES],
    )

    def __init__(self, *args: Any, gifts: Gifts, managers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace_ids"].choices = _by_name(gifts.workspaces)  # type: ignore[attr-defined]
        self.fields["group_ids"].choices = [(group.id, group.name) for group in gifts.groups]  # type: ignore[attr-defined]
        if not gifts.groups:
            del self.fields["group_ids"]
        if not managers:
            del self.fields["role"]

    @property
    def rare(self) -> list[forms.BoundField]:
        """The fields that are folded away."""
        return [self[name] for name in self.RARE if name in self.fields]

    @property
    def rare_open(self) -> bool:
        """Unfolded when something is wrong, or said, in there."""
        return any(field.errors or field.value() not in (None, "", LinkRole.DEFAULT) for field in self.rare)

    def link_fields(self) -> LinkFields:
        known = {field.name for field in dataclass_fields(LinkFields)}
        return LinkFields(**{name: value for name, value in self.cleaned_data.items() if name in known})


class LinkForm(GiftForm):
    """One link, for one person or many."""

    RARE = ("for_whom", *GiftForm.RARE)

    uses = forms.IntegerField(
        label=_("For how many people"),
        min_value=1,
        max_value=MOST_USES,
        initial=1,
        help_text=_("Each makes one account."),
    )
    email = forms.EmailField(
        label=_("Send it by mail to"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(),
    )
    for_whom = forms.CharField(
        label=_("For whom"),
        required=False,
        max_length=80,
        help_text=_("Greets the person by name, and suggests a user name."),
    )
    once = OnceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.SENDS_MAIL:
            del self.fields["email"]


class BatchForm(GiftForm):
    """A personal link for everybody on a list. Afterwards `rows` are the people, `warnings` sentences about how a file was read.

    What a file holds goes into `text`, where it can be mended, and what it was read in, if that was guessed or chosen, into `read_as`: another
    `encoding` reads the text again. `batch` is the number of what will be made, and `seen` tells which list was
    looked at: only that one is made.
    """

    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    encoding = EncodingField()
    read_as = forms.ChoiceField(required=False, choices=[(name, name) for name in ENCODINGS], widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("Or paste the list"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 8,
                "spellcheck": "false",
                "placeholder": _("Anna Müller, anna@example.com\nBen Okafor, ben@example.com"),
            }
        ),
    )
    send = forms.BooleanField(label=_("Send each link by mail to whoever has an address"), required=False, initial=True)
    batch = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].label = _("Name of the list")
        self.rows: list[lists.Row] = []
        self.warnings: list[str] = []
        if not settings.SENDS_MAIL:
            del self.fields["send"]

    def clean(self) -> dict[str, Any]:
        file, text = self.cleaned_data.get("file"), self.cleaned_data.get("text", "")
        if len(text) > MAX_BYTES:
            self.add_error("text", _("The list is larger than 1 MB. Split it into several files."))
        if "text" in self.errors:
            return self.cleaned_data  # what was typed stays as it is
        encoding, read_as = self.cleaned_data.get("encoding", ""), self.cleaned_data.get("read_as", "")
        try:
            if file is not None:
                content = file.read(MAX_BYTES + 1)
                text, self.warnings = decoded(content, encoding)
                read_as = encoding or (encoding_of(content) or "" if self.warnings else "")
            elif read_as and encoding and encoding != read_as:
                text, read_as = read_again(text, read_as, encoding), encoding
            listed = lists.read(text)
            self.rows = listed.rows
            self.warnings += listed.warnings
        except Unreadable as problem:
            self.add_error("text" if file is None else "file", problem.sentence)
        fingerprint = sha256("\n".join(text.splitlines()).encode()).hexdigest()
        self.as_seen = self.cleaned_data.get("seen") == fingerprint
        shown = cast("QueryDict", self.data).copy()
        shown["text"], shown["seen"] = text, fingerprint
        shown["read_as"] = shown["encoding"] = read_as
        self.data = shown
        return self.cleaned_data

    @property
    def shown(self) -> list[lists.Row]:
        """What is wrong first."""
        return self.bad + self.good

    @property
    def good(self) -> list[lists.Row]:
        return [row for row in self.rows if not row.problem]

    @property
    def bad(self) -> list[lists.Row]:
        return [row for row in self.rows if row.problem]


class ExtendForm(forms.Form):
    days = forms.IntegerField(label=_("Days longer"), min_value=1, max_value=MOST_DAYS, initial=7)


class MailForm(forms.Form):
    email = forms.EmailField(label=_("Mail address"), max_length=254, widget=forms.EmailInput)
