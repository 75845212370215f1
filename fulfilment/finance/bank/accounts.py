"""Which account and which mapping a file belongs to. Never a guess: what is not known is asked for."""

from __future__ import annotations

from django.db.models import Q

from .models import BankAccount, CsvMapping, StatementFile
from .parsers import CSV, ParsedStatement, Refused, kind_of
from .parsers.csv_file import Mapping, fits


def account_of(statement: ParsedStatement) -> BankAccount:
    """The account of a statement. Refused when it is not one of ours, out of use, or kept in another currency."""
    told = [name for name in (statement.iban, statement.number_of_account) if name]
    shown = told[0] if told else ""
    account = BankAccount.objects.filter(Q(iban__in=told) | Q(number__in=told)).order_by("pk").first()
    if account is None:
        raise Refused(
            "unknown_account",
            statement.line or None,
            account=shown,
            iban=statement.iban,
            number=statement.number_of_account,
            currency=statement.currency,
        )
    if not account.is_active:
        raise Refused("inactive_account", statement.line or None, account=shown)
    if account.currency != statement.currency:
        raise Refused(
            "account_currency",
            statement.line or None,
            account=shown,
            ours=account.currency,
            theirs=statement.currency,
        )
    return account


def mapping_of(file: StatementFile, data: bytes) -> CsvMapping | None:
    """The mapping to read a CSV with: the one chosen for the file, else the only one whose columns it has.

    None for other kinds, and for a CSV that none fits. Refused when several fit.
    """
    if kind_of(data) != CSV:
        return None
    if file.mapping is not None:
        return file.mapping
    fitting = [
        mapping
        for mapping in CsvMapping.objects.select_related("account").order_by("pk")
        if fits(data, Mapping.of(mapping.settings))
    ]
    if len(fitting) > 1:
        raise Refused("several_mappings", None)
    return fitting[0] if fitting else None
