"""Part invoices, credit notes, cancellations and replacements of one order: per VAT rate they add up to the whole.

The auditor knows only what was ordered; every line's VAT is taken out of its own gross. When everything is sent, what
stands is the order, to the cent; when everything is taken back, nothing is left.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfilment.finance.invoicing.actions import Correction, credit_note, issue_for_parcel, replace_invoice
from fulfilment.finance.invoicing.actions.correct import cancel_invoice
from fulfilment.finance.invoicing.actions.rests import credited_minor, rest_of_line
from fulfilment.finance.invoicing.models import CANCELLATION, Invoice
from fulfilment.finance.ledger.queries import balance_minor
from shop.kernel.money import vat_from_gross
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import Wish, make_order, order_lines

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)

wishes = st.lists(
    st.builds(
        Wish,
        quantity=st.integers(1, 7),
        gross_minor=st.integers(0, 99_999),
        rate_bp=st.sampled_from([1900, 700]),
        discount_minor=st.integers(0, 500),
    ),
    min_size=1,
    max_size=4,
)


def per_rate(documents: list[Invoice]) -> dict[int, tuple[int, int]]:
    """Net and VAT per rate over documents, those that take back counted down."""
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one in documents:
        sign = 1 if one.is_claim else -1
        for row in one.taxes:
            sums[row["rate_bp"]][0] += sign * row["net_minor"]
            sums[row["rate_bp"]][1] += sign * row["vat_minor"]
    return {rate: (net, vat) for rate, (net, vat) in sums.items() if net or vat}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=wishes, shipping=st.integers(0, 1_290), data=st.data())
def test_whatever_is_sent_and_taken_back_adds_up_to_the_order(
    wishes: list[Wish], shipping: int, data: st.DataObject
) -> None:
    with transaction.atomic():
        point = transaction.savepoint()
        _history(wishes, shipping, data)
        transaction.savepoint_rollback(point)


def _history(wishes: list[Wish], shipping: int, data: st.DataObject) -> None:
    order = make_order(*wishes, shipping_minor=shipping)
    lines = order_lines(order)
    left = {line.pk: line.quantity for line in lines}
    parcel = order.pk * 1_000
    while any(left.values()):
        parcel += 1
        pieces = {pk: data.draw(st.integers(0, count)) for pk, count in left.items()}
        pieces = {pk: count for pk, count in pieces.items() if count} or {max(left, key=left.__getitem__): 1}
        issued = issue_for_parcel(parcel_id=parcel, order_id=order.pk, quantities=pieces, dispatched_on=DAY)
        for pk, count in pieces.items():
            left[pk] -= count
        if data.draw(st.booleans()):
            name = f"Petersen {parcel} GmbH"
            replace_invoice(invoice=issued, correction=Correction({"name": name}), reason="wrong company")
    whole: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for gross, rate in [*((line.gross_minor, line.vat_rate_bp) for line in lines), (shipping, 1900)]:
        vat = vat_from_gross(gross, rate)
        whole[rate][0] += gross - vat
        whole[rate][1] += vat
    expected = {rate: (net, vat) for rate, (net, vat) in whole.items() if net or vat}
    documents = list(Invoice.objects.filter(order=order).order_by("pk"))
    assert per_rate(documents) == expected, "parts and replacements are the order, per rate to the cent"
    assert {
        line.pk: sum(
            part.vat_minor
            for one in documents
            if one.is_claim and one.state != "cancelled"
            for part in one.lines.filter(order_line_id=line.pk)
        )
        for line in lines
    } == {line.pk: vat_from_gross(line.gross_minor, line.vat_rate_bp) for line in lines}
    _take_everything_back(order, data)
    assert per_rate(list(Invoice.objects.filter(order=order))) == {}
    subject = f"order:{order.number}"
    assert balance_minor("receivable", subject=subject) == 0
    assert problems() == []


def _take_everything_back(order: object, data: st.DataObject) -> None:
    """Each standing invoice by one cancellation, or by credit notes for its pieces in any portions and the rest."""
    standing = Invoice.objects.filter(order=order, kind="invoice").exclude(state="cancelled")
    for claim in standing.order_by("pk"):
        if data.draw(st.booleans()):
            cancel_invoice(invoice=claim, reason="all back")
            assert Invoice.objects.filter(corrects=claim, kind=CANCELLATION).count() == 1
            continue
        at = 0
        for line in claim.lines.order_by("pk"):
            while pieces := rest_of_line(line)[0]:
                gross = rest_of_line(line)[1]
                if not gross:
                    break
                at += 1
                count = data.draw(st.integers(1, pieces))
                credited_before = credited_minor(claim)
                if not _credit(claim, f"r:{claim.pk}:{at}", {line.pk: count}):
                    break
                assert credited_minor(claim) > credited_before
        rest = claim.gross_minor - credited_minor(claim)
        if rest:
            credit_note(invoice=claim, source=f"rest:{claim.pk}", reason="the rest", amount_minor=rest)


def _credit(claim: Invoice, source: str, quantities: dict[int, int]) -> bool:
    """Credit some pieces; pieces that are worth nothing by themselves cannot be."""
    try:
        credit_note(invoice=claim, source=source, reason="back", quantities=quantities)
    except ValueError:
        return False
    return True
