"""How forms look: one renderer for all of them."""

from django.forms.renderers import TemplatesSetting


class FoyerFormRenderer(TemplatesSetting):
    """Fields as label, control, help and error, tied together for a screen reader."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"
