"""Bank accounts, files of statements, statements and their lines. Amounts in minor units, signed: + came, - left."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from fulfilment.finance.ledger.models import Account
from shop.kernel.clock import now

from .reasons import notes, words
from .states import STATEMENT_FILE

CAMT052, CAMT053, CAMT054, MT940, CSV, UNKNOWN = "camt052", "camt053", "camt054", "mt940", "csv", "unknown"
FILE_KINDS = [
    (CAMT052, "CAMT.052"),
    (CAMT053, "CAMT.053"),
    (CAMT054, "CAMT.054"),
    (MT940, "MT940"),
    (CSV, "CSV"),
    (UNKNOWN, _("not known")),
]
#: Statements the bank stands by: their balances are compared. A report of the day (052) or a list of details (054)
#: is not one.
FINAL_KINDS = (CAMT053, MT940)
TEXT_MAX_CHARS = 1000


class BankAccount(models.Model):
    """An account of ours at a bank. Known by its IBAN, or by the number the bank uses where there is none."""

    name = models.CharField(_("Name"), max_length=80)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    number = models.CharField(
        _("Number without IBAN"),
        max_length=40,
        blank=True,
        help_text=_("As the bank's files write it, for accounts without an IBAN"),
    )
    bic = models.CharField("BIC", max_length=11, blank=True)
    bank_name = models.CharField(_("Bank"), max_length=80, blank=True)
    currency = models.CharField(_("Currency"), max_length=3, default="EUR")
    ledger_account = models.ForeignKey(
        Account,
        verbose_name=_("Account in the books"),
        on_delete=models.PROTECT,
        related_name="bank_accounts",
    )
    is_active = models.BooleanField(_("In use"), default=True)
    is_default = models.BooleanField(
        _("Main account"), default=False, help_text=_("There is one; transfers of ours leave from it")
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["iban"], condition=~Q(iban=""), name="bank_account_one_iban"),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(number=""), name="bank_account_one_number"
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="bank_account_one_default"
            ),
            models.CheckConstraint(
                condition=~Q(iban="") | ~Q(number=""), name="bank_account_has_iban_or_number"
            ),
        ]
        permissions = [
            ("view_statements", "May see bank accounts, statements and their lines"),
            ("import_statements", "May import files of the bank"),
            ("manage_accounts", "May add and change bank accounts and CSV mappings"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.identification}"

    @property
    def identification(self) -> str:
        """What the bank's files know it by."""
        return self.iban or self.number


class CsvMapping(models.Model):
    """How a bank's CSV is to be read: see ``parsers.csv_file.Mapping`` for what ``settings`` holds."""

    name = models.CharField(_("Name"), max_length=80, unique=True)
    account = models.ForeignKey(
        BankAccount,
        verbose_name=_("Bank account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mappings",
        help_text=_("Empty: the file names the account in a column"),
    )
    settings = models.JSONField(default=dict)

    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StatementFile(models.Model):
    """A file of the bank, kept as it came. The same bytes are the same file."""

    machine = STATEMENT_FILE

    name = models.CharField(_("File"), max_length=200)
    kind = models.CharField(_("Kind"), max_length=8, choices=FILE_KINDS, default=UNKNOWN)
    sha256 = models.CharField(max_length=64, unique=True)
    size_bytes = models.PositiveBigIntegerField()
    key = models.CharField(
        max_length=200, blank=True, help_text="where the bytes lie in the documents' storage"
    )
    mapping = models.ForeignKey(
        CsvMapping, null=True, blank=True, on_delete=models.PROTECT, related_name="files"
    )
    state = models.CharField(
        _("State"), max_length=10, choices=STATEMENT_FILE.choices, default=STATEMENT_FILE.initial
    )
    lines_total = models.PositiveIntegerField(default=0)
    lines_done = models.PositiveIntegerField(default=0)
    lines_known = models.PositiveIntegerField(default=0, help_text="in the file, and known from another one")
    lines_pending = models.PositiveIntegerField(
        default=0, help_text="announced by the bank, not booked by it"
    )
    refused_code = models.CharField(max_length=40, blank=True, help_text="see reasons.py")
    refused_facts = models.JSONField(default=dict, blank=True)
    refused_line = models.PositiveIntegerField(null=True, blank=True, help_text="line of the file, from 1")
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="a worker reads it until then, or died"
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    uploaded_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-uploaded_at", "-id"], name="bank_file_newest"),
            models.Index(
                fields=["id"], condition=Q(state__in=("waiting", "reading")), name="bank_file_to_read"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lines_done__lte=models.F("lines_total")), name="bank_file_not_more_than_all"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reason(self) -> str:
        """Why it was refused, in the reader's language; "" when it was not."""
        return words(self.refused_code, self.refused_facts, self.refused_line) if self.refused_code else ""

    @property
    def lines_new(self) -> int:
        """How many lines it brought."""
        return self.lines_total - self.lines_known

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what the bank sent is kept (§ 147 AO)."""
        raise ProtectedError("files of the bank are kept", {self})


class Statement(models.Model):
    """One statement (or report) of one account as one file told it. Balances are empty where the file has none."""

    file = models.ForeignKey(StatementFile, on_delete=models.PROTECT, related_name="statements")
    position = models.PositiveIntegerField(help_text="which one in the file, from 1")
    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="statements")
    kind = models.CharField(max_length=8, choices=FILE_KINDS)
    number = models.CharField(_("Number"), max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    opening_minor = models.BigIntegerField(null=True, blank=True)
    closing_minor = models.BigIntegerField(null=True, blank=True)
    turnover_minor = models.BigIntegerField(default=0, help_text="sum of the entries in the file")
    lines_total = models.PositiveIntegerField(default=0, help_text="in the file, known ones too")
    first_day = models.DateField()
    last_day = models.DateField()
    has_gap = models.BooleanField(default=False, help_text="what came before it is missing")
    is_off = models.BooleanField(
        default=False, help_text="opening and entries do not make the closing balance"
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="bank_statement_once_per_file")
        ]
        indexes = [models.Index(fields=["account", "-last_day", "-id"], name="bank_statement_newest")]

    def __str__(self) -> str:
        return f"{self.number} {self.first_day} to {self.last_day}"

    @property
    def notes(self) -> list[str]:
        """What was read otherwise than written, in words."""
        return notes(self.note)

    @property
    def off_minor(self) -> int:
        """By how much opening balance and entries miss the closing balance."""
        return (
            (self.closing_minor or 0) - (self.opening_minor or 0) - self.turnover_minor if self.is_off else 0
        )

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what the bank sent is kept."""
        raise ProtectedError("statements are kept", {self})


class StatementLine(models.Model):
    """One booking on the account, held once however many files tell of it.

    Lines have no reliable number of their own: ``fingerprint`` is what all formats agree on, ``occurrence`` counts
    equal lines of a day. A collective line (a batch without its transactions) is ``is_replaced`` once those are known.
    """

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField(help_text="which one in its statement, from 1")
    booked_on = models.DateField(_("Booked"))
    valued_on = models.DateField(_("Value date"))
    amount_minor = models.BigIntegerField(help_text="positive: came, negative: left")
    currency = models.CharField(max_length=3)
    code = models.CharField(
        max_length=40, blank=True, help_text="bank transaction code (PMNT/RCDT/ESCT) or GVC"
    )
    end_to_end_id = models.CharField(max_length=80, blank=True)
    mandate_id = models.CharField(max_length=80, blank=True)
    counterparty = models.CharField(_("Payer or payee"), max_length=140, blank=True)
    counterparty_iban = models.CharField("IBAN", max_length=40, blank=True)
    counterparty_bic = models.CharField("BIC", max_length=20, blank=True)
    text = models.CharField(_("Text"), max_length=TEXT_MAX_CHARS, blank=True)
    structured_reference = models.CharField(max_length=80, blank=True)
    bank_reference = models.CharField(max_length=80, blank=True)
    original_amount_minor = models.BigIntegerField(null=True, blank=True)
    original_currency = models.CharField(max_length=3, blank=True)
    charges_minor = models.PositiveBigIntegerField(default=0, help_text="withheld, in the line's currency")
    is_reversal = models.BooleanField(default=False, help_text="takes back an earlier booking")
    return_reason = models.CharField(
        max_length=40, blank=True, help_text="ISO 20022 code, such as AC04, MD06"
    )
    batch = models.CharField(max_length=64, blank=True, help_text="which entry of the bank it belongs to")
    is_collective = models.BooleanField(default=False, help_text="the entry without its transactions")
    is_replaced = models.BooleanField(
        default=False, help_text="its transactions are lines of their own: no money"
    )
    fingerprint = models.CharField(max_length=64)
    occurrence = models.PositiveIntegerField(help_text="counts equal lines of a day, from 1")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "fingerprint", "occurrence"], name="bank_line_once_however_often_told"
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="bank_line_not_zero"),
            models.CheckConstraint(
                condition=Q(is_replaced=False) | Q(is_collective=True), name="bank_line_only_batches_replaced"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-booked_on", "-id"], name="bank_line_by_day"),
            models.Index(fields=["account", "batch"], condition=~Q(batch=""), name="bank_line_batch"),
            models.Index(fields=["-booked_on", "-id"], name="bank_line_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount_minor} {self.currency} {self.counterparty}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: what the bank booked is kept."""
        raise ProtectedError("lines of the bank are kept", {self})
