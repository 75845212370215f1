"""Forms of the returns pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fulfilment.warehouse.lists import Search
from fulfilment.warehouse.stock.actions import QUANTITY_MAX

from .models import DISPOSITIONS, GRADES, WAYS_BACK
from .states import RETURN

CODE_MAX_CHARS = 100
WHY_MAX_CHARS = 200
ID_MAX = 2**62  #: larger numbers are no ids of a database
EXPECTED, ARRIVED, OPEN, LATE, GIVE_BACK = "expected", "arrived", "open", "late", "give-back"
SHOWN = [
    ("", _("all")),
    (EXPECTED, pgettext_lazy("returns", "expected")),
    (LATE, pgettext_lazy("returns", "late")),
    (ARRIVED, pgettext_lazy("returns", "arrived")),
    (OPEN, pgettext_lazy("returns", "to be decided")),
    (GIVE_BACK, pgettext_lazy("returns", "to go back to the customer")),
]
#: One key, one grade: as tapped, typed, or scanned from a card at the dock.
GRADE_KEYS = {"a": "a", "b": "b", "d": "defect", "s": "scrap"}


class ReturnSearch(Search):
    """Filter of the returns."""

    show = forms.ChoiceField(label=pgettext_lazy("returns", "Show"), required=False, choices=SHOWN)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *RETURN.choices])


class WhyForm(forms.Form):
    """Why, in a person's words."""

    why = forms.CharField(label=_("Reason"), max_length=WHY_MAX_CHARS, required=False)


class DecideForm(WhyForm):
    """Whether the shop takes the pieces."""

    accept = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes"
    )


class GiveBackForm(forms.Form):
    """How rejected pieces go back. What is needed together is checked by the action."""

    way = forms.ChoiceField(
        label=_("How"),
        choices=WAYS_BACK,
        error_messages={"required": _("Please choose how the pieces go back.")},
    )
    number = forms.CharField(label=_("Tracking number"), max_length=40, required=False)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class FindForm(forms.Form):
    """A scan or a few words at the dock's first screen."""

    code = forms.CharField(
        max_length=CODE_MAX_CHARS,
        strip=True,
        error_messages={
            "required": _("Nothing was scanned."),
            "max_length": _("This is too long for a number of ours."),
        },
    )


class StepForm(forms.Form):
    """What is known about the piece in hand; each step of the dock adds one fact, nothing is booked before the last."""

    code = forms.CharField(
        max_length=CODE_MAX_CHARS,
        required=False,
        error_messages={"max_length": _("This is too long for a number of ours.")},
    )
    n = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=QUANTITY_MAX, required=False)
    line = forms.IntegerField(min_value=1, max_value=ID_MAX, required=False)
    lot = forms.CharField(max_length=60, required=False)
    grade = forms.CharField(max_length=20, required=False)
    to = forms.ChoiceField(choices=[("", ""), *DISPOSITIONS], required=False)

    def clean_grade(self) -> str:
        """A letter, small or large, or the grade's own name."""
        text = str(self.cleaned_data["grade"]).strip().casefold()
        grade = GRADE_KEYS.get(text, text)
        if grade and grade not in dict(GRADES):
            raise forms.ValidationError(_("Please grade the piece: A, B, D (defect) or S (scrap)."))
        return grade


class BookForm(StepForm):
    """The last step: the place was scanned. ``key``: of the form, so that a second click books nothing."""

    key = forms.RegexField(r"^[0-9a-f]{32}\Z", max_length=32)
    place = forms.CharField(max_length=CODE_MAX_CHARS, required=False)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class WrongForm(forms.Form):
    """Something that was not sent with this order."""

    key = forms.RegexField(r"^[0-9a-f]{32}\Z", max_length=32)
    code = forms.CharField(max_length=CODE_MAX_CHARS, error_messages={"required": _("Nothing was scanned.")})
    n = forms.IntegerField(min_value=1, max_value=QUANTITY_MAX, required=False)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class ItemForm(forms.Form):
    """One item of the return."""

    item = forms.IntegerField(min_value=1, max_value=ID_MAX)
