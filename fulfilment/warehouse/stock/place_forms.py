"""Forms of sites, zones and bins: one bin, many by a pattern, and the filters above their lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fulfilment.warehouse.lists import Search

from . import places
from .actions import StockError
from .models import TRANSIT, Bin, Site, Zone
from .places import BIN_CODE_MAX_CHARS, LISTED, SEQUENCE_MAX, SERPENTINE

OPEN, CLOSED, EMPTY, DOUBTFUL = "open", "closed", "empty", "doubtful"
POSITION_MAX = 999
STEP_MAX = 1_000
CODE = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
_COUNTRY = RegexValidator(r"^[A-Za-z]{2}\Z", gettext_lazy("Two letters, as DE."))


def turn_field(initial: int = 0) -> forms.IntegerField:
    """The turn on the walk."""
    return forms.IntegerField(
        label=gettext_lazy("Turn on the walk"), min_value=0, max_value=SEQUENCE_MAX, initial=initial
    )


class CodeField(forms.CharField):
    """A code of a bin, zone or site in capitals; see ``places.clean_code``."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", BIN_CODE_MAX_CHARS)
        super().__init__(widget=forms.TextInput(attrs=CODE), **kwargs)

    def clean(self, value: Any) -> str:
        """Raises ValidationError for a code that a scanner would not give back."""
        text = super().clean(value)
        try:
            return places.clean_code(text) if text else ""
        except StockError as error:
            raise ValidationError(str(error)) from None


class KindField(forms.ChoiceField):
    """What a bin is for. What is on its way between two sites is no choice: its places belong to transfers."""

    def __init__(self, **kwargs: Any) -> None:
        kinds = [(kind, label) for kind, label in Bin.KINDS if kind != TRANSIT]
        super().__init__(label=gettext_lazy("Kind"), choices=kinds, **kwargs)

    def validate(self, value: Any) -> None:
        """Raises ValidationError in words, also for the kind that is not offered."""
        try:
            places.refuse_transit(value)
        except StockError as error:
            raise ValidationError(str(error)) from None
        super().validate(value)


class SiteForm(forms.ModelForm):
    """A building and the sender of its parcels."""

    code = CodeField(label=gettext_lazy("Code"), max_length=20)
    country = forms.CharField(
        label=gettext_lazy("Country"), max_length=2, min_length=2, initial="DE", validators=[_COUNTRY]
    )
    position = forms.IntegerField(
        label=gettext_lazy("Turn in lists"),
        min_value=0,
        max_value=POSITION_MAX,
        initial=0,
        help_text=gettext_lazy("The first one is used where nobody chooses."),
    )

    class Meta:
        model = Site
        fields = (
            "code", "name", "company", "street", "postcode", "city", "country", "email", "phone", "position",
            "ships",
        )  # fmt: skip
        labels = {
            "name": gettext_lazy("Name"),
            "company": gettext_lazy("Company"),
            "street": gettext_lazy("Street and number"),
            "postcode": gettext_lazy("Postcode"),
            "city": gettext_lazy("City"),
            "email": gettext_lazy("E-mail"),
            "phone": gettext_lazy("Telephone"),
            "ships": gettext_lazy("Sends parcels to customers"),
        }
        help_texts = {"company": gettext_lazy("Sender on packing slip and label."), "ships": ""}

    def clean_code(self) -> str:
        """Addresses and files carry it in small letters, as ever; dots and slashes are for bins."""
        code = str(self.cleaned_data["code"]).lower()
        if not code.replace("-", "").replace("_", "").isalnum():
            raise ValidationError(_("Letters, digits, - and _ only."))
        return code

    def clean_country(self) -> str:
        """In capitals (ISO 3166-1)."""
        return str(self.cleaned_data["country"]).upper()


class ZoneForm(forms.Form):
    """A part of a site."""

    code = CodeField(label=gettext_lazy("Code"), max_length=20)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    sequence = turn_field()


class ZoneChoice(forms.ModelChoiceField):
    """A zone, named together with its site."""

    def __init__(self, **kwargs: Any) -> None:
        rows = Zone.objects.select_related("site").order_by(
            "site__position", "site__code", "sequence", "code"
        )
        super().__init__(queryset=rows, label=gettext_lazy("Zone"), required=False, **kwargs)

    def label_from_instance(self, obj: Zone) -> str:  # type: ignore[override]
        """``Main store · A``."""
        return f"{obj.site.name} · {obj.code}" + (f" ({obj.name})" if obj.name else "")


class BinForm(forms.Form):
    """A bin: where it is, what it is for, when the walk comes to it."""

    code = CodeField(
        label=gettext_lazy("Code"), help_text=gettext_lazy("As printed on the shelf and scanned.")
    )
    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"), queryset=Site.objects.filter(is_active=True), empty_label=None
    )
    zone = ZoneChoice()
    kind = KindField()
    sequence = turn_field()

    def __init__(self, *args: Any, bin: Bin | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if bin is not None:
            del self.fields["site"]  # its pieces would change their site without a movement
            self.fields["zone"].queryset = Zone.objects.filter(site=bin.site)  # type: ignore[attr-defined]
        elif not self.is_bound:
            self.fields["site"].initial = Site.objects.filter(is_active=True).first()


class ManyBinsForm(forms.Form):
    """A row of shelves, from the first code to the last."""

    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"), queryset=Site.objects.filter(is_active=True), empty_label=None
    )
    zone = ZoneChoice()
    kind = KindField()
    first = CodeField(label=gettext_lazy("First code"), help_text=gettext_lazy("For example A-01-1."))
    last = CodeField(label=gettext_lazy("Last code"), help_text=gettext_lazy("For example A-20-4."))
    sequence = turn_field(10)
    step = forms.IntegerField(
        label=gettext_lazy("Step between two bins"), min_value=1, max_value=STEP_MAX, initial=10,
        help_text=gettext_lazy("Leaves room for bins that are put up later."),
    )  # fmt: skip
    walk = forms.ChoiceField(
        label=gettext_lazy("Walking order"),
        choices=[
            (LISTED, gettext_lazy("as listed: every shelf from its first bin to its last")),
            (SERPENTINE, gettext_lazy("there and back: every second shelf the other way round")),
        ],
    )

    def planned(self) -> list[places.PlannedBin]:
        """The bins that the pattern would make, or [] with an error on the form. One query."""
        facts = {name: self.cleaned_data[name] for name in ("first", "last", "sequence", "step", "walk")}
        zone, site = self.cleaned_data["zone"], self.cleaned_data["site"]
        try:
            if zone is not None and zone.site_id != site.pk:
                raise StockError(_("Zone %(zone)s belongs to another site.") % {"zone": zone.code})
            return places.plan_bins(**facts)
        except StockError as error:
            self.add_error(None, str(error))
            return []


def site_filter() -> forms.ModelChoiceField[Site]:
    """All sites, for the filter of a list."""
    return forms.ModelChoiceField(
        label=gettext_lazy("Site"),
        queryset=Site.objects.all(),
        required=False,
        empty_label=gettext_lazy("all"),
    )


class SiteSearch(Search):
    """Filter of the list of sites."""

    show = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            (OPEN, pgettext_lazy("place", "open")),
            (CLOSED, pgettext_lazy("place", "closed")),
        ],
    )


class ZoneSearch(Search):
    """Filter of the list of zones."""

    site = site_filter()


class BinSearch(Search):
    """Filter of the list of bins, also of the labels that are printed from it."""

    site = site_filter()
    zone = ZoneChoice(empty_label=gettext_lazy("all"))
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("all")), *Bin.KINDS]
    )
    show = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            (OPEN, pgettext_lazy("place", "open")),
            (CLOSED, pgettext_lazy("place", "closed")),
            (EMPTY, gettext_lazy("empty")),
            (DOUBTFUL, gettext_lazy("doubtful: found empty")),
        ],
    )
