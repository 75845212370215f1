"""The run: plan, then one transaction per customer. Idempotent per invoice and level; a dry run is the same, rolled
back."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from checkout.payment.actions import set_credit
from fulfilment.finance.dunning.calendar import business_day_from
from fulfilment.finance.dunning.events import DunningNoticeIssued
from fulfilment.finance.dunning.models import DunningClaim, DunningItem, DunningNotice, DunningPolicy
from fulfilment.finance.dunning.proposal import ItemProposal, Plan, Proposal, plan
from fulfilment.finance.invoicing.facts import seller_facts
from fulfilment.finance.invoicing.merchant import profile
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.numbers import next_gapless
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

log = logging.getLogger(__name__)

SERIES = "D"


@dataclass
class Result:
    """What a run did: the plan it followed, the notices written, and what failed with its reason."""

    plan: Plan
    notices: list[DunningNotice] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class _Rollback(Exception):
    """Carries a dry run's result out of its transaction."""


def run(*, day: dt.date, by: Any = None, dry_run: bool = False, only: set[str] | None = None) -> Result:
    """Write the letters of ``day``: one per customer, each in its own transaction; the rest goes on when one fails.

    ``only``: keys of proposals that staff have chosen; None is all. ``dry_run`` does everything and rolls it back.
    A second run on the same day writes nothing new.
    """
    if not dry_run:
        return _run(day, by, only)
    result: Result | None = None
    try:
        with transaction.atomic():
            result = _run(day, by, only)
            raise _Rollback
    except _Rollback:
        pass
    assert result is not None
    return result


def _run(day: dt.date, by: Any, only: set[str] | None) -> Result:
    result = Result(plan(day))
    if result.plan.stopped:
        return result
    for proposal in result.plan.proposals:
        if only is not None and proposal.key not in only:
            continue
        try:
            notice = send_letter(proposal=proposal, day=day, by=by)
        except Exception as error:  # one customer's broken data must not keep the others from their letters
            log.exception("dunning of %s failed", proposal.key)
            result.failures.append(f"{proposal.key}: {error}")
            continue
        if notice is not None:
            result.notices.append(notice)
    return result


def send_letter(*, proposal: Proposal, day: dt.date, by: Any = None) -> DunningNotice | None:
    """Write one letter and tell it; None when somebody paid or another run was faster meanwhile."""
    try:
        return retrying(lambda: _write(proposal, day, by))
    except IntegrityError:  # unique per invoice and level: another run has written it
        return None


def _write(proposal: Proposal, day: dt.date, by: Any) -> DunningNotice | None:
    with transaction.atomic():
        ids = [item.invoice.pk for item in proposal.items]
        fresh = Invoice.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        if {row.pk: row.open_minor for row in fresh} != {
            i.invoice.pk: i.invoice.open_minor for i in proposal.items
        }:
            return None  # a payment arrived between plan and letter: tomorrow's plan sees it
        notice = _notice(proposal, day, by)
        DunningItem.objects.bulk_create([_item(notice, item) for item in proposal.items])
        DunningClaim.objects.bulk_create(
            [claim for item in proposal.items for claim in _claims(notice, item)]
        )
        if proposal.user_id:
            set_credit(user_id=proposal.user_id, dunning_level=level_of(proposal.user_id))
        record(
            DunningNoticeIssued(
                notice_id=notice.pk,
                number=notice.number,
                level=notice.level,
                user_id=proposal.user_id,
                email=notice.email,
                language=notice.language,
                total_minor=notice.total_minor,
                currency=notice.currency,
                invoice_numbers=[item.invoice.number for item in proposal.items],
                order_ids=sorted({item.invoice.order_id for item in proposal.items}),
            )
        )
    return notice


def _notice(proposal: Proposal, day: dt.date, by: Any) -> DunningNotice:
    level, policy = proposal.level, DunningPolicy.objects.first() or DunningPolicy()
    pay_until = business_day_from(day + dt.timedelta(days=level.term_days), policy.holidays_state)
    number = f"{SERIES}{day.year}-{next_gapless(SERIES, day.year):06d}"
    merchant = profile()
    reference = proposal.items[0].invoice.number if len(proposal.items) == 1 else number
    return DunningNotice.objects.create(
        number=number,
        level=level.level,
        user_id=proposal.user_id,
        email=proposal.email,
        language=proposal.language,
        issued_on=day,
        pay_until=pay_until,
        currency=proposal.currency,
        open_minor=proposal.open_minor,
        interest_minor=proposal.interest_minor,
        fee_minor=proposal.fee_minor,
        lump_sum_minor=proposal.lump_sum_minor,
        by=by if getattr(by, "pk", None) else None,
        facts={
            "seller": seller_facts(),
            "recipient": proposal.items[0].invoice.buyer,
            "title": level.text("title", proposal.language),
            "opening": level.text("opening", proposal.language),
            "closing": level.text("closing", proposal.language),
            "letter": level.letter,
            "payment": {
                "iban": merchant.iban,
                "bic": merchant.bic,
                "account_name": merchant.name,
                "bank_name": merchant.bank_name,
                "reference": reference,
            },
            "interest": [
                {
                    "invoice": item.invoice.number,
                    "parts": [
                        asdict(part) | {"first": part.first.isoformat(), "last": part.last.isoformat()}
                        for part in item.interest
                    ],
                }
                for item in proposal.items
                if item.interest
            ],
        },
    )


def _item(notice: DunningNotice, item: ItemProposal) -> DunningItem:
    return DunningItem(
        notice=notice,
        invoice=item.invoice,
        level=item.level.level,
        days_overdue=item.days_overdue,
        open_minor=item.invoice.open_minor,
        interest_minor=item.interest_minor,
        interest_until=item.interest_until,
        fee_minor=item.fee_minor,
    )


def _claims(notice: DunningNotice, item: ItemProposal) -> list[DunningClaim]:
    asked = {
        DunningClaim.INTEREST: item.interest_minor,
        DunningClaim.FEE: item.fee_minor,
        DunningClaim.LUMP_SUM: item.lump_sum_minor,
    }
    return [
        DunningClaim(notice=notice, invoice=item.invoice, kind=kind, amount_minor=amount)
        for kind, amount in asked.items()
        if amount
    ]


def level_of(user_id: int) -> int:
    """The highest dunning level among a customer's open invoices; 0 when nothing was asked beyond a reminder."""
    found = DunningItem.objects.filter(invoice__user_id=user_id, invoice__open_minor__gt=0)
    return int(found.aggregate(highest=Max("level"))["highest"] or 0)
