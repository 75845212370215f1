"""Verbs: do something for a customer, or ask a second person for it. Each once per form, of two clerks one wins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Sum
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from checkout.payment.approval import KIND as REFUND
from checkout.payment.approval import sent_by_staff_minor
from checkout.payment.models import Refund
from fulfilment.customer_service.cases import actions as cases
from fulfilment.customer_service.cases.hours import due_after
from fulfilment.customer_service.cases.models import NORMAL, Case, ServicePolicy
from fulfilment.customer_service.cases.states import CLOSED, DECIDED
from fulfilment.customer_service.returns.plan import first_order
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.models import Invoice
from shop.approvals import actions as approvals
from shop.approvals.kinds import kind
from shop.approvals.models import Approval
from shop.kernel import clock
from shop.kernel.states import StateError
from shop.kernel.transactions import retrying

from .acts import ACTS, Act, Refused, Wish
from .effects import Effects
from .models import WORDS_MAX, Reason, Remedy

MOVED = gettext_lazy("Meanwhile something changed in this order. Nothing was done; please look again.")
APPROVE_WITHIN_HOURS = 8  #: business hours until somebody should have decided


class Changed(Refused):
    """What would happen is no longer what the page said. Nothing was done."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: the remedy that was carried out, or the request that waits for a second person."""

    remedy: Remedy | None = None
    approval: Approval | None = None
    is_new: bool = True


def carry_out(*, act: Act, wish: Wish, key: str, seen: str) -> Outcome:
    """Do it, or above the limit of ``wish.by`` ask a second person. ``key``: the form, once; ``seen``: the ``seal`` of
    the effects that were shown.

    Raises Changed when they are others by now, Refused in words; then nothing was done.
    """
    known = _known(act, wish, key)
    if known is not None:
        return Outcome(known, is_new=False)

    def work() -> Outcome:
        held(wish.order)
        again = _known(act, wish, key)
        if again is not None:
            return Outcome(again, is_new=False)
        effects = effects_of(act, wish)
        _refuse_others(wish, effects, seen)
        if second_person_needed(act, wish, effects):
            return _ask(act, wish, effects, key)
        return Outcome(_do(act, wish, effects, key))

    prepared = _prepare(act, wish, seen)
    try:
        return _in_words(work)
    except Refused:
        if prepared:
            act.undo(wish)
        raise
    except IntegrityError:  # the second click of a double one was as fast as the first
        again = _known(act, wish, key)
        if again is None:  # something else stands against it
            raise
        return Outcome(again, is_new=False)


def _in_words(work: Callable[[], Outcome]) -> Outcome:
    try:
        return retrying(work)
    except StateError:
        raise Changed(MOVED) from None


def _prepare(act: Act, wish: Wish, seen: str) -> bool:
    """What the act needs of a provider, once nothing stands against it. Raises Changed, Refused."""
    if type(act).prepare is Act.prepare:
        return False
    effects = effects_of(act, wish)
    _refuse_others(wish, effects, seen)
    return not second_person_needed(act, wish, effects) and act.prepare(wish)


def _refuse_others(wish: Wish, effects: Effects, seen: str) -> None:
    if seal(wish.order, effects) != seen:
        raise Changed(
            _(
                "Meanwhile something changed: other things would happen now. Please look again; nothing was done."
            )
        )


def held(order: Order) -> None:
    """Hold the order and its account to the end: of two clerks the second sees what the first one did.

    Of goods that go out for others the account of the first order comes before, as where their return is settled."""
    first = first_order(order)
    if first.pk != order.pk:
        accounts.locked(first)
    Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    accounts.locked(order)


def effects_of(act: Act, wish: Wish) -> Effects:
    """What it would do now; changes nothing. Raises Refused."""
    problem = act.refusal(wish.order)
    if problem:
        raise Refused(problem)
    return act.effects(wish)


def seal(order: Order, effects: Effects) -> str:
    """Changes whenever the effects do, or anything else was credited, refunded or done for the order: of two clerks who
    mean the same, the second must look again. Three queries."""
    last = (
        Remedy.objects.filter(order=order).aggregate(n=Max("pk"))["n"],
        Refund.objects.filter(payment__order=order).aggregate(n=Max("pk"))["n"],
        Invoice.objects.filter(order=order).aggregate(n=Max("pk"))["n"],
    )
    return hashlib.sha256(repr((effects.digest, last)).encode()).hexdigest()


def done_minor(order: Order, limit_kind: str) -> int:
    """What staff did for an order within one limit so far, minor units: five below the limit are one above it, also
    where each was done for the goods that the last one sent. Of the limit of refunds, all that staff sent back."""
    if kind(limit_kind).limit_of == REFUND:
        return sent_by_staff_minor(order)
    codes = [act.code for act in ACTS.values() if act.limit_kind == limit_kind]
    rows = Remedy.objects.filter(order__in=family_of(order), act__in=codes)
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)


def family_of(order: Order) -> set[int]:
    """Ids of the order that was paid for and of all that were sent for its goods: replacements, exchanges, and again
    for those. One query per step."""
    family = step = {first_order(order).pk}
    while step:
        step = set(Order.objects.filter(replaces__in=step).values_list("pk", flat=True)) - family
        family = family | step
    return family


def second_person_needed(act: Act, wish: Wish, effects: Effects) -> bool:
    """Whether somebody else has to decide. Three queries at most, and one per step of replacements."""
    if not act.limit_kind:
        return False
    if act.asks_always(wish.by):
        return True
    if not effects.amount_minor:
        return False
    amount = effects.amount_minor + done_minor(wish.order, act.limit_kind)
    return approvals.needed(kind_name=act.limit_kind, amount_minor=amount, by=wish.by)


def run_approved(approval: Approval, by: Any) -> Remedy:
    """Do what was approved, reading everything anew; within the transaction of the decision. Raises Refused."""
    facts = approval.facts
    order = Order.objects.get(pk=facts["order_id"])
    case = Case.objects.filter(pk=facts["case_id"]).first() if facts["case_id"] else None
    wish = Wish(order, facts["data"], approval.requested_by, case)
    act = ACTS[facts["act"]]
    held(order)
    effects = effects_of(act, wish)
    if effects.amount_minor > approval.amount_minor:
        raise Refused(_("It would be more now. Please decline this one, so that it can be asked for anew."))
    if facts.get("rests_on", "") not in ("", act.rests_on(wish)):
        raise Refused(
            _(
                "Since it was asked for, something else has become true of it. Please decline this one, "
                "so that it can be asked for anew."
            )
        )
    return _do(act, wish, effects, facts["key"], approved_by=by)


def waiting_for(order: Order) -> list[Approval]:
    """What waits for a second person, and what was declined last, about an order. One query."""
    keys = [request_key(act, order) for act in ACTS.values()]
    rows = Approval.objects.filter(kind__in={act.limit_kind for act in ACTS.values()}, key__in=keys)
    return list(rows.select_related("requested_by", "decided_by").order_by("-pk")[:20])


def newest(requests: list[Approval]) -> list[Approval]:
    """Of each act the last request; ``requests``: the newest first."""
    found: dict[str, Approval] = {}
    for row in requests:
        found.setdefault(row.key, row)
    return list(found.values())


def request_key(act: Act, order: Order) -> str:
    """How the request is known: one of each act and order may wait."""
    return f"{act.code}:{order.pk}"


def is_done(act: Act, order: Order, key: str) -> bool:
    """Whether this form was carried out before."""
    return Remedy.objects.filter(key=key, act=act.code, order=order).exists()


def _known(act: Act, wish: Wish, key: str) -> Remedy | None:
    known = Remedy.objects.filter(key=key).first()
    if known is not None and (known.act, known.order_id) != (act.code, wish.order.pk):
        raise Refused(_("This form was sent before. Please load the page again."))
    return known


def _ask(act: Act, wish: Wish, effects: Effects, key: str) -> Outcome:
    policy = ServicePolicy.current()
    minutes = policy.minutes(APPROVE_WITHIN_HOURS, wish.case.priority if wish.case else NORMAL)
    approval, is_new = approvals.ask(
        kind_name=act.limit_kind,
        key=request_key(act, wish.order),
        title=_("%(what)s (order %(number)s)") % {"what": act.title, "number": wish.order.number},
        amount_minor=effects.amount_minor,
        currency=wish.order.currency,
        facts={
            "act": act.code,
            "order_id": wish.order.pk,
            "case_id": wish.case.pk if wish.case else None,
            "data": wish.data,
            "key": key,
            "rests_on": act.rests_on(wish),
        },
        consequences=effects.sentences,
        reason_code=wish.data.get("reason", ""),
        reason=wish.data.get("words", ""),
        by=wish.by,
        due_at=due_after(clock.now(), minutes, policy.opening),
    )
    if is_new:
        act.asked(wish, approval)
    if is_new and wish.case:
        words = _("Asked for approval: %(title)s") % {"title": approval.title}
        cases.note(case=wish.case, body=words, key=f"asked:{approval.pk}", by=wish.by)
    return Outcome(approval=approval, is_new=is_new)


def _do(act: Act, wish: Wish, effects: Effects, key: str, approved_by: Any = None) -> Remedy:
    remedy = Remedy.objects.create(
        key=key,
        act=act.code,
        order=wish.order,
        case=wish.case,
        reason=Reason.objects.filter(code=wish.data.get("reason", "")).first(),
        words=str(wish.data.get("words", ""))[:WORDS_MAX],
        amount_minor=effects.amount_minor,
        cost_minor=effects.cost_minor,
        currency=wish.order.currency,
        by=wish.by if getattr(wish.by, "pk", None) else None,
        approved_by=approved_by,
    )
    done = act.do(wish, remedy)
    remedy.result, remedy.facts, remedy.made_order = done.text[:WORDS_MAX], done.facts, done.made_order
    remedy.save(update_fields=["result", "facts", "made_order"])
    if wish.case is not None:
        _tell_case(act, wish, remedy)
    return remedy


def _tell_case(act: Act, wish: Wish, remedy: Remedy) -> None:
    """The case gets a note, and is decided by it when that was wished and it is still to be decided."""
    case = Case.objects.get(pk=wish.case.pk) if wish.case else None
    assert case is not None
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        words = f"{act.title}: {remedy.result}"
    cases.note(case=case, body=words, key=f"remedy:{remedy.pk}", by=wish.by)
    decides = act.remedy_of(case)
    if not (wish.data.get("decide") and decides) or case.state in (DECIDED, CLOSED):
        return
    try:
        with transaction.atomic():
            cases.decide(case=case, remedy=decides, by=wish.by, why=remedy.words)
    except (StateError, cases.CaseRefused):  # somebody decided or closed it in this moment; the remedy stands
        with translation.override(settings.LANGUAGE_CODE):
            words = _("The case was not decided by it: somebody else had moved it in the same moment.")
        cases.note(case=case, body=words, key=f"undecided:{remedy.pk}", by=wish.by)
