"""Giving a claim up, whole or in part, with its VAT; taking that back; and money that comes after all.

Above a limit a second person decides (shop.approvals, kind "write_off"). § 17 (2) Nr. 1 UStG: the VAT is corrected when
the claim has become uncollectable, and again when money comes for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Sum
from django.urls import reverse as url_of
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment.actions import set_credit
from fulfilment.finance.dunning.models import Recovery, WriteOff
from fulfilment.finance.dunning.taxes import spread
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import push_credit
from fulfilment.finance.invoicing.models import Invoice, OrderAccount, OrderMoney
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post, reverse
from fulfilment.finance.ledger.models import Entry
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun, Outcome
from shop.approvals.models import Approval
from shop.kernel import clock
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .levels import level_of

KIND = "write_off"


class CannotWriteOff(ValueError):
    """This cannot be written off (any more); the message says why, for people."""


def ask_or_write_off(
    *, invoice: Invoice, amount_minor: int, reason_code: str, reason: str, by: Any
) -> WriteOff | Approval:
    """Write off at once, or put it before a second person when ``by`` needs one for this amount.

    Raises CannotWriteOff, ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError(_("Please say why."))
    if not approvals.needed(kind_name=KIND, amount_minor=amount_minor, by=by):
        return write_off(
            invoice=invoice, amount_minor=amount_minor, reason_code=reason_code, reason=reason, by=by
        )
    _refuse_more_than_open(invoice, amount_minor)
    asked, _new = approvals.ask(
        kind_name=KIND,
        key=invoice.number,
        title=_("Write off invoice %(number)s") % {"number": invoice.number},
        amount_minor=amount_minor,
        currency=invoice.currency,
        facts={"invoice_id": invoice.pk, "amount_minor": amount_minor},
        consequences=[
            _("The amount is booked as a loss; its VAT is corrected in the period of today."),
            _("Nobody asks the customer for it any more; money that still comes is booked as recovered."),
        ],
        reason=reason,
        reason_code=reason_code,
        by=by,
    )
    return asked


def run_approved(approval: Approval, by: Any) -> Outcome:
    """What happens when a second person approved: the write-off as it was asked for. Raises CannotRun."""
    invoice = Invoice.objects.get(pk=approval.facts["invoice_id"])
    try:
        done = write_off(
            invoice=invoice,
            amount_minor=int(approval.facts["amount_minor"]),
            reason_code=approval.reason_code,
            reason=approval.reason,
            by=approval.requested_by,
            approved_by=by,
        )
    except CannotWriteOff as error:
        raise CannotRun(str(error)) from error
    return Outcome(
        _("%(number)s was written off.") % {"number": invoice.number},
        url_of("finance:write-off", args=[done.pk]),
    )


def write_off(
    *,
    invoice: Invoice,
    amount_minor: int,
    reason_code: str,
    reason: str,
    by: Any = None,
    approved_by: Any = None,
) -> WriteOff:
    """Give up ``amount_minor`` (gross, minor units) of what is open on ``invoice``. Raises CannotWriteOff.

    Posts loss and VAT per rate, lays the amount on the invoice's account and so closes it, whole or in part.
    """

    def work() -> WriteOff:
        order = Order.objects.get(pk=invoice.order_id)
        account = accounts.locked(order)
        claim = Invoice.objects.get(pk=invoice.pk)
        _refuse_more_than_open(claim, amount_minor)
        done = WriteOff.objects.create(
            invoice=claim,
            amount_minor=amount_minor,
            taxes=spread(claim, amount_minor, _gone(claim)),
            reason_code=reason_code,
            reason=reason.strip()[:300],
            booked_on=clock.today(),
            by=_person(by),
            approved_by=_person(approved_by),
        )
        post(
            source=done.source,
            kind="written_off",
            lines=rules.written_off(
                order_number=order.number, taxes=shares(done.taxes), currency=claim.currency
            ),
            booked_on=done.booked_on,
            text=done.reason,
            document=claim.number,
            by=by,
        )
        _lay(account, claim, done.source, amount_minor, by)
        _tell(claim)
        return done

    return retrying(work)


def undo_write_off(*, write_off: WriteOff, why: str, by: Any) -> bool:
    """Take a write-off back by reversal: the invoice asks for its money again. False when it was before.

    Raises CannotWriteOff when money has come for it, ValueError without a reason.
    """
    if not why.strip():
        raise ValueError(_("Please say why."))

    def work() -> bool:
        order = Order.objects.get(pk=write_off.invoice.order_id)
        account = accounts.locked(order)
        if WriteOff.objects.filter(pk=write_off.pk, recovered_minor__gt=0).exists():
            raise CannotWriteOff(_("Money has come for it meanwhile; undo that first."))
        rows = WriteOff.objects.filter(pk=write_off.pk, reversed_at=None).update(
            reversed_at=clock.now(), reversed_why=why.strip()[:300]
        )
        if not rows:
            return False
        reverse(entry=Entry.objects.get(source=write_off.source), why=why.strip(), by=by)
        _lift(account, write_off, why.strip(), by)
        _tell(write_off.invoice)
        return True

    return retrying(work)


def recover(*, order: Order, by: Any = None) -> list[Recovery]:
    """Money that lies free on the account of ``order``, whatever way it came, pays what was written off of it, oldest
    first: so much of each claim stands again, with its VAT. Returns what was recovered; a repeat finds nothing free.

    All that lies free is taken: what is lifted off an invoice is paid by it at once.
    """

    def work() -> list[Recovery]:
        account = accounts.locked(order)
        found = []
        lost = WriteOff.objects.filter(
            invoice__order=order, reversed_at=None, recovered_minor__lt=F("amount_minor")
        )
        for one in lost.select_related("invoice").order_by("pk"):
            part = min(account.available_minor, one.left_minor)
            if part > 0:
                found.append(_recover(account, one, part, _fact(account, one), by))
        return found

    return retrying(work)


def _fact(account: OrderAccount, one: WriteOff) -> str:
    """The money that comes for a write-off, by its source, and how often that one had some before."""
    free = [row for row in account.money.filter(undone_at=None).order_by("pk") if row.available_minor]
    source = free[0].source if free else f"account:{account.pk}"
    return f"{source}/{one.pk}/{one.recoveries.count() + 1}"


def undo_recovery(*, recovery: Recovery, why: str, by: Any = None) -> bool:
    """The money behind a recovery went away again: the claim is lost as before. False when it was undone before, or
    when other money has paid the claim in the meantime: then it stands."""

    def work() -> bool:
        one = recovery.write_off
        account = accounts.locked(Order.objects.get(pk=one.invoice.order_id))
        if Invoice.objects.get(pk=one.invoice_id).open_minor < recovery.amount_minor:
            return False
        if not Recovery.objects.filter(pk=recovery.pk, undone_at=None).update(undone_at=clock.now()):
            return False
        reverse(entry=Entry.objects.get(source=recovery.source), why=why, by=by)
        WriteOff.objects.filter(pk=one.pk).update(
            recovered_minor=F("recovered_minor") - recovery.amount_minor
        )
        _relay(account, one, by)
        _tell(one.invoice)
        return True

    return retrying(work)


def shares(taxes: Sequence[dict[str, Any]]) -> list[rules.TaxShare]:
    """Kept tax rows as the ledger's rules take them."""
    return [
        rules.TaxShare(row["country"], row["rate_bp"], row["net_minor"], row["vat_minor"]) for row in taxes
    ]


def _recover(account: OrderAccount, one: WriteOff, amount_minor: int, fact: str, by: Any) -> Recovery:
    done = [row for other in one.recoveries.filter(undone_at=None) for row in other.taxes]
    recovery = Recovery.objects.create(
        write_off=one,
        amount_minor=amount_minor,
        taxes=spread(one, amount_minor, done),
        fact=fact[:120],
        booked_on=clock.today(),
        by=_person(by),
    )
    post(
        source=recovery.source,
        kind="write_off_recovered",
        lines=rules.write_off_recovered(
            order_number=account.order_number, taxes=shares(recovery.taxes), currency=account.currency
        ),
        booked_on=recovery.booked_on,
        text=_("Paid after write-off"),
        document=one.invoice.number,
        by=by,
    )
    WriteOff.objects.filter(pk=one.pk).update(recovered_minor=F("recovered_minor") + amount_minor)
    _relay(account, one, by)
    _tell(one.invoice)
    return recovery


def _relay(account: OrderAccount, one: WriteOff, by: Any) -> None:
    """Lay on the invoice what is still lost of a write-off, and the money that came in place of the rest."""
    one.refresh_from_db()
    _lift(account, one, "paid after all", by)
    times = account.money.filter(source__startswith=f"{one.source}:").count() + 1
    if one.left_minor:
        claim = Invoice.objects.get(pk=one.invoice_id)
        _lay(account, claim, f"{one.source}:{times}", min(one.left_minor, claim.open_minor), by)


def _lift(account: OrderAccount, one: WriteOff, why: str, by: Any) -> None:
    laid = account.money.filter(kind=OrderMoney.WRITE_OFF, undone_at=None)
    for source in laid.values_list("source", flat=True):
        if source == one.source or source.startswith(f"{one.source}:"):
            accounts.undo_money(account=account, source=source, why=why, by=by)


def _lay(account: OrderAccount, claim: Invoice, source: str, amount_minor: int, by: Any) -> None:
    if amount_minor <= 0:
        return
    money, is_new = accounts.note_money(
        account=account,
        kind=OrderMoney.WRITE_OFF,
        source=source,
        amount_minor=amount_minor,
        reference=claim.number,
        booked_on=clock.today(),
    )
    if is_new:  # on this invoice and no other, also when more went back to the customer than came
        accounts.allocate(account=account, invoice=claim, money=money, amount_minor=amount_minor, by=by)


def _gone(claim: Invoice) -> list[dict[str, Any]]:
    """What credit notes and earlier write-offs have taken of each rate, less what came for those after all."""
    notes = claim.corrections.filter(kind="credit_note").values_list("taxes", flat=True)
    before = claim.write_offs.filter(reversed_at=None).values_list("taxes", flat=True)
    came = Recovery.objects.filter(write_off__invoice=claim, write_off__reversed_at=None, undone_at=None)
    return [row for taxes in (*notes, *before) for row in taxes] + [
        row | {"net_minor": -row["net_minor"], "vat_minor": -row["vat_minor"]}
        for taxes in came.values_list("taxes", flat=True)
        for row in taxes
    ]


def _tell(claim: Invoice) -> None:
    """The checkout learns of open items and of the level that is left."""
    push_credit(user_id=claim.user_id)
    if claim.user_id:
        set_credit(user_id=claim.user_id, dunning_level=level_of(claim.user_id))


def _refuse_more_than_open(claim: Invoice, amount_minor: int) -> None:
    if not claim.is_claim or not 0 < amount_minor <= claim.open_minor:
        raise CannotWriteOff(
            _("Only what is open can be written off; of %(number)s that is less.") % {"number": claim.number}
        )
    left = claim.gross_minor - sum(row["net_minor"] + row["vat_minor"] for row in _gone(claim))
    if amount_minor > left:
        # A credit note was paid out and the payment taken back: the rest is owed for money, not goods, and has no VAT.
        raise CannotWriteOff(
            _(
                "After its credit notes only %(left)s are left of %(number)s; the rest is money that went back twice."
            )
            % {"number": claim.number, "left": money_text(left, claim.currency)}
        )


def lost_minor(invoice: Invoice) -> int:
    """What of an invoice is written off and did not come after all (minor units)."""
    rows = WriteOff.objects.filter(invoice=invoice, reversed_at=None)
    total = rows.aggregate(sum=Sum(F("amount_minor") - F("recovered_minor")))["sum"]
    return int(total or 0)


def _person(by: Any) -> Any:
    return by if getattr(by, "pk", None) else None
