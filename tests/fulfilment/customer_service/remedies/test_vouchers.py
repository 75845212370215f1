"""A voucher as a gesture: for one customer, one order and so long; told by mail; booked when it is used."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oscar.apps.voucher.models import Voucher

from checkout.basket.actions import Refused, add_voucher
from checkout.basket.totals import totals
from checkout.order.actions import place
from checkout.order.models import Order
from checkout.vouchers.actions import LETTERS, give, new_code
from checkout.vouchers.models import PersonalVoucher
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.finance.ledger.models import Entry
from shop.approvals.models import Approval
from shop.kernel.clock import today
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.factories.shopping import make_basket, make_placement, make_user, make_variant
from tests.factories.shortages import in_stock
from tests.fulfilment.customer_service.remedies.test_replacement import act, breaches, form_url
from tests.fulfilment.customer_service.returns.test_settlements import sent

pytestmark = pytest.mark.django_db
WHY = {"reason": "late", "words": "Zwei Wochen Verspätung"}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("service@example.org", "remedies.use_remedies", "order.view_orders"))
    return client


def wished(amount: str = "20,00", days: int = 30) -> dict[str, str]:
    return {**WHY, "amount": amount, "until": (today() + dt.timedelta(days=days)).isoformat()}


def test_a_voucher_is_given_told_and_used_once_by_its_customer(desk: Client, outbox: Any) -> None:
    person = make_user("erika@example.org")
    order = sent(outbox, 1, user=person)
    case = make_case(key="c", order=order)
    entries = Entry.objects.count()
    done = act(desk, order, "voucher", **wished(), case=case.number, decide="on")
    given = PersonalVoucher.objects.select_related("voucher").get()
    code = given.voucher.code
    assert code in done.content.decode() and (given.user, given.amount_minor) == (person, 2_000)
    case.refresh_from_db()
    assert case.remedy == "voucher" and Entry.objects.count() == entries, (
        "nothing is booked before it is used"
    )
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="voucher_given")
    assert code in mail.text and "20,00" in mail.text and mail.recipient == order.email

    shoe = in_stock(5, bin="B-01", price_minor=9_990)
    stranger = make_user("andere@example.org")
    theirs = make_basket((shoe, 1), owner=stranger)
    with pytest.raises(Refused, match=r"Kundenkonto"):
        add_voucher(basket=theirs, code=code, user=stranger)
    basket = make_basket((shoe, 1), owner=person)
    assert add_voucher(basket=basket, code=code.lower(), user=person)
    sums = totals(list(basket.all_lines()), country="DE", shipping_minor=490)
    assert sums.total_minor == 9_990 + 490 - 2_000
    bought = place(make_placement(basket, method="invoice", user=person))
    assert bought.total_minor == sums.total_minor
    second = make_basket((shoe, 1), owner=person)
    with pytest.raises(Refused):
        add_voucher(basket=second, code=code, user=person)
    outbox.drain()
    assert breaches() == []


def test_a_guests_voucher_is_for_whoever_has_the_code_until_its_day(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    text = desk.post(form_url(order, "voucher"), {**wished(), "step": "show"}).content.decode()
    assert "kein Konto" in text and "verfällt" in text
    act(desk, order, "voucher", **wished(days=10))
    code = Voucher.objects.get().code
    person = make_user("x@example.org")
    basket = make_basket((make_variant(), 1), owner=person)
    voucher = Voucher.objects.get()
    assert timezone.localtime(voucher.end_datetime).date() == today() + dt.timedelta(days=10)
    Voucher.objects.update(
        start_datetime=voucher.start_datetime - dt.timedelta(days=20),
        end_datetime=voucher.end_datetime - dt.timedelta(days=11),
    )
    with pytest.raises(Refused, match=r"nicht gültig"):
        add_voucher(basket=basket, code=code, user=person)


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": "0"}, {"amount": "-1"}, {"amount": "x"}, {"amount": ""}, {"amount": "1000,01"}, {"until": ""},
        {"until": "x"}, {"until": "2026-01-01"}, {"until": "2199-01-01"}, {"until": "9999-99-99"},
    ],
)  # fmt: skip
def test_bad_input_gives_no_voucher(desk: Client, outbox: Any, bad: dict[str, str]) -> None:
    order = sent(outbox, 1)
    for step in ("show", "do"):
        assert desk.post(form_url(order, "voucher"), {**wished(), **bad, "step": step}).status_code == 422
    assert not PersonalVoucher.objects.exists()


def test_above_the_limit_it_waits_and_is_given_once(desk: Client, outbox: Any) -> None:
    from shop.approvals.actions import approve

    order = sent(outbox, 1)
    act(desk, order, "voucher", **wished("80"))
    assert not PersonalVoucher.objects.exists()
    approve(approval=Approval.objects.get(), by=make_staff("chef@example.org", "remedies.approve_remedies"))
    assert PersonalVoucher.objects.get().amount_minor == 8_000 and Remedy.objects.count() == 1
    again = give(order=order, amount_minor=1, until=today(), source=PersonalVoucher.objects.get().source)
    assert again == PersonalVoucher.objects.get()
    outbox.drain()


def test_a_voucher_whose_day_passed_while_it_waited_for_approval_is_not_given(
    desk: Client, outbox: Any, clock: Any
) -> None:
    from shop.approvals.actions import approve
    from shop.approvals.kinds import CannotRun

    order = sent(outbox, 1)
    clock.stop()
    act(desk, order, "voucher", **wished("80", days=1))
    clock.advance(days=3)
    chief = make_staff("chef@example.org", "remedies.approve_remedies")
    with pytest.raises(CannotRun, match="späteren Tag"):
        approve(approval=Approval.objects.get(), by=chief)
    assert not PersonalVoucher.objects.exists() and Approval.objects.get().state == "waiting"


def test_codes_are_long_and_readable() -> None:
    codes = {new_code() for _n in range(200)}
    assert len(codes) == 200 and all(set(code) <= set(LETTERS + "-") and len(code) == 14 for code in codes)
    assert Order.objects.count() == 0


def test_a_voucher_that_is_not_what_its_remedy_says_is_a_breach(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    act(desk, order, "voucher", **wished())
    assert breaches() == []
    PersonalVoucher.objects.update(amount_minor=1)
    assert [breach for breach in breaches() if "has no voucher as it says" in breach]
    PersonalVoucher.objects.update(amount_minor=2_000, source="remedy:999999")
    said = breaches()
    assert [b for b in said if "no voucher" in b] and [b for b in said if "belongs to no remedy" in b]
