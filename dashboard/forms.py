"""How forms look: one renderer for all of them, and the browser's own field for a day."""

from django import forms
from django.forms.renderers import TemplatesSetting


class FoyerFormRenderer(TemplatesSetting):
    """Fields as label, control, help and error, tied together for a screen reader."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")  # the only one a browser's date field understands
