"""The parts of a form: a field with its help and what is wrong with it, and the summary that leads to wrong fields."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Form, RadioSelect

register = template.Library()


@register.inclusion_tag("web/parts/form_field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A field that a person sees: label above, help below, the error says what to write."""
    described = [f"{bound.auto_id}_help"] if bound.help_text else []
    attributes: dict[str, Any] = {}
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    widget = bound.field.widget
    widget.attrs.pop("placeholder", None)  # a label says it, and stays
    return {
        "field": bound,
        "control": bound.as_widget(attrs=attributes),
        "is_box": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, RadioSelect),
    }


@register.inclusion_tag("web/parts/fields.html")
def fields(form: Form) -> dict[str, Any]:
    """All fields of a form in their order, the hidden ones too."""
    return {"hidden": form.hidden_fields(), "visible": form.visible_fields()}


@register.inclusion_tag("web/parts/errors.html")
def errors(form: Form | None, title: str) -> dict[str, Any]:
    """The summary above a refused form; it takes the focus."""
    wrong = [bound for bound in form if bound.errors] if form is not None else []
    first = next((bound.auto_id for bound in form.visible_fields()), "") if form is not None else ""
    return {"form": form, "wrong": wrong, "title": title, "first": first}
