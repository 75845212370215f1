"""Verbs: propose what a return is worth, carry it out or ask a second person, or say that nothing is due. Each once per
return."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.models import Line
from checkout.payment.actions import request_refund
from fulfilment.customer_service.withdrawals import actions as withdrawals
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.warehouse.receiving.models import Return
from shop.approvals.models import Approval
from shop.kernel.clock import now
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from . import approving, automatic, exchange_end
from .approving import NotSo
from .models import Settlement
from .plan import Plan, Step, TooMuchKept, first_order, paid_steps, plan, together, whole_order_is_back
from .states import DONE, NOTHING, PROPOSED
from .wish import wants_credit


@dataclass(frozen=True)
class Outcome:
    """What came of it: the settlement that was carried out, or the request that waits for a second person."""

    settlement: Settlement | None = None
    approval: Approval | None = None
    is_new: bool = True


def propose(*, returning: Return, lines: list[dict[str, Any]]) -> Settlement:
    """Begin the settlement of a return whose pieces were accepted; carried out at once where the law leaves no choice.

    ``lines``: as ReturnSettled tells them. Once per return: a retry returns the row that is there.
    """
    known = Settlement.objects.filter(returning=returning).first()
    if known is not None and known.lines:
        return known

    def write() -> Settlement:
        # Of two returns whose goods one order paid for, the second reckons with what the first one left.
        accounts.locked(first_order(returning.order))
        settlement = _begin(returning, lines)
        if automatic.is_replaced(settlement):
            waits = _new_goods_go(settlement)
        else:
            planned = plan_of(settlement)
            waits = automatic.waits_because(settlement, planned) or _done_by_itself(settlement, planned)
        if waits:
            Settlement.objects.filter(pk=settlement.pk).update(waits_because=waits)
            settlement.waits_because = waits
        return settlement

    try:
        return retrying(write)
    except IntegrityError:  # heard twice in the same moment
        return Settlement.objects.get(returning=returning)


def _begin(returning: Return, lines: list[dict[str, Any]]) -> Settlement:
    """The settlement of what came. One that was begun because nothing came is taken up again."""
    asked = Settlement.objects.filter(returning=returning).first()
    if asked is None:
        return Settlement.objects.create(
            returning=returning,
            order=returning.order,
            cause=returning.cause,
            currency=returning.order.currency,
            lines=_facts(lines),
            with_shipping=_withdrawn(returning) and whole_order_is_back(returning.order),
        )
    if asked.lines:  # heard twice in the same moment
        raise IntegrityError("settled already")
    if asked.state == NOTHING:
        with translation.override(settings.LANGUAGE_CODE):
            why = _("The old pieces came after all")
        move(asked, to=PROPOSED, why=why, kept_why="", done_at=None, done_by=None)
    asked.lines, asked.waits_because = _facts(lines), ""
    asked.save(update_fields=["lines", "waits_because"])
    return asked


def _new_goods_go(settlement: Settlement) -> str:
    """Nothing is due for what was replaced; the reason why a person must look when its exchange cannot be finished."""
    if not exchange_end.finish(returning=settlement.returning, lines=settlement.lines):
        return automatic.EXCHANGE
    made = automatic.replaced_by(settlement)
    assert made is not None  # it is replaced
    nothing_due(settlement=settlement, why=automatic.new_goods_go(made), by=None)
    return ""


def _done_by_itself(settlement: Settlement, planned: Plan) -> str:
    """Carry it out; the reason why a person must look when finance refuses (a written-off invoice, for one)."""
    try:
        with transaction.atomic():
            _carry_out(copy(settlement), planned, by=None)
    except ValueError:
        return automatic.REFUSED
    settlement.refresh_from_db()
    return ""


def _withdrawn(returning: Return) -> bool:
    return returning.cause.startswith("withdrawal:")


def _facts(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    own = [line for line in lines if line["order_line_id"] is not None]
    rows = Line.objects.in_bulk([line["order_line_id"] for line in own])
    return [
        {
            "order_line_id": line["order_line_id"],
            "title": rows[line["order_line_id"]].title,
            "sku": rows[line["order_line_id"]].partner_sku,
            "quantity": line["quantity"],
            "grade": line["grade"],
            "value_minor": line["value_minor"],
        }
        for line in own
    ]


def quantities_of(settlement: Settlement) -> dict[int, int]:
    """Accepted pieces by order line id."""
    found: dict[int, int] = {}
    for line in settlement.lines:
        found[line["order_line_id"]] = found.get(line["order_line_id"], 0) + line["quantity"]
    return found


def plan_of(
    settlement: Settlement, *, kept: Mapping[int, int] | None = None, with_shipping: bool | None = None
) -> Plan:
    """What carrying it out would do now; changes nothing. Raises TooMuchKept.

    Goods of an order without money (a replacement, an exchange) are worth what was paid for the pieces they stand for,
    and what an exchange for a dearer size asked beside it. What is kept is kept of the first price first.
    """
    pieces = quantities_of(settlement)
    delivery = settlement.with_shipping if with_shipping is None else with_shipping
    steps, rest, before = paid_steps(settlement.order, pieces), dict(kept or {}), dict.fromkeys(pieces, 0)
    plans = []
    for step in steps:
        quantities: dict[int, int] = {}
        for line_id, count in pieces.items():
            quantities[step.lines[line_id]] = quantities.get(step.lines[line_id], 0) + count
        withheld: dict[int, int] = {}
        for line_id, amount in rest.items():
            paid_for = step.lines.get(line_id, line_id)
            withheld[paid_for] = withheld.get(paid_for, 0) + amount
        planned, over = _as_much_as_it_is_worth(
            step, quantities, withheld, delivery, step is steps[-1], before
        )
        plans.append(planned)
        rest = {line_id: over.get(paid_for, 0) for line_id, paid_for in step.lines.items()}
        before = {line_id: before[line_id] + withheld.get(at, 0) for line_id, at in step.lines.items()}
    return together(plans)


def _as_much_as_it_is_worth(
    step: Step,
    quantities: dict[int, int],
    withheld: dict[int, int],
    delivery: bool,
    is_last: bool,
    before: Mapping[int, int],
) -> tuple[Plan, dict[int, int]]:
    """The plan of one order, and what of ``withheld`` is more than its lines are worth (taken out of it there): a later
    order bears that. Raises TooMuchKept when there is none, with all that the pieces are worth."""
    over: dict[int, int] = {}
    while True:
        try:
            return plan(step.order, quantities, kept=withheld, with_shipping=delivery), over
        except TooMuchKept as error:
            too_much = withheld[error.line_id] - error.value_minor
            own = next((own for own, at in step.lines.items() if at == error.line_id), None)
            if own is None or is_last or too_much <= 0 or error.line_id in over:
                named = error.line_id if own is None else own
                raise TooMuchKept(named, before.get(named, 0) + error.value_minor) from None
            over[error.line_id], withheld[error.line_id] = too_much, error.value_minor


def carry_out(
    *,
    settlement: Settlement,
    kept: Mapping[int, int],
    kept_why: str,
    with_shipping: bool,
    seen_minor: tuple[int, int],
    by: Any,
) -> Outcome:
    """Staff carry it out; what sends back more than ``by`` may alone waits for a second person instead. ``kept``: order
    line id -> gross minor units that are not credited; ``seen_minor``: credit and refund that the page announced.

    Raises NotSo in words (nothing to credit, a loss of value without its reason, other amounts than announced,
    something else that waits for approval, a written-off invoice), TooMuchKept, StateError when it was decided
    meanwhile.
    """
    if any(kept.values()) and not kept_why.strip():
        raise NotSo(_("Please say why value was lost; the customer will ask."))

    def write() -> Outcome:
        fresh, planned = _reckoned(settlement.pk, kept, kept_why, with_shipping)
        if (planned.credit_minor, planned.refund_minor) != seen_minor:
            raise NotSo(
                _("Meanwhile something else changed the amounts. Please look again; nothing was done.")
            )
        if approving.needs_second(fresh, planned, by):
            asked, is_new = approving.ask(fresh, planned, by=by)
            return Outcome(approval=asked, is_new=is_new)
        _carry_out(fresh, planned, by=by)
        return Outcome(fresh)

    return retrying(write)


def run_approved(approval: Approval) -> Settlement:
    """Carry out what a second person approved, exactly as it was announced; within the transaction of the decision.

    Raises NotSo, TooMuchKept, StateError as ``carry_out``.
    """
    facts = approval.facts
    kept = {int(line_id): int(amount) for line_id, amount in facts["kept"].items()}
    fresh, planned = _reckoned(facts["settlement_id"], kept, facts["kept_why"], facts["with_shipping"])
    approving.check_announced(approval, planned)
    _carry_out(fresh, planned, by=approval.requested_by)
    return fresh


def _reckoned(
    pk: int, kept: Mapping[int, int], kept_why: str, with_shipping: bool
) -> tuple[Settlement, Plan]:
    """Hold the account of the order to the end, and say what carrying it out would do: the settlement with what was
    chosen (not written yet), and its plan. Raises NotSo, TooMuchKept, StateError."""
    order = Settlement.objects.select_related("order").get(pk=pk).order
    accounts.locked(first_order(order))
    fresh = Settlement.objects.select_related("order", "returning").get(pk=pk)
    if not fresh.is_open:
        raise StaleState(f"the settlement of {fresh.returning.number} was decided by somebody else")
    if automatic.is_replaced(fresh):
        raise NotSo(_("New goods go out for it. Cancel their order first, then give the money back."))
    planned = plan_of(fresh, kept=kept, with_shipping=with_shipping)
    if not planned.credit_minor:
        raise NotSo(_("Nothing is left to credit."))
    fresh.kept = {str(line_id): amount for line_id, amount in kept.items() if amount}
    fresh.kept_why, fresh.with_shipping = kept_why.strip()[:300], with_shipping
    return fresh, planned


def _carry_out(settlement: Settlement, planned: Plan, *, by: Any) -> None:
    """Within a transaction: credit notes, refunds, and the withdrawal's end. The move comes first: of two one wins."""
    number = settlement.returning.number
    sent = [(payment, amount) for payment, amount in planned.payments]
    move(
        settlement,
        to=DONE,
        by=by,
        why=settlement.kept_why,
        kept=settlement.kept,
        kept_why=settlement.kept_why,
        with_shipping=settlement.with_shipping,
        credited_minor=planned.credit_minor,
        refunded_minor=planned.refund_minor,
        left_minor=planned.left_minor,
        done_at=now(),
        done_by=by if getattr(by, "pk", None) else None,
    )
    approving.void(settlement)
    numbers = []
    for credit in planned.credits:
        note = credit_note(
            invoice=credit.invoice,
            source=f"return:{number}:{credit.invoice.pk}",
            reason=_reason(settlement, credit.invoice.language),
            quantities={one.line.pk: one.quantity for one in credit.pieces},
            kept={one.line.pk: one.kept_minor for one in credit.pieces if one.kept_minor},
            with_shipping=bool(credit.shipping_minor),
            less_reductions=True,
            by=by,
        )
        numbers.append(note.number)
    settlement.credit_notes = numbers
    Settlement.objects.filter(pk=settlement.pk).update(credit_notes=numbers)
    as_credit = wants_credit(settlement.returning)
    for payment, amount in sent:
        request_refund(
            payment=payment,
            amount_minor=amount,
            source=f"return:{number}:{payment.pk}",
            reason=_reason(settlement, settings.LANGUAGE_CODE),
            as_credit=as_credit,
            by=by,
        )
    _close_withdrawal(settlement, by)


def _reason(settlement: Settlement, language: str) -> str:
    with translation.override(language):
        words = _("Return %(number)s") % {"number": settlement.returning.number}
        return f"{words}; {_('Loss of value')}: {settlement.kept_why}"[:300] if settlement.kept_why else words


def _close_withdrawal(settlement: Settlement, by: Any) -> None:
    """The withdrawal is done when this was what it announced and nothing more of it is awaited."""
    withdrawal = automatic.withdrawal_of(settlement)
    if withdrawal is None or not withdrawal.is_open or withdrawal.order_id != settlement.order_id:
        return
    with translation.override(settings.LANGUAGE_CODE):
        said = _("Return %(number)s is settled.") % {"number": settlement.returning.number}
    if withdrawal.state == "received":
        withdrawals.acknowledge(withdrawal=withdrawal, by=by, note=said)
    if not _awaits_more(settlement):
        withdrawals.close(withdrawal=withdrawal, by=by, note=said)


def _awaits_more(settlement: Settlement) -> bool:
    """Whether something that was announced has not come: then the withdrawal stays open for a person."""
    items = settlement.returning.items.all()
    return any(
        item.reception in ("awaiting", "short", "lost", "wrong_item") or item.acceptance == "rejected"
        for item in items
    )


def nothing_due(*, settlement: Settlement, why: str, by: Any) -> None:
    """Say that no money goes back for this return; ``why`` stands in its history. NotSo without words, StateError when
    it was decided meanwhile."""
    if not why.strip():
        raise NotSo(_("Please say why no money goes back; the customer will ask."))

    def write() -> None:
        move(
            copy(settlement),
            to=NOTHING,
            by=by,
            why=why.strip(),
            done_at=now(),
            done_by=by,
            kept_why=why.strip()[:300],
        )
        approving.void(settlement)

    retrying(write)
    settlement.refresh_from_db()
