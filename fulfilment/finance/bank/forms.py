"""Forms of the bank's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from stdnum import bic as checked_bic
from stdnum import iban as checked_iban
from stdnum.exceptions import ValidationError as NotValid

from fulfilment.finance.forms import Period
from fulfilment.finance.ledger.actions import free_number_after
from fulfilment.finance.ledger.models import ASSET, Account
from fulfilment.warehouse.lists import Search
from shop.kernel.money import EXPONENTS

from .models import BankAccount, CsvMapping
from .parsers.csv_file import COLUMNS, DATE_FORMATS, DELIMITERS, ENCODINGS, Mapping
from .parsers.parsed import account_number
from .states import STATEMENT_FILE

MOST_FILES = 20  #: in one upload
SAMPLE_MAX_CHARS = 20_000
CURRENCIES = [(code, code) for code in sorted(EXPONENTS)]


class SeveralFiles(forms.ClearableFileInput):
    """A file field for several files; files can be dropped on it."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Cleans to a list of uploaded files."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:  # type: ignore[override]
        """Each file by itself; none may be missing, an empty one is told of later, with its name."""
        many = data if isinstance(data, list | tuple) else [data] if data else []
        if not many:
            super().clean(None, initial)
        return list(many)


class UploadForm(forms.Form):
    """Files of the bank."""

    papers = FilesField(
        label=_("Files of the bank"),
        help_text=_(
            "CAMT.052, .053, .054, MT940 or CSV, up to 20 MB each. Choose several or drop them here."
        ),
        widget=SeveralFiles(attrs={"class": "drop", "multiple": True}),
    )

    def clean_papers(self) -> list[Any]:
        """Not more than one looks through afterwards."""
        files: list[Any] = self.cleaned_data["papers"]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("Please choose at most %(n)d files at a time.") % {"n": MOST_FILES})
        return files


class MappingChoice(forms.Form):
    """Which mapping to read a CSV with."""

    mapping = forms.ModelChoiceField(
        label=_("CSV mapping"),
        queryset=CsvMapping.objects.all(),
        required=False,
        empty_label=_("find by columns"),
    )


class AccountSearch(Search):
    """Filters of the list of accounts."""

    use = forms.ChoiceField(
        label=_("In use"), required=False, choices=[("", _("all")), ("yes", _("yes")), ("no", _("no"))]
    )


class FileSearch(Search):
    """Filters of the list of files."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("all")), *STATEMENT_FILE.choices]
    )


class _WithAccount(Period):
    """Search with days and account."""

    account = forms.ChoiceField(label=_("Account"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = BankAccount.objects.order_by("name").values_list("pk", "name")
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("all")), *((str(pk), name) for pk, name in rows)]


class StatementSearch(_WithAccount):
    """Filters of the list of statements."""

    mark = forms.ChoiceField(
        label=_("Balances"),
        required=False,
        choices=[
            ("", _("all")),
            ("wrong", _("something is wrong")),
            ("gap", _("a statement is missing")),
            ("off", _("does not add up")),
        ],
    )
    field_order = ["q", "account", "mark", "first", "last"]


class LineSearch(_WithAccount):
    """Filters of the list of lines."""

    way = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[
            ("", _("all")),
            ("in", _("money that came")),
            ("out", _("money that left")),
            ("returned", _("returned and taken back")),
            ("replaced", _("batches that do not count")),
        ],
    )
    field_order = ["q", "account", "way", "first", "last"]


class AccountForm(forms.ModelForm):
    """A bank account of ours."""

    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES, initial="EUR")
    new_number = forms.CharField(
        label=_("Or make a new account of the books with the number"), max_length=8, required=False
    )

    class Meta:
        model = BankAccount
        fields = [
            "name", "iban", "bic", "bank_name", "number", "currency", "ledger_account", "is_active", "is_default",
        ]  # fmt: skip

    def __init__(self, *args: Any, may_make: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["ledger_account"]
        assert isinstance(field, forms.ModelChoiceField)
        # The other roles are kept by documents and other pages: money booked there would be no money in the bank.
        field.queryset = Account.objects.filter(kind=ASSET, role__in=("bank", "")).order_by("number")
        if self.instance.pk is None:
            free = field.queryset.exclude(pk__in=BankAccount.objects.values("ledger_account"))
            self.initial["ledger_account"] = free.filter(role="bank").first()
            self._offer_new(field, may_make)
            return
        del self.fields["new_number"]
        if self.instance.statements.exists():
            self.fields["currency"].disabled = True  # its statements are in it,
            field.disabled = True  # and its money is booked there

    def _offer_new(self, field: forms.ModelChoiceField, may_make: bool) -> None:
        """Who may keep the accounts of the books makes one in place; others are told where it is done."""
        if not may_make:
            del self.fields["new_number"]
            field.help_text = _(
                "Each bank account needs its own; add one under “Accounts” in the books first."
            )
            return
        field.required = False
        field.help_text = _("Each bank account needs its own.")
        bank = Account.objects.filter(role="bank").first()
        number = free_number_after(bank) if bank else ""
        self.fields["new_number"].help_text = _("%(number)s is free. It is called like the bank account.") % {
            "number": number
        }
        if self.initial["ledger_account"] is None:
            self.initial["new_number"] = number

    def clean_iban(self) -> str:
        """With the check digits and the length of its country (ISO 13616)."""
        text = account_number(self.cleaned_data["iban"])
        try:
            return str(checked_iban.validate(text)) if text else ""
        except NotValid:
            raise forms.ValidationError(
                _("This is no IBAN; please compare it with your statement.")
            ) from None

    def clean_bic(self) -> str:
        """Eight or eleven characters (ISO 9362)."""
        text = account_number(self.cleaned_data["bic"])
        try:
            return str(checked_bic.validate(text)) if text else ""
        except NotValid:
            raise forms.ValidationError(_("This is no BIC; it has 8 or 11 characters.")) from None

    def clean_number(self) -> str:
        """As the files write it, without spaces."""
        return account_number(self.cleaned_data["number"])

    def clean(self) -> dict[str, Any]:
        """Something by which the files know the account."""
        data: dict[str, Any] = super().clean() or {}
        for name in ("iban", "number"):
            others = BankAccount.objects.filter(**{name: data.get(name)}).exclude(pk=self.instance.pk)
            if data.get(name) and others.exists():
                self.add_error(name, _("Another account has this number already."))
        if not self.errors and not data.get("iban") and not data.get("number"):
            self.add_error("iban", _("Please enter the IBAN, or the number for an account without one."))
        if data.get("ledger_account") and "new_number" not in self.changed_data:
            data["new_number"] = ""  # it was our proposal; who chooses an account has answered it
        if "new_number" in self.fields and not self.errors:
            if bool(data.get("ledger_account")) == bool(data.get("new_number")):
                self.add_error(
                    "ledger_account", _("Please choose an account of the books, or a number for a new one.")
                )
        chosen = self.instance.pk is None or "ledger_account" in self.changed_data
        if chosen and data.get("ledger_account"):
            same = BankAccount.objects.filter(
                ledger_account=data["ledger_account"], currency=data.get("currency")
            ).exclude(pk=self.instance.pk)
            if same.exists():
                self.add_error(
                    "ledger_account",
                    _(
                        "Another bank account is booked there; each needs its own, or neither can be compared."
                    ),
                )
        return data


COLUMN_LABELS: dict[str, Any] = {
    "booked_on": _("Day of booking"),
    "valued_on": _("Value date"),
    "amount": _("Amount"),
    "debit": _("Amount that left (if in a column of its own)"),
    "credit": _("Amount that came (if in a column of its own)"),
    "mark": _("Debit or credit mark"),
    "currency": _("Currency"),
    "counterparty": _("Payer or payee"),
    "counterparty_iban": _("IBAN of payer or payee"),
    "counterparty_bic": _("BIC of payer or payee"),
    "text": _("Text"),
    "text2": _("More text"),
    "end_to_end_id": _("End-to-end id"),
    "mandate_id": _("Mandate"),
    "bank_reference": _("Reference of the bank"),
    "code": _("Kind of booking"),
    "account": _("Our account"),
}
DATE_LABELS = {
    "d.m.Y": "31.12.2026", "d.m.y": "31.12.26", "Y-m-d": "2026-12-31", "d/m/Y": "31/12/2026", "m/d/Y": "12/31/2026",
    "Ymd": "20261231",
}  # fmt: skip


class MappingForm(forms.ModelForm):
    """How a bank's CSV is read; the columns are fields ``column_...`` of their own."""

    encoding = forms.ChoiceField(
        label=_("Letters are written in"),
        choices=[(key, _("find out") if key == "auto" else key.upper()) for key in ENCODINGS],
        initial="auto",
    )
    delimiter = forms.ChoiceField(
        label=_("Columns are divided by"),
        choices=[(key, _("tab") if key == "\t" else key) for key in DELIMITERS],
        initial=";",
    )
    header_row = forms.IntegerField(
        label=_("Line with the names of the columns"),
        help_text=_("0 when there is none; columns are then named by their number."),
        min_value=0,
        max_value=200,
        initial=1,
    )
    date_format = forms.ChoiceField(
        label=_("Days look like"), choices=[(key, DATE_LABELS[key]) for key in DATE_FORMATS], initial="d.m.Y"
    )
    decimal = forms.ChoiceField(
        label=_("Amounts look like"), choices=[(",", "1.234,56"), (".", "1,234.56")], initial=","
    )
    currency = forms.ChoiceField(
        label=_("Currency where the file names none"), choices=CURRENCIES, initial="EUR"
    )
    debit_marks = forms.CharField(
        label=_("Marks for money that left"), max_length=80, required=False, initial="S, D, Soll, DBIT"
    )
    sample = forms.CharField(
        label=_("Some lines to try it with"),
        help_text=_("Paste the beginning of a file; it is not kept."),
        max_length=SAMPLE_MAX_CHARS,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "class": "sample", "spellcheck": "false"}),
    )

    class Meta:
        model = CsvMapping
        fields = ["name", "account"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        saved = Mapping.of(instance.settings) if instance is not None and instance.pk else Mapping()
        initial = {key: getattr(saved, key) for key in ("encoding", "delimiter", "header_row", "date_format")}
        initial |= {
            "decimal": saved.decimal,
            "currency": saved.currency,
            "debit_marks": ", ".join(saved.debit_marks),
        }
        kwargs["initial"] = initial | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        for key in COLUMNS:
            self.fields[f"column_{key}"] = forms.CharField(
                label=COLUMN_LABELS[key],
                max_length=80,
                required=False,
                initial=saved.columns.get(key, ""),
                widget=forms.TextInput(attrs={"list": "columns", "autocomplete": "off"}),
            )

    @property
    def column_fields(self) -> list[Any]:
        """The fields of the columns, for the page."""
        return [self[f"column_{key}"] for key in COLUMNS]

    def mapping(self) -> Mapping:
        """What was entered, as far as it is valid; call ``is_valid`` before."""
        data = self.cleaned_data
        columns = {key: data.get(f"column_{key}", "") for key in COLUMNS}
        plain = ("encoding", "delimiter", "header_row", "date_format", "decimal", "currency")
        return Mapping(
            **{key: data[key] for key in plain if data.get(key) is not None},
            columns={key: name for key, name in columns.items() if name},
            debit_marks=[mark.strip() for mark in data.get("debit_marks", "").split(",") if mark.strip()],
        )

    def clean(self) -> dict[str, Any]:
        """A day, an amount, and an account or the column of one."""
        data: dict[str, Any] = super().clean() or {}
        if not data.get("column_booked_on"):
            self.add_error("column_booked_on", _("Please say in which column the day of booking stands."))
        if not any(data.get(f"column_{key}") for key in ("amount", "debit", "credit")):
            self.add_error("column_amount", _("Please say in which column the amount stands."))
        if not data.get("account") and not data.get("column_account"):
            self.add_error("account", _("Please choose the account, or the column that names it."))
        return data
