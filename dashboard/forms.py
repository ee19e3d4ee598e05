"""How forms look: one renderer for all of them, and the browser's own field for a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _

from dashboard.charsets import ENCODINGS


class FoyerFormRenderer(TemplatesSetting):
    """Fields as label, control, help and error, tied together for a screen reader."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")  # the only one a browser's date field understands


class DayField(forms.DateField):
    """A day that may be left out, of the years in which it begins and ends in every time zone."""

    default_validators = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(2999, 12, 31))]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=DateInput(), **kwargs)


class EncodingField(forms.ChoiceField):
    """In what encoding a file of text is read; "": whatever it seems to be."""

    def __init__(self, *, required: bool = False) -> None:
        choices = [*ENCODINGS.items()] if required else [("", _("Find out")), *ENCODINGS.items()]
        super().__init__(label=_("Encoding of the file"), required=required, choices=choices)
