"""Forms of the connect pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.warehouse.lists import Search
from shop.kernel.text import clean_line
from shop.ui.states import look_of

from . import net
from .models import EVENTS, TEST, Endpoint

SHOWN_STATES = ("queued", "retrying", "held", "done", "dead")


class EndpointForm(forms.Form):
    """An address of another system."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("For you, for instance “Warehouse Altona”"),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Where the other system listens, beginning with https://"),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("What it hears"), choices=EVENTS, widget=forms.CheckboxSelectMultiple
    )
    active = forms.BooleanField(
        label=gettext_lazy("Active"),
        required=False,
        help_text=gettext_lazy("Switched off, nothing new is written for it, and what waits is held back."),
    )

    def __init__(self, *args: Any, endpoint: Endpoint | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.endpoint = endpoint

    def clean_name(self) -> str:
        """Readable, and not taken."""
        name = clean_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_("Please enter a name."))
        taken = Endpoint.objects.filter(name=name).exclude(pk=self.endpoint.pk if self.endpoint else None)
        if taken.exists():
            raise forms.ValidationError(_("There is already an endpoint of this name."))
        return name

    def clean_url(self) -> str:
        """An address that may be talked to, as far as its form tells."""
        url = self.cleaned_data["url"].strip()
        try:
            net.check(url)
        except net.AddressRefused as error:
            raise forms.ValidationError(str(error)) from None
        return str(url)


class PushSearch(Search):
    """Filters of the delivery log."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("All")), *((state, look_of(state).label) for state in SHOWN_STATES)],
    )
    event = forms.ChoiceField(
        label=gettext_lazy("Event"),
        required=False,
        choices=lambda: [("", _("All")), *EVENTS, (TEST, _("Test"))],
    )
