"""Form fields for people: which autocomplete token and which keyboard a field wants, by its name and kind."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

# WHATWG autofill tokens by our (and Oscar's) field names.
AUTOCOMPLETE = {
    "email": "email",
    "guest_email": "email",
    "first_name": "given-name",
    "last_name": "family-name",
    "name": "name",
    "full_name": "name",
    "company": "organization",
    "organisation": "organization",
    "line1": "address-line1",
    "line2": "address-line2",
    "line3": "address-line3",
    "line4": "address-level2",
    "street": "street-address",
    "city": "address-level2",
    "state": "address-level1",
    "postcode": "postal-code",
    "country": "country",
    "phone": "tel",
    "phone_number": "tel",
    "username": "username",
    "login": "username",
    "password": "current-password",
    "old_password": "current-password",
    "password1": "new-password",
    "password2": "new-password",
    "new_password1": "new-password",
    "new_password2": "new-password",
    "code": "one-time-code",
    "birthday": "bday",
}
TEL_NAMES = {"phone", "phone_number", "mobile"}
SINGLE_BOX = (forms.CheckboxInput,)
OPTION_GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def kind_of(bound: BoundField) -> str:
    """How the field is laid out: hidden, checkbox, group (radios, several boxes) or plain."""
    widget = bound.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, SINGLE_BOX):
        return "checkbox"
    if isinstance(widget, OPTION_GROUPS):
        return "group"
    return "plain"


def widget_attrs(bound: BoundField, overrides: dict[str, Any]) -> dict[str, Any]:
    """Attributes that the widget lacks: autocomplete, inputmode, description, invalid mark, length.

    What the form itself set on its widget always wins over what is guessed here by name and kind;
    `overrides` (from the template) win over both.
    """
    own = bound.field.widget.attrs
    attrs: dict[str, Any] = {}
    guessed = AUTOCOMPLETE.get(bound.name)
    if guessed and "autocomplete" not in own:
        attrs["autocomplete"] = guessed
    mode = _inputmode(bound)
    if mode and "inputmode" not in own:
        attrs["inputmode"] = mode
    described = described_by(bound)
    if described:
        attrs["aria-describedby"] = described
    if bound.errors:
        attrs["aria-invalid"] = "true"
    attrs.update({key.replace("_", "-"): value for key, value in overrides.items()})
    return attrs


def described_by(bound: BoundField) -> str:
    """Ids of the help and error texts that belong to the field, blank-separated, help first."""
    base = bound.auto_id or bound.html_name
    ids = [f"{base}_helptext"] if bound.help_text else []
    if bound.errors:
        ids.append(f"{base}_error")
    return " ".join(ids)


def _inputmode(bound: BoundField) -> str:
    field = bound.field
    if bound.name in TEL_NAMES:
        return "tel"
    if isinstance(field, forms.EmailField):
        return "email"
    if isinstance(field, (forms.DecimalField, forms.FloatField)):
        return "decimal"
    if isinstance(field, forms.IntegerField):
        return "numeric"
    return ""
