"""What an operator asks of the workspaces table, and types about a workspace.

The instance rejects no value: it makes something else of what it does not like. So the forms refuse in words what it would change.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.anythingllm.rules import has_endless_word, supports
from dashboard.names import as_read, same_name
from dashboard.once import OnceField
from dashboard.workspaces.services import NAME_TAKEN

MODES = [("automatic", _("Automatic")), ("chat", _("Chat")), ("query", _("Documents only"))]
NAME_MAX = 255
TEXT_MAX = 50_000
NUMBER_MAX = 1_000  # of messages or passages; more is a slip of the hand
# By the names that the instance takes. It stores any other as well, and then no chat works.
PROVIDERS = [
    ("anthropic", "Anthropic"),
    ("anythingllm-router", "AnythingLLM Model Router"),
    ("apipie", "APIpie"),
    ("azure", "Azure OpenAI"),
    ("bedrock", "AWS Bedrock"),
    ("cerebras", "Cerebras"),
    ("cohere", "Cohere"),
    ("cometapi", "CometAPI"),
    ("deepseek", "DeepSeek"),
    ("docker-model-runner", "Docker Model Runner"),
    ("fireworksai", "Fireworks AI"),
    ("foundry", "Microsoft Foundry Local"),
    ("gemini", "Google Gemini"),
    ("generic-openai", "Generic OpenAI"),
    ("giteeai", "GiteeAI"),
    ("groq", "Groq"),
    ("koboldcpp", "KoboldCPP"),
    ("lemonade", "Lemonade"),
    ("litellm", "LiteLLM"),
    ("lmstudio", "LM Studio"),
    ("localai", "LocalAI"),
    ("minimax", "MiniMax"),
    ("mistral", "Mistral"),
    ("moonshotai", "Moonshot AI"),
    ("novita", "Novita AI"),
    ("nvidia-nim", "NVIDIA NIM"),
    ("ollama", "Ollama"),
    ("omlx", "oMLX"),
    ("openai", "OpenAI"),
    ("openrouter", "OpenRouter"),
    ("perplexity", "Perplexity"),
    ("ppio", "PPIO"),
    ("privatemode", "Privatemode"),
    ("sambanova", "SambaNova"),
    ("textgenwebui", "Oobabooga Web UI"),
    ("togetherai", "Together AI"),
    ("xai", "xAI"),
    ("zai", "Z.AI"),
]

Choices = list[tuple[str, str | Promise]]


class WorkspaceSearchForm(forms.Form):
    """Search, filter and order. Whatever is wrong in a URL is ignored, so that old bookmarks work."""

    COLUMNS = ("name", "members", "documents", "threads", "mode", "model", "created")

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    mode = forms.ChoiceField(label=_("Chat mode"), required=False, choices=[("", _("Any")), *MODES])
    sort = forms.ChoiceField(
        required=False, choices=[(s, s) for c in COLUMNS for s in (c, f"-{c}")], widget=forms.HiddenInput
    )

    def criteria(self) -> dict[str, str]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}


def modes(version: str | None, stored: str | None = None) -> Choices:
    """The chat modes that an instance of this version takes, and the stored one."""
    return [
        mode for mode in MODES if mode[0] != "automatic" or mode[0] == stored or supports(version, "automatic_mode")
    ]


class NamedForm(forms.Form):
    """A workspace's name. Another one of the same name is allowed by the instance, so it takes a word more: `anyway`."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_MAX,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Up to 255 letters. Whoever may open it sees it."),
    )
    anyway = forms.BooleanField(label=_("Use this name a second time"), required=False)

    def __init__(self, *args: Any, names: Collection[str], **kwargs: Any) -> None:
        """`names` are those of the other workspaces."""
        super().__init__(*args, **kwargs)
        self.names = set(map(as_read, names))
        if not self._taken(self.data.get("name", "").strip()):
            del self.fields["anyway"]

    def _taken(self, name: str) -> bool:
        return as_read(name) in self.names and name != self.initial.get("name")

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if self._taken(cleaned.get("name", "")) and not cleaned.get("anyway"):
            self.add_error("name", NAME_TAKEN)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """What was changed on this form, as the instance wants it: what is empty is None."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "anyway"}


class NewWorkspaceForm(NamedForm):
    chat_mode = forms.ChoiceField(label=_("Chat mode"))
    once = OnceField()
    field_order = ("name", "anyway", "chat_mode")

    def __init__(self, *args: Any, version: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = modes(version)
        self.fields["chat_mode"].choices = choices  # type: ignore[attr-defined]
        self.fields["chat_mode"].initial = choices[0][0]
        self.fields["chat_mode"].help_text = MODE_HELP


class LongText(forms.CharField):
    """A text of many lines, kept to the letter but for the browser's line ends; None when empty."""

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            strip=False,
            empty_value=None,
            max_length=TEXT_MAX,
            show_hidden_initial=True,
            widget=forms.Textarea(attrs={"rows": rows}),
            **kwargs,
        )

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if text else text

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), data)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and has_endless_word(value):
            # The instance counts tokens in a way that stands still over one word of thousands of letters (measured with v1.16).
            raise ValidationError(_("A word of more than 1,500 letters would bring AnythingLLM to a halt."))


MODE_HELP = _(
    "Automatic: the model may also use tools, where it can. Chat: answers from the documents and from what the model knows. Documents "
    "only: answers from the documents only, else refuses. In Foyer's chat Automatic is asked as Chat, without tools."
)
AS_THE_INSTANCE = _("as set in AnythingLLM")


def _number(label: Any, help_text: Any, *, least: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, help_text=help_text, min_value=least, max_value=NUMBER_MAX, show_hidden_initial=True
    )


def _model(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=200,
        empty_value=None,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class Decimal(forms.FloatField):
    """A number with a point or, as half of the world writes it, a comma; a browser's own field for numbers may swallow either."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)


class ChoiceOrNone(forms.ChoiceField):
    """A choice of which the empty one is None. `add` offers what is stored although it is not known here."""

    def clean(self, value: Any) -> Any:
        return super().clean(value) or None

    def add(self, stored: str | None) -> None:
        if stored and stored not in dict(self.choices):  # type: ignore[arg-type]
            self.choices = [*self.choices, (stored, stored)]  # type: ignore[misc]


class WorkspaceForm(NamedForm):
    """Every setting the instance takes. The initial values travel along: what another operator changed meanwhile stays."""

    chat_mode = forms.ChoiceField(label=_("Chat mode"), show_hidden_initial=True)
    prompt = LongText(
        label=_("System prompt"),
        rows=8,
        help_text=_("Told to the model before every question. Empty: the text that AnythingLLM comes with."),
    )
    temperature = Decimal(
        label=_("Temperature"),
        required=False,
        min_value=0,
        max_value=2,
        show_hidden_initial=True,
        help_text=_(
            "0 to 2. Low: nearly always the same answer; high: more varied. Empty: that of the model, mostly 0.7."
        ),
    )
    history = _number(
        _("Messages remembered"),
        _("0 to 1,000, by default 20. How many earlier messages of a chat the model is told; 0: none."),
        least=0,
    )
    query_refusal = LongText(
        label=_("Refusal"),
        rows=2,
        help_text=_(
            "What the mode Query answers when the documents hold nothing about it. Empty: “There is no relevant information in this "
            "workspace to answer your query.”"
        ),
    )
    top_n = _number(
        _("Passages looked up"),
        _("1 to 1,000, by default 4. How many passages of the documents go with each question."),
        least=1,
    )
    similarity_threshold = Decimal(
        label=_("Least similarity"),
        min_value=0,
        max_value=1,
        show_hidden_initial=True,
        help_text=_("0 to 1, by default 0.25. Passages less like the question are left out; 0: none is."),
    )
    vector_search_mode = forms.ChoiceField(
        label=_("Search"),
        choices=[("default", _("Fast")), ("rerank", _("Accurate"))],
        show_hidden_initial=True,
        help_text=_(
            "By default fast. Accurate sorts what was found once more: slower, and with the database LanceDB only."
        ),
    )
    chat_provider = ChoiceOrNone(
        label=_("Provider for chats"),
        required=False,
        choices=[("", AS_THE_INSTANCE), *PROVIDERS],
        show_hidden_initial=True,
        help_text=_("It must be set up in AnythingLLM with its key, else no chat works here."),
    )
    chat_model = _model(
        _("Model for chats"), _("As the provider calls it, to the letter. Empty: as set in AnythingLLM.")
    )
    agent_provider = ChoiceOrNone(
        label=_("Provider for agents"),
        required=False,
        choices=[("", AS_THE_INSTANCE), *PROVIDERS],
        show_hidden_initial=True,
        help_text=_("Answers when somebody writes @agent, or the mode is Automatic."),
    )
    agent_model = _model(
        _("Model for agents"), _("As the provider calls it, to the letter. Empty: as set in AnythingLLM.")
    )
    field_order = ("name", "anyway")

    def __init__(self, *args: Any, version: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.initial
        mode = self.fields["chat_mode"]
        mode.choices = modes(version, stored.get("chat_mode"))  # type: ignore[attr-defined]
        mode.help_text = MODE_HELP
        for name in ("chat_provider", "agent_provider"):
            self.fields[name].add(stored.get(name))  # type: ignore[attr-defined]

    @property
    def parts(self) -> list[tuple[Promise | str, list[forms.BoundField]]]:
        """The fields under their headings."""
        names: list[tuple[Any, list[str]]] = [
            (_("Name"), ["name", "anyway"]),
            (_("Answers"), ["chat_mode", "prompt", "temperature", "history", "query_refusal"]),
            (_("Documents"), ["top_n", "similarity_threshold", "vector_search_mode"]),
            (_("Models"), ["chat_provider", "chat_model", "agent_provider", "agent_model"]),
        ]
        return [(heading, [self[name] for name in some if name in self.fields]) for heading, some in names]

    def tell_stored(self, differences: Mapping[str, tuple[Any, Any]]) -> None:
        """Says at each field what the instance made of it."""
        for name, (_wanted, found) in differences.items():
            stored = _("nothing") if found is None else found
            self.add_error(
                name if name in self.fields else None,
                _("AnythingLLM stored this instead: %(stored)s") % {"stored": stored},
            )


class WorkspaceDeleteForm(forms.Form):
    """Deleting takes the name of what is deleted, typed."""

    confirm = forms.CharField(
        max_length=NAME_MAX, strip=False, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["confirm"].label = _("Type %(name)s to confirm") % {"name": name}

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"]
        if not same_name(typed, self.name):
            raise ValidationError(_("This is not the name of the workspace."))
        return typed


class PeopleForm(forms.Form):
    """A pasted list of names. `instead` are the users ticked for names that nobody has."""

    names = forms.CharField(
        label=_("User names"),
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("One a line, or with commas between. A pasted column of a spreadsheet is fine."),
    )

    def clean_names(self) -> list[str]:
        """Each name once, whatever its case."""
        parts = [part.strip() for part in re.split(r"[,;\n\t]", self.cleaned_data["names"])]
        return list({part.casefold(): part for part in parts if part}.values())
