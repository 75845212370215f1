"""Proposals in words: what it is, why, and what will be booked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from shop.ui.numbers import money_text

from . import items
from .items import Part, Proposal

REASONS: dict[str, Any] = {
    "end_to_end": gettext_lazy("number in the end-to-end id"),
    "structured": gettext_lazy("structured reference"),
    "number": gettext_lazy("number in the text"),
    "nearly": gettext_lazy("number in the text with a typing fault"),
    "exact": gettext_lazy("exactly the open amount"),
    "sum": gettext_lazy("exactly the sum"),
    "with_costs": gettext_lazy("exactly with costs and interest"),
    "part_of_costs": gettext_lazy("with a part of costs and interest"),
    "iban": gettext_lazy("account seen before"),
    "payer": gettext_lazy("payer's name"),
    "other_payer": gettext_lazy("somebody else pays"),
    "part": gettext_lazy("a part of the open amount"),
    "few_cents": gettext_lazy("a few cents are missing"),
    "withheld": gettext_lazy("banks kept a part"),
    "foreign": gettext_lazy("paid in another currency"),
    "too_much": gettext_lazy("more than is open"),
    "paid_before": gettext_lazy("was paid before"),
    "stays_credit": gettext_lazy("stays as credit"),
    "cancelled": gettext_lazy("the order is cancelled"),
    "written_off": gettext_lazy("was written off"),
    "oldest": gettext_lazy("oldest items first"),
    "not_alone": gettext_lazy("others fit as well"),
    "learned_text": gettext_lazy("learned from such texts"),
    "provider": gettext_lazy("the card provider's name"),
    "payout_id": gettext_lazy("the payout's id"),
    "typed_before": gettext_lazy("recorded by hand before"),
    "payee": gettext_lazy("the payee of the refund"),
    "refund_due": gettext_lazy("a refund is on its way"),
    "returned": gettext_lazy("the bank took a payment back"),
    "bank_fee": gettext_lazy("charges of the bank"),
    "searched": gettext_lazy("found by your search"),
    "file_sent": gettext_lazy("a file of transfers was handed to the bank"),
    "transfer_back": gettext_lazy("a transfer of ours came back"),
}


@dataclass(frozen=True)
class Step:
    """One thing that will be booked: what, how much (minor units), from which account to which."""

    text: str
    amount_minor: int
    debit: str
    credit: str


def reasons_text(proposal: Proposal) -> str:
    """The reasons as they are kept with the booking (English: an audit trail reads the same for everybody)."""
    with override("en"):
        return ", ".join(str(REASONS[reason]) for reason in proposal.reasons)


def reasons(proposal: Proposal) -> str:
    """The reasons for the reader."""
    return " · ".join(str(REASONS[reason]) for reason in proposal.reasons)


def title(proposal: Proposal) -> str:
    """What the money is, in a few words."""
    labels = ", ".join(part.label or part.order_number for part in proposal.parts if part.target)
    if proposal.kind == items.PAY:
        return _("Pays %(what)s") % {"what": labels}
    if proposal.kind == items.BACK:
        return (
            _("Pays %(what)s, the rest goes back") % {"what": labels}
            if labels
            else _("Goes back to the payer")
        )
    if proposal.kind == items.ACCOUNT:
        account = _("Bank charges") if proposal.account == "bank_charges" else proposal.account
        return _("Belongs to %(account)s") % {"account": account}
    if proposal.kind == items.SAME:
        return _("The same money as recorded by hand: %(what)s") % {"what": labels}
    words = {
        items.PAYOUT: _("Payout of the card provider: %(what)s"),
        items.REFUND: _("Refund that we sent: %(what)s"),
        items.PAYBACK: _("Money that we sent back: %(what)s"),
        items.RETURNED: _("Payment that came back: %(what)s"),
        items.TOGETHER: _("Transfers that we sent in one file: %(what)s"),
        items.CAME_BACK: _("Our transfer that came back: %(what)s"),
    }
    return words[proposal.kind] % {"what": proposal.label or labels}


def steps(proposal: Proposal, numbers: dict[str, str], currency: str) -> list[Step]:
    """What will be booked, by account (numbers: role -> "1400 Trade receivables")."""
    found: list[Step] = []
    open_money = numbers.get("unexplained", "")
    for part in proposal.parts:
        what, amount = part.label or part.order_number, part.amount_minor
        if proposal.kind in (items.PAY, items.BACK) and part.target:
            if part.principal_minor:
                found.append(Step(what, part.principal_minor, open_money, numbers.get("receivable", "")))
            found += _beside(part, numbers)
            found += _differences(part, numbers)
        elif proposal.kind == items.BACK:
            found.append(Step(_("goes back"), amount, open_money, numbers.get("money_transit", "")))
        elif proposal.kind == items.PAYOUT and part.target.startswith("taken:"):
            found.append(Step(what, amount, numbers.get("psp_clearing", ""), open_money))
        elif proposal.kind == items.PAYOUT:
            found.append(Step(what, amount, open_money, numbers.get("psp_clearing", "")))
        elif proposal.kind == items.CAME_BACK:
            found += _came_back(part, numbers)
        elif proposal.kind in (items.REFUND, items.PAYBACK, items.TOGETHER):
            found.append(Step(what, amount, numbers.get("money_transit", ""), open_money))
        elif proposal.kind == items.RETURNED and part.target:
            found.append(Step(_("what it paid is open again"), amount, open_money, open_money))
        elif proposal.kind == items.RETURNED:
            found.append(Step(_("charge of the bank"), amount, numbers.get("bank_charges", ""), open_money))
        elif proposal.kind == items.ACCOUNT:
            account = numbers.get("bank_charges", "") if not proposal.account_id else proposal.account
            found.append(Step(_("explained"), amount, account, open_money))
        else:
            found.append(Step(_("no second booking"), amount, "", ""))
    return found


def _beside(part: Part, numbers: dict[str, str]) -> list[Step]:
    """Costs and interest, which are income once they are paid."""
    pairs = (
        (part.costs_minor, "dunning_income", _("costs of late payment")),
        (part.interest_minor, "interest_income", _("default interest")),
    )
    open_money = numbers.get("unexplained", "")
    return [Step(text, amount, open_money, numbers.get(role, "")) for amount, role, text in pairs if amount]


def _came_back(part: Part, numbers: dict[str, str]) -> list[Step]:
    """All of a transfer is to be sent again; what the banks kept of it is our cost."""
    transit = numbers.get("money_transit", "")
    found = [Step(_("waits to be sent again"), part.amount_minor, numbers.get("unexplained", ""), transit)]
    if part.charges_minor:
        charges = numbers.get("bank_charges", "")
        found.append(Step(_("withheld by banks"), part.charges_minor, charges, transit))
    return found


def _differences(part: Part, numbers: dict[str, str]) -> list[Step]:
    receivable = numbers.get("receivable", "")
    pairs = (
        (part.rounding_minor, "rounding", _("a few cents")),
        (part.charges_minor, "bank_charges", _("withheld by banks")),
        (part.exchange_minor, "exchange_losses", _("lost by exchange")),
    )
    return [Step(text, amount, numbers.get(role, ""), receivable) for amount, role, text in pairs if amount]


def result(proposal: Proposal, amount_minor: int, currency: str) -> str:
    """What happened, after it was booked."""
    return _("Booked: %(amount)s. %(title)s.") % {
        "amount": money_text(amount_minor, currency),
        "title": title(proposal),
    }
