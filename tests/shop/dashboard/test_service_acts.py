"""What the back office adds to the one screen: money without a document, purchase on account, an invoice's address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit, Refund
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.finance.invoicing.models import Invoice
from shop.approvals import actions as approvals
from shop.approvals.models import Approval, ApprovalLimit
from shop.customers.models import User
from shop.dashboard.customer_credit import set_purchase_on_account
from shop.dashboard.models import CUSTOMER, StaffAction
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.shopping import place_order
from tests.factories.shortages import in_stock
from tests.fulfilment.customer_service.remedies.test_before import WHY, paid
from tests.fulfilment.customer_service.remedies.test_replacement import act, breaches, form_url
from tests.fulfilment.customer_service.returns.test_settlements import sent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def of_account(outbox: Any) -> Order:
    person = User.objects.create(email="erika@example.org", first_name="Erika", last_name="Muster")
    order = place_order((in_stock(5), 1), user=person, method="prepayment")
    outbox.drain()
    return order


def test_money_goes_back_without_a_document(service: Client, outbox: Any) -> None:
    order = paid(outbox, 1)
    seen = service.post(form_url(order, "refund"), {**WHY, "amount": "10,00", "step": "show"})
    assert seen.context["effects"].amount_minor == 1_000 and seen.context["effects"].rows
    act(service, order, "refund", **WHY, amount="10,00")
    assert Refund.objects.get().amount_minor == 1_000
    too_much = service.post(form_url(order, "refund"), {**WHY, "amount": "9999,00", "step": "show"})
    assert too_much.status_code == 409
    outbox.drain()
    assert breaches() == []


def test_money_above_the_limit_of_refunds_waits_for_a_second_person(service: Client, outbox: Any) -> None:
    ApprovalLimit.objects.create(kind="refund", role="", limit_minor=1_500)
    order = paid(outbox, 1)
    act(service, order, "refund", **WHY, amount="10,00")
    act(service, order, "refund", **WHY, amount="10,00")
    assert Refund.objects.count() == 1, "two below the limit are one above it"
    boss = make_staff("boss@example.org", "payment.approve_refunds")
    approvals.approve(approval=Approval.objects.get(), by=boss)
    assert Refund.objects.count() == 2 and Remedy.objects.count() == 2


def test_service_blocks_purchase_on_account_and_asks_to_allow_it_again(service: Client, outbox: Any) -> None:
    order = of_account(outbox)
    case = make_case(key="c", order=order)
    act(service, order, "block_account", **WHY, case=case.number)
    credit = CustomerCredit.objects.get(user=order.user)
    assert (credit.blocked, credit.block_reason) == (True, WHY["words"])
    assert StaffAction.objects.get(subject=CUSTOMER, what="credit_block").why == WHY["words"]
    assert "Erika Muster" in case.messages.filter(side="note").get().body
    again = service.post(form_url(order, "block_account"), {**WHY, "step": "show"})
    assert again.status_code == 409 and WHY["words"] in again.content.decode()
    act(service, order, "release_account", **WHY)
    credit.refresh_from_db()
    assert credit.blocked and Approval.objects.get().kind == "purchase_on_account"
    lender = make_staff("konto@example.org", "payment.change_customercredit")
    approvals.approve(approval=Approval.objects.get(), by=lender)
    credit.refresh_from_db()
    assert not credit.blocked and not credit.released


@pytest.mark.parametrize("blocked_before", [False, True])
def test_an_approval_lifts_no_block_but_the_one_it_was_asked_for(
    service: Client, outbox: Any, blocked_before: bool
) -> None:
    order = of_account(outbox)
    assert order.user is not None
    if blocked_before:
        act(service, order, "block_account", **WHY)
    act(service, order, "release_account", **WHY)
    lender = make_staff("konto@example.org", "payment.change_customercredit")
    if blocked_before:
        set_purchase_on_account(person=order.user, verb="unblock", why="paid", by=lender)
    else:
        set_purchase_on_account(person=order.user, verb="block", why="Betrug", by=lender)
    with pytest.raises(approvals.CannotRun, match="etwas anderes"):
        approvals.approve(approval=Approval.objects.get(), by=lender)
    credit = CustomerCredit.objects.get(user=order.user)
    assert (credit.blocked, credit.released) == (not blocked_before, False)


def test_who_decides_about_credit_allows_it_alone(as_role: Callable[[str], Client], outbox: Any) -> None:
    order = of_account(outbox)
    finance = as_role("finance")
    act(finance, order, "release_account", **WHY)
    assert CustomerCredit.objects.get(user=order.user).released
    assert finance.post(form_url(order, "release_account"), {**WHY, "step": "show"}).status_code == 409


def test_a_guest_has_nothing_to_block(service: Client, outbox: Any) -> None:
    order = paid(outbox, 1)
    assert order.user is None
    for code in ("block_account", "release_account"):
        assert service.post(form_url(order, code), {**WHY, "step": "show"}).status_code == 409


def test_an_invoice_to_a_wrong_address_is_cancelled_and_issued_anew(service: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    old = Invoice.objects.get()
    case = make_case(key="c", order=order)
    form = service.get(form_url(order, "invoice_address")).context["form"]
    given = {
        name: str(form.fields[name].initial or "")
        for name in ("name", "contact", "extra", "street", "postcode", "city")
    }
    assert given["street"] == old.buyer["street"]
    data = {**WHY, **given, "invoice": str(old.pk)}
    assert service.post(form_url(order, "invoice_address"), {**data, "step": "show"}).status_code == 409
    data["street"] = "Neuer Wall 1"
    seen = service.post(form_url(order, "invoice_address"), {**data, "step": "show"}).context["effects"]
    assert Invoice.objects.count() == 1 and "Neuer Wall 1" in " ".join(seen.sentences)
    assert sum(row.debit_minor for row in seen.rows) == sum(row.credit_minor for row in seen.rows) > 0
    act(service, order, "invoice_address", **data, case=case.number)
    new = Invoice.objects.get(replaces=old)
    old.refresh_from_db()
    assert (old.state, new.buyer["street"], new.gross_minor) == ("cancelled", "Neuer Wall 1", old.gross_minor)
    assert WHY["words"] not in (new.reason or ""), "what staff write for themselves is on no document"
    assert new.number in case.messages.filter(side="note").get().body
    mails = OutgoingMail.objects.filter(order=order).count()
    outbox.drain()
    assert OutgoingMail.objects.filter(order=order).count() > mails
    assert breaches() == []
    text = service.get(reverse("service:act", args=[order.number])).content.decode()
    assert reverse("finance:invoice", args=[new.number]) in text


def test_limits_that_are_those_of_refunds_stand_on_no_page_of_their_own(
    as_role: Callable[[str], Client],
) -> None:
    page = as_role("manager").get(reverse("dashboard:approval-limits"))
    named = {one.name for one, _rows in page.context["kinds"]}
    offered = {code for code, _title in page.context["form"].fields["kind"].choices}
    assert named == offered >= {"refund", "replacement", "goodwill"}
    assert not named & {"return_money", "order_change", "desk_money", "purchase_on_account"}
    boss = make_staff("boss@example.org")
    ApprovalLimit.objects.create(kind="refund", role="", limit_minor=77)
    assert approvals.limit_minor(kind_name="order_change", by=boss) == 77


def test_ways_lead_only_where_something_can_be_done(service: Client, outbox: Any) -> None:
    early, gone = paid(outbox, 1), sent(outbox, 1)
    before = service.get(reverse("service:act", args=[early.number])).content.decode()
    after = service.get(reverse("service:act", args=[gone.number])).content.decode()
    change, other_size = "dashboard:order-change", "service:exchange"
    assert reverse(change, args=[early.number]) in before
    assert reverse(other_size, args=[early.number]) not in before, "nothing was sent yet"
    assert reverse(change, args=[gone.number]) not in after
    assert reverse(other_size, args=[gone.number]) in after
