"""Accounts of the house's own beside those of the chart."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fulfilment.finance.ledger import charts
from fulfilment.finance.ledger.models import ACCOUNT_KINDS, Account, EntryLine
from shop.kernel.history import signed
from shop.kernel.transactions import retrying


class WrongAccount(ValueError):
    """The account cannot be made or changed so; the message says why, for people."""


def add_account(*, number: str, kind: str, name_de: str, name_en: str, by: Any) -> Account:
    """Add an account of our own. Its number is as long as the chart's and never changes. Raises WrongAccount."""
    length = charts.NUMBER_LENGTH
    if not re.fullmatch(rf"[0-9]{{{length}}}", number, flags=re.ASCII):
        raise WrongAccount(_("The number has %(n)d digits, as those of the chart.") % {"n": length})
    if kind not in dict(ACCOUNT_KINDS):
        raise WrongAccount(_("Please choose a kind."))
    taken = _("There is an account with this number.")
    if Account.objects.filter(number=number).exists():
        raise WrongAccount(taken)
    account = Account(number=number, kind=kind, **_names(name_de, name_en))

    def save() -> None:
        with transaction.atomic():
            signed(account, by).save()

    try:
        retrying(save)
    except IntegrityError:  # added by a colleague in this moment
        raise WrongAccount(taken) from None
    return account


def free_number_after(account: Account) -> str:
    """The next number that no account has; "" when there is none of that length. One query."""
    taken = set(Account.objects.filter(number__gt=account.number).values_list("number", flat=True))
    for number in range(int(account.number) + 1, 10**charts.NUMBER_LENGTH):
        if f"{number:0{charts.NUMBER_LENGTH}}" not in taken:
            return f"{number:0{charts.NUMBER_LENGTH}}"
    return ""


def rename_account(*, account: Account, name_de: str, name_en: str, by: Any) -> Account:
    """Give an account other names, also one of the chart; the old ones stay in its history. Raises WrongAccount."""
    return _change(account, by, **_names(name_de, name_en))


def put_away(*, account: Account, by: Any) -> Account:
    """Offer an own account nobody used no longer. Raises WrongAccount for one of the chart, or one that was used."""
    if account.role:
        raise WrongAccount(_("The rules of the books need this account."))
    if EntryLine.objects.filter(account=account).exists():
        raise WrongAccount(_("Something was posted to this account: it stays."))
    return _change(account, by, is_active=False)


def take_back(*, account: Account, by: Any) -> Account:
    """Offer an account again that was put away."""
    return _change(account, by, is_active=True)


def _names(name_de: str, name_en: str) -> dict[str, str]:
    names = {"name_de": name_de.strip()[:120], "name_en": name_en.strip()[:120]}
    if not all(names.values()):
        raise WrongAccount(_("An account has a name in both languages."))
    return names


def _change(account: Account, by: Any, **fields: Any) -> Account:
    def work() -> Account:
        present = Account.objects.select_for_update().get(pk=account.pk)
        for name, value in fields.items():
            setattr(present, name, value)
        signed(present, by).save(update_fields=list(fields))
        return present

    return retrying(work)
