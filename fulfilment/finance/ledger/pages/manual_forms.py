"""The form of a manual entry: its head, its lines, and filling it from an earlier entry or a template."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfilment.finance.amounts import AmountField, CsvAmount
from fulfilment.finance.forms import EARLIEST, LATEST, day_field
from fulfilment.finance.ledger import vat_keys
from fulfilment.finance.ledger.actions.manual import LINES_MAX, Manual, ManualLine
from fulfilment.finance.ledger.models import Entry, EntryTemplate
from shop.kernel import clock

LINES_SHOWN = 4


class HeadForm(forms.Form):
    """Day, text and document of a manual entry."""

    booked_on = day_field(_("Date"), required=True)
    text = forms.CharField(
        label=_("Text"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    document = forms.CharField(
        label=_("Document no."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    into_closed = forms.CharField(
        label=_("Why it belongs into a softly closed month"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    paper = forms.FileField(
        label=_("Attachment"),
        required=False,
        help_text=_("PDF, PNG, JPEG or XML, up to 10 MB. It is kept unchanged with the entry."),
    )
    key = forms.RegexField(r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)

    def __init__(self, *args: Any, may_post_into_closed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_post_into_closed:
            del self.fields["into_closed"]

    def clean_booked_on(self) -> Any:
        """A day within reason."""
        day = self.cleaned_data["booked_on"]
        if not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(_("Please enter a day between 2000 and 2199."))
        return day


class LineForm(forms.Form):
    """One line: account, one amount, VAT."""

    account = forms.CharField(
        label=_("Account"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"list": "accounts", "autocomplete": "off", "inputmode": "text"}),
    )
    debit = AmountField(label=_("Debit"), required=False)
    credit = AmountField(label=_("Credit"), required=False)
    vat = forms.ChoiceField(label=_("VAT"), choices=vat_keys.CHOICES, required=False)

    def clean_account(self) -> str:
        """The number, also when the name was left behind it."""
        text = self.cleaned_data["account"].strip()
        number = re.match(r"[0-9]+", text, flags=re.ASCII)
        if text and number is None:
            raise forms.ValidationError(_("Please enter an account by its number."))
        return number.group() if number else ""

    def clean(self) -> dict[str, Any]:
        """An account and one side, or nothing at all."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        sides = [name for name in ("debit", "credit") if data.get(name)]
        if data.get("account") and len(sides) != 1:
            self.add_error("debit", _("Please enter either a debit or a credit."))
        if sides and not data.get("account"):
            self.add_error("account", _("Please enter an account by its number."))
        return data


Lines = forms.formset_factory(LineForm, extra=0, max_num=LINES_MAX, absolute_max=LINES_MAX, validate_max=True)


def head_start(facts: dict[str, Any]) -> dict[str, Any]:
    """Initial values of the head, with a key of its own."""
    today = clock.today().isoformat()
    return {"booked_on": today, "key": uuid.uuid4().hex} | {
        name: facts[name] for name in ("text", "document") if facts.get(name)
    }


def lines_start(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Initial values of the lines, and some empty ones."""
    rows = [
        {
            "account": line["account"],
            "debit": _typed(line["debit_minor"]),
            "credit": _typed(line["credit_minor"]),
            "vat": line["vat"],
        }
        for line in facts.get("lines", ())
    ]
    return rows + [{} for _at in range(max(LINES_SHOWN - len(rows), 0))]


def like(entry: Entry) -> dict[str, Any]:
    """The facts of a form that would write ``entry`` again. ``entry`` as read by ``entry_with_lines``."""
    codes = {(key.role, key.rate_bp): key.code for key in vat_keys.KEYS.values()}
    lines: list[dict[str, Any]] = []
    for line in entry.lines.all():
        code = codes.get((line.account.role, line.vat_rate_bp or 0))
        if code and lines:  # the VAT line behind its net
            lines[-1]["debit_minor"] += line.debit_minor
            lines[-1]["credit_minor"] += line.credit_minor
            lines[-1]["vat"] = code
            continue
        lines.append(
            {
                "account": line.account.number,
                "debit_minor": line.debit_minor,
                "credit_minor": line.credit_minor,
                "vat": "",
            }
        )
    return {"text": entry.text, "document": "", "lines": lines}


def manual_of(head: HeadForm, lines: Any, attachments: tuple[int, ...]) -> Manual:
    """What was typed, as one value. Both forms are valid."""
    data = head.cleaned_data
    filled = [form.cleaned_data for form in lines if form.cleaned_data.get("account")]
    return Manual(
        key=data["key"],
        booked_on=data["booked_on"],
        text=data["text"],
        document=data["document"],
        into_closed=data.get("into_closed", ""),
        attachments=attachments,
        lines=tuple(
            ManualLine(row["account"], row["debit"] or 0, row["credit"] or 0, row["vat"]) for row in filled
        ),
    )


def keep_template(*, name: str, manual: Manual, by: Any) -> EntryTemplate:
    """Keep what was typed to begin with it again; the same name replaces the one before."""
    facts = {name: value for name, value in manual.facts().items() if name in ("text", "document", "lines")}
    template, _new = EntryTemplate.objects.update_or_create(
        name=name[:80], defaults={"facts": facts, "created_by": by}
    )
    return template


def _typed(amount_minor: int) -> str:
    return str(CsvAmount(amount_minor)) if amount_minor else ""
