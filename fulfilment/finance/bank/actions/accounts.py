"""Keeping accounts and mappings; each change stands in the row's history with who made it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from fulfilment.finance.bank.models import BankAccount, CsvMapping
from fulfilment.finance.ledger.actions import add_account
from fulfilment.finance.ledger.models import ASSET
from shop.kernel.history import signed
from shop.kernel.transactions import retrying


class AccountTaken(ValueError):
    """Another account has this IBAN, number or name; carries the field."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} belongs to another one")
        self.field = field


def save_account(*, account: BankAccount, new_number: str = "", by: Any = None) -> BankAccount:
    """Add or change an account. There is one default: the new one takes it over. Raises AccountTaken.

    new_number: it is booked on an account of the books that is made with it, called like it; WrongAccount in words when
    that number cannot be had. Then neither is made.
    """

    def work() -> BankAccount:
        if new_number:
            names = {"name_de": account.name, "name_en": account.name}
            account.ledger_account = add_account(number=new_number, kind=ASSET, **names, by=by)
        others = BankAccount.objects.exclude(pk=account.pk)
        for field in ("iban", "number"):
            value = getattr(account, field)
            if value and others.filter(**{field: value}).exists():
                raise AccountTaken(field)
        if account.is_default:
            for other in others.filter(is_default=True):
                other.is_default = False
                signed(other, by).save()
        signed(account, by).save()
        return account

    def guarded() -> BankAccount:
        with transaction.atomic():  # a caller's transaction survives a refused double
            return work()

    try:
        return retrying(guarded)
    except IntegrityError:  # a colleague was faster
        raise AccountTaken("iban") from None


def save_mapping(*, mapping: CsvMapping, by: Any = None) -> CsvMapping:
    """Add or change a CSV mapping. Raises AccountTaken("name") when another one is called so."""

    def work() -> CsvMapping:
        with transaction.atomic():
            signed(mapping, by).save()
        return mapping

    try:
        return retrying(work)
    except IntegrityError:
        raise AccountTaken("name") from None
