"""Forms of the room."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.forms import day_field
from fulfilment.warehouse.lists import Search
from shop.kernel import clock

from .characters import NAME_CHARS, plain
from .models import PAIN_09, SCHEMAS
from .queries import own_accounts
from .receivers import bank_day_from, problem_of
from .states import BATCH

TARGET = re.compile(r"(refund|payback):\d{1,18}", re.ASCII)
READY, BLOCKED = "ready", "blocked"


class WaitingSearch(Search):
    """Filters of what waits."""

    show = forms.ChoiceField(
        label=gettext_lazy("Shown"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            (READY, gettext_lazy("can be sent")),
            (BLOCKED, gettext_lazy("cannot be sent")),
        ],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            ("refund", gettext_lazy("Refunds")),
            ("payback", gettext_lazy("Money that was not ours")),
        ],
    )


class BatchSearch(Search):
    """Filters of the list of files."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("all")), *BATCH.choices],
    )


class _AccountChoice(forms.ModelChoiceField):
    """Our accounts by name and IBAN."""

    def label_from_instance(self, obj: BankAccount) -> str:
        """What stands in the list."""
        return f"{obj.name} · {obj.iban}"


class FileForm(forms.Form):
    """From which account, on which day, in which format."""

    account = _AccountChoice(
        label=gettext_lazy("From our account"), queryset=BankAccount.objects.none(), empty_label=None
    )
    execute_on = day_field(gettext_lazy("Day of execution"), required=True)
    in_one_sum = forms.BooleanField(
        label=gettext_lazy("The bank books it in one sum"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Otherwise each transfer is a line of its own on the statement."),
    )
    schema = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=SCHEMAS,
        initial=PAIN_09,
        help_text=gettext_lazy("pain.001.001.09, unless your bank asks for the older one."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"execute_on": bank_day_from(clock.today())} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = own_accounts()  # type: ignore[attr-defined]

    @property
    def day(self) -> dt.date:
        """The day entered; the next on which banks move money when none or nonsense was."""
        self.is_valid()
        found: dt.date = self.cleaned_data.get("execute_on") or bank_day_from(clock.today())
        return found


class AccountForm(forms.Form):
    """Where a refund or payback goes."""

    name = forms.CharField(
        label=gettext_lazy("Account holder"),
        max_length=NAME_CHARS,
        help_text=gettext_lazy("As at the receiver's bank: banks compare name and account."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    iban = forms.CharField(
        label="IBAN",
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Where the account is from"),
        max_length=200,
        help_text=gettext_lazy("For instance: letter of the customer of 24 November."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        """Something of it can be written in SEPA's letters."""
        typed: str = self.cleaned_data["name"]
        if not plain(typed, NAME_CHARS):
            raise forms.ValidationError(_("This name cannot be written in SEPA's letters."))
        return typed

    def clean_iban(self) -> str:
        """Check digits, length and country fit."""
        typed: str = self.cleaned_data["iban"]
        if problem := problem_of(typed):
            raise forms.ValidationError(problem)
        return typed


def targets_of(data: Any) -> list[str]:
    """What was ticked, each once; nonsense is left out."""
    return [target for target in dict.fromkeys(data.getlist("target")) if TARGET.fullmatch(target)]
