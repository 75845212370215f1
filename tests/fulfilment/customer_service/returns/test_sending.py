"""The way back: who pays, by when, the slip, the customer's word, and how it stands in plain words."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from checkout.order import access
from checkout.order.models import Order
from checkout.payment.actions.refunds import succeed
from checkout.payment.models import Refund
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.returns import postage, sending, told
from fulfilment.customer_service.returns.models import Authorisation
from fulfilment.customer_service.returns.paper import slip_pdf
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.finding import find
from fulfilment.warehouse.receiving.models import Return
from shop.kernel import clock as house
from shop.kernel import pdf
from shop.notifications.attachments import fetch
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.support import qr, zpl

from .test_settlements import come_back, sent, skus, withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def authorised(outbox: Any, **options: Any) -> Return:
    order = sent(outbox, 1, **options)
    withdraw(order)
    outbox.drain()
    assert outbox.failures() == []
    return Return.objects.select_related("authorisation", "order").get(order=order)


def see(client: Client, order: Order) -> str:
    """The order's page as its customer, by the link of a mail."""
    client.get(access.link(order, base=""))
    page = client.get(reverse("orders:detail", args=[order.number]))
    assert page.status_code == 200
    return page.content.decode()


# ---- who pays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "payer"),
    [("withdrawal", "customer"), ("warranty", "shop"), ("transport_damage", "shop"), ("short_delivery", "shop"),
     ("goodwill", "customer"), ("guarantee", "shop"), ("other", "shop"), ("exchange", "customer")],
)  # fmt: skip
def test_the_law_says_who_pays_unless_the_shop_is_kinder(reason: str, payer: str) -> None:
    assert postage.payer_for(reason)[0] == payer
    other = "shop" if payer == "customer" else "customer"
    if postage.USUAL[reason].may_change:
        postage.set_payer(reason=reason, payer=other, by=make_staff())
        assert postage.payer_for(reason)[0] == other
    else:
        with pytest.raises(ValueError, match="law"), translation.override("en"):
            postage.set_payer(reason=reason, payer=other, by=make_staff())


def test_every_kind_of_case_has_its_payer() -> None:
    assert set(kinds.KINDS) - set(postage.USUAL) == {kinds.QUESTION}  # a question sends nothing back


def test_a_return_keeps_what_its_customer_was_told(outbox: Any, clock: Any) -> None:
    clock.stop()
    returning = authorised(outbox)
    assert (returning.authorisation.payer, returning.authorisation.payer_source) == (
        "customer",
        "§ 357 (5) BGB",
    )
    assert returning.authorisation.send_by == house.today() + dt.timedelta(days=14)
    postage.set_payer(reason="withdrawal", payer="shop", by=make_staff())
    again = sending.explain(returning=returning)
    assert again is not None and again.payer == "customer" and Authorisation.objects.count() == 1


def test_the_way_back_of_faulty_goods_is_ours_to_pay(outbox: Any) -> None:
    order = sent(outbox, 1)
    case = make_case(order=order)
    dock.announce(order_id=order.pk, cause=f"case:{case.number}")
    outbox.drain()
    assert Authorisation.objects.get().payer == "shop"


def test_a_parcel_that_a_carrier_brings_back_is_explained_to_nobody(outbox: Any) -> None:
    order = sent(outbox, 1)
    dock.announce(order_id=order.pk, cause="parcel:x", on_its_way=True)
    outbox.drain()
    assert (
        not Authorisation.objects.exists()
        and not OutgoingMail.objects.filter(kind="return_explained").exists()
    )


# ---- the paper and the mail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_customer_gets_the_slip_by_mail_and_the_dock_finds_it_by_its_code(
    outbox: Any, language: str
) -> None:
    returning = authorised(outbox, language=language)
    mail = OutgoingMail.objects.get(kind="return_explained")
    assert mail.language == language and returning.number in mail.text
    assert ("yours to pay" if language == "en" else "tragen Sie") in mail.text
    pdf = fetch(mail.attachments.get(mime="application/pdf")).body
    assert pdf.startswith(b"%PDF")
    found = find(returning.number)
    assert found is not None and found.returning == returning


def test_told_twice_there_is_one_mail(outbox: Any) -> None:
    returning = authorised(outbox)
    sending.explain(returning=returning)
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="return_explained").count() == 1


def test_bars_and_qr_code_of_the_slip_hold_the_number(outbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    returning = authorised(outbox)
    drawn: list[dict[str, Any]] = []
    real = pdf.render
    monkeypatch.setattr(
        pdf,
        "render",
        lambda *args, **more: drawn.append(args[1]) or real(*args, **more),  # type: ignore[func-returns-value]
    )
    assert slip_pdf(returning.pk).startswith(b"%PDF")
    assert qr.decoded(drawn[0]["qr_svg"]) == zpl.decoded(drawn[0]["barcode_svg"]) == returning.number


# ---- the customer's page ---------------------------------------------------------------------------------------------


def test_the_page_tells_a_return_from_announced_to_money_back(outbox: Any, client: Client) -> None:
    returning = authorised(outbox)
    order = returning.order
    page = see(client, order)
    assert f"Ihre Retoure {returning.number}" in page and "Rücksendeschein drucken" in page
    slip = client.get(reverse("orders:return-slip", args=[order.number, returning.number]))
    assert slip.status_code == 200 and slip.content.startswith(b"%PDF")
    said = {"carrier": "DHL", "tracking_number": "00340434161094"}
    client.post(reverse("orders:return-sent", args=[order.number, returning.number]), said)
    page = see(client, order)
    assert "DHL 00340434161094" in page and "Unterwegs zu uns" in page
    assert find("00340434161094") is not None, "the dock finds it by the number of the parcel too"
    come_back(outbox, returning, {skus(order)[0]: 1})
    page = see(client, order)
    assert "In unserem Lager angekommen" in page and "Ihr Geld ist unterwegs" in page and "104,80" in page
    assert "Rücksendeschein drucken" not in page
    succeed(refund=Refund.objects.get(), reference="re_1")
    assert "Geld an Sie erstattet" in see(client, order)


def test_the_page_shows_the_number_as_qr_code_until_the_goods_are_here(outbox: Any, client: Client) -> None:
    returning = authorised(outbox)
    page = see(client, returning.order)
    pictures = re.findall(r'<figure class="return-code">(<svg.*?</svg>)', page, re.S)
    assert [qr.decoded(picture) for picture in pictures] == [returning.number]
    assert "style=" not in pictures[0], "the content policy forbids it"
    found = find(qr.decoded(pictures[0]))
    assert found is not None and found.returning == returning, "the dock takes what the phone shows"
    come_back(outbox, returning, {skus(returning.order)[0]: 1})
    assert "return-code" not in see(client, returning.order).split("</head>")[1]


def test_traces_are_looked_at_until_the_last_day_of_the_refund(outbox: Any, client: Client) -> None:
    returning = authorised(outbox)
    come_back(outbox, returning, {skus(returning.order)[0]: 1}, grade="b")
    assert "Wir sehen uns an, was Sie geschickt haben" in see(client, returning.order)


def test_what_is_credited_to_an_unpaid_invoice_is_said(outbox: Any, client: Client) -> None:
    returning = authorised(outbox, method="invoice")
    come_back(outbox, returning, {skus(returning.order)[0]: 1})
    assert "104,80" in see(client, returning.order) and not Refund.objects.exists()


def test_a_parcel_number_may_be_added_later_and_never_after_it_arrived(outbox: Any, client: Client) -> None:
    returning = authorised(outbox)
    sending.note_sent(returning=returning, carrier="", tracking_number="")
    first = Authorisation.objects.get().sent_at
    sending.note_sent(returning=returning, carrier="DHL", tracking_number="1\n2")
    found = Authorisation.objects.get()
    assert (found.sent_at, found.tracking_number) == (first, "1 2")
    come_back(outbox, returning, {skus(returning.order)[0]: 1})
    with pytest.raises(sending.NotSent):
        sending.note_sent(returning=returning, carrier="", tracking_number="9")


def test_strangers_see_neither_slip_nor_page(outbox: Any, client: Client) -> None:
    returning = authorised(outbox)
    order = returning.order
    for name in ("return-slip", "return-sent"):
        url = reverse(f"orders:{name}", args=[order.number, returning.number])
        assert (client.get(url) if name == "return-slip" else client.post(url)).status_code == 404
    see(client, order)
    assert client.get(reverse("orders:return-slip", args=[order.number, "R1"])).status_code == 404
    assert client.get(reverse("orders:return-sent", args=[order.number, returning.number])).status_code == 405
    long = client.post(
        reverse("orders:return-sent", args=[order.number, returning.number]), {"tracking_number": "9" * 99}
    )
    assert long.status_code == 302 and Return.objects.get().state == "authorised"


def test_the_page_costs_the_same_for_one_and_three_returns(outbox: Any) -> None:
    order = sent(outbox, 3)
    line = order.lines.get()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            told.of_order(order)
        return len(queries)

    assert cost() == 1
    costs = []
    for n in range(3):
        withdraw(order, {line.pk: 1}, key=f"k{n}")
        outbox.drain()
        costs.append(cost())
    assert costs == [costs[0]] * 3 and costs[0] <= 5


# ---- the staff page of the rule --------------------------------------------------------------------------------------


def test_staff_change_who_pays_where_the_law_lets_them(client: Client) -> None:
    client.force_login(make_staff("chefin@example.org", "cases.change_macros"))
    url = reverse("service:return-postage")
    page = client.get(url)
    assert page.status_code == 200 and "warranty" not in page.context["form"].fields
    given = dict.fromkeys(page.context["form"].fields, "shop")
    assert client.post(url, {**given, "warranty": "customer"}).status_code == 302
    assert postage.payer_for("withdrawal")[0] == "shop" and postage.payer_for("warranty")[0] == "shop"
    assert client.post(url, {**given, "withdrawal": "nobody"}).status_code == 422
