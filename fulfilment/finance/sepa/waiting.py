"""What is to be sent by transfer, where to, and what stands against it. A constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from checkout.payment.models import Refund
from fulfilment.finance.bank.models import BankAccount
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.ids import end_to_end_ids
from fulfilment.finance.reconciliation.models import Assignment, PayBack, Receipt
from shop.approvals.models import Approval

from .characters import NAME_CHARS, TEXT_CHARS, plain
from .models import Transfer
from .pain import LARGEST_MINOR
from .receivers import compact, problem_of

MOST = 2_000  #: of each kind, the oldest: what one person looks through
APPROVAL_KIND = "transfers"
BANK, STAFF = "bank", "staff"


@dataclass
class Waiting:
    """One thing to send. account_from: ``bank`` (as the payer's bank told it), ``staff`` or "" (nobody). problem: why
    it cannot be sent, in words; "" when it can."""

    thing: Refund | PayBack
    target: str
    number: str
    url: str
    since: dt.datetime
    reason: str
    name: str = ""
    iban: str = ""
    account_from: str = ""
    given_by_id: int | None = None
    text: str = ""
    end_to_end_id: str = ""
    problem: str = ""

    @property
    def amount_minor(self) -> int:
        """What is to be sent, in minor units."""
        return int(self.thing.amount_minor)

    @property
    def currency(self) -> str:
        """The currency of the amount."""
        return str(self.thing.currency)

    @property
    def kind(self) -> str:
        """``refund`` or ``payback``."""
        return self.target.partition(":")[0]

    @property
    def pk(self) -> int:
        """Of the refund or payback."""
        return int(self.thing.pk)


@dataclass
class _Known:
    """What the rows are compared with."""

    live: set[str]
    gone: set[str]
    came_back: dict[str, Transfer]
    asked: set[str]
    ours: set[str]


def waiting(targets: Sequence[str] | None = None) -> list[Waiting]:
    """Everything to be sent by transfer, oldest first; targets ("refund:3"): only these, as far as they wait."""
    refunds = Refund.objects.to_transfer().select_related(
        "payment__order__billing_address", "receiver_account"
    )
    paybacks = PayBack.objects.filter(state="requested").select_related("receipt", "receiver_account")
    if targets is not None:
        refunds = refunds.filter(pk__in=_keys("refund", targets))
        paybacks = paybacks.filter(pk__in=_keys("payback", targets))
    of_orders = list(refunds.order_by("pk")[:MOST])
    payers = _payers([refund.payment.order_id for refund in of_orders])
    notes = _credit_notes([refund.payment.order_id for refund in of_orders])
    rows = [_refund(refund, payers, notes) for refund in of_orders]
    rows += [_payback(payback) for payback in paybacks.order_by("pk")[:MOST]]
    ids = end_to_end_ids([row.target for row in rows])
    known = _known([row.target for row in rows])
    for row in rows:
        row.end_to_end_id = ids[row.target]
        row.name = plain(row.name, NAME_CHARS)
        row.text = plain(f"{row.text} {row.end_to_end_id}", TEXT_CHARS)
        row.problem = row.problem or _problem(row, known)
    return sorted(rows, key=lambda row: (row.since, row.target))


def _keys(kind: str, targets: Iterable[str]) -> list[int]:
    """Ids of one kind among targets; nonsense is left out."""
    found = [target.partition(":")[::2] for target in targets]
    return [int(pk) for of, pk in found if of == kind and pk.isascii() and pk.isdigit() and len(pk) <= 18]


def _refund(
    refund: Refund, payers: dict[int, list[tuple[str, str]]], notes: dict[int, list[tuple[str, int]]]
) -> Waiting:
    order = refund.payment.order
    row = Waiting(
        thing=refund,
        target=f"refund:{refund.pk}",
        number=order.number,
        url=reverse("dashboard:order", args=[order.number]),
        since=refund.created_at,
        reason=refund.reason,
        text=_refund_text(order, _note_of(refund, notes.get(order.pk, []))),
    )
    if order.on_hold:
        row.problem = _("The order is on hold.")
    elif refund.payment.state == "disputed":
        row.problem = _("The payment is disputed: its bank may have taken the money back already.")
    address = order.billing_address
    row.name = f"{address.first_name} {address.last_name}".strip() if address else ""
    told = payers.get(order.pk, [])
    if not _given(row):
        if len({iban for _name, iban in told}) > 1:
            row.problem = row.problem or _("Several accounts paid for this order: please choose one.")
        elif told:
            row.name, row.iban, row.account_from = told[-1][0] or row.name, told[-1][1], BANK
    return row


def _payback(payback: PayBack) -> Waiting:
    receipt = payback.receipt
    with override("de"):  # who gets it is not known to us; their bank is most often German
        text = _("Money sent back: %(day)s, %(text)s") % {
            "day": f"{receipt.booked_on:%d.%m.%Y}",
            "text": receipt.text[:60],
        }
    row = Waiting(
        thing=payback,
        target=f"payback:{payback.pk}",
        number=receipt.reference,
        url=reverse("finance:receipt", args=[receipt.pk]),
        since=payback.created_at,
        reason=payback.reason,
        name=payback.payee,
        text=text,
    )
    if not _given(row) and payback.iban:
        row.iban, row.account_from = payback.iban, BANK
    return row


def _given(row: Waiting) -> bool:
    """Take the account that staff gave, when they gave one."""
    account = getattr(row.thing, "receiver_account", None)
    if account is None:
        return False
    row.name, row.iban = account.name, account.iban
    row.account_from, row.given_by_id = STAFF, account.given_by_id
    return True


def account_of(refund: Refund) -> tuple[str, str]:
    """Name and IBAN a refund was sent to, else those it was paid from; "" for what nobody knows. Two queries."""
    sent = Transfer.objects.filter(refund=refund).order_by("-pk").values_list("name", "iban").first()
    if sent:
        return sent
    told = _payers([refund.payment.order_id]).get(refund.payment.order_id, [])
    return told[-1] if told else ("", "")


def _payers(orders: list[int]) -> dict[int, list[tuple[str, str]]]:
    """Per order: name and IBAN of who paid it, the last one last. One query."""
    told = Receipt.objects.filter(
        assignments__account__order_id__in=orders,
        assignments__undone_at=None,
        assignments__kind=Assignment.PAYMENT,
    ).exclude(payer_iban="")
    found: dict[int, list[tuple[str, str]]] = {}
    for order, name, iban in told.order_by("booked_on", "pk").values_list(
        "assignments__account__order_id", "payer", "payer_iban"
    ):
        found.setdefault(order, []).append((name, iban))
    return found


def _credit_notes(orders: list[int]) -> dict[int, list[tuple[str, int]]]:
    """Per order: number and gross amount of its credit notes. One query."""
    rows = Invoice.objects.filter(order_id__in=orders, kind="credit_note").order_by("pk")
    found: dict[int, list[tuple[str, int]]] = {}
    for order, number, gross in rows.values_list("order_id", "number", "gross_minor"):
        found.setdefault(order, []).append((number, abs(gross)))
    return found


def _note_of(refund: Refund, notes: list[tuple[str, int]]) -> str:
    """The credit note that a refund pays out: of the same amount, or the only one."""
    same = [number for number, gross in notes if gross == refund.amount_minor]
    if same:
        return same[-1]
    return notes[0][0] if len(notes) == 1 else ""


def _refund_text(order: Any, note: str) -> str:
    """What the customer reads on the statement, in the language of the order."""
    facts = {"number": order.number, "note": note}
    with override(order.language or "de"):
        if note:
            return _("Refund of order %(number)s, credit note %(note)s") % facts
        return _("Refund of order %(number)s") % facts


def _known(targets: list[str]) -> _Known:
    """Five queries."""
    mine = Transfer.objects.filter(refund__in=_keys("refund", targets)) | Transfer.objects.filter(
        payback__in=_keys("payback", targets)
    )
    live: set[str] = set()
    came_back: dict[str, Transfer] = {}
    for transfer in mine.order_by("pk"):
        if transfer.is_live:
            live.add(transfer.target)
        elif transfer.end in (Transfer.RETURNED, Transfer.REFUSED):
            came_back[transfer.target] = transfer
    told = Assignment.objects.filter(
        kind=Assignment.REFUND, undone_at=None, disbursement__isnull=False, came_back=False
    ).filter(Q(refund__in=_keys("refund", targets)) | Q(payback__in=_keys("payback", targets)))
    gone = {
        f"refund:{refund}" if refund else f"payback:{payback}"
        for refund, payback in told.values_list("refund_id", "payback_id")
    }
    asked = Approval.objects.filter(kind=APPROVAL_KIND, state="waiting").values_list("facts", flat=True)
    return _Known(
        live=live,
        gone=gone,
        came_back=came_back,
        asked={target for facts in asked for target in facts.get("targets", [])},
        ours=set(BankAccount.objects.exclude(iban="").values_list("iban", flat=True)),
    )


def _problem(row: Waiting, known: _Known) -> str:
    """Why it cannot be sent, in words; "" when it can."""
    if row.target in known.live:
        return _("It is in a file already.")
    if row.target in known.gone:
        return _("A line of the bank says that it has left.")
    if row.target in known.asked:
        return _("It waits for the approval of a second person.")
    if row.currency != "EUR":
        return _("SEPA transfers are in euros only.")
    if not 0 < row.amount_minor <= LARGEST_MINOR:
        return _("The amount is too large for a SEPA transfer.")
    if found := problem_of(row.iban):
        return found
    if compact(row.iban) in known.ours:
        return _("This is an account of ours.")
    if why := _came_back(row, known.came_back.get(row.target)):
        return _("It came back from this account: %(why)s") % {"why": why}
    if not row.name:
        return _("The receiver's name is missing or cannot be written in SEPA's letters.")
    return ""


def _came_back(row: Waiting, last: Transfer | None) -> str:
    """Why the last transfer to this account came back, unless staff have confirmed the account since; "" otherwise."""
    if last is None or last.iban != compact(row.iban):
        return ""
    account = getattr(row.thing, "receiver_account", None)
    if account is not None and last.ended_at is not None and account.given_at > last.ended_at:
        return ""
    return last.end_why or _("no reason given")
