"""Whoever only reads leaves no trace: no address that anybody may open writes on a GET, and reading sets no cookie."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from oscar.apps.wishlists.models import WishList

from catalogue.alerts import actions as stock_alerts
from catalogue.alerts.models import StockAlert
from checkout.order import access
from checkout.order.models import Order, OrderLink
from fulfilment.customer_service.cases import access as case_access
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from shop.customers import newsletter
from shop.kernel.access import PUBLIC
from shop.kernel.clock import now
from shop.pages.actions import write_home, write_page
from shop.pages.keys import link_with_key
from shop.pages.wishes import SALT as WISHES
from shop.pages.withdrawal import RECEIPT_SALT
from tests.factories.cases import make_case
from tests.factories.people import make_staff, make_user
from tests.factories.range import make_category, make_product
from tests.factories.shopping import make_variant, place_order
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.test_withdrawals import declare
from tests.shop.dashboard.test_doors import PARTS, is_of_a_library, others
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

READS = ("SELECT", "EXPLAIN", "WITH", "SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "PRAGMA", "DECLARE")
LINK = re.compile(r'href="(/(?!static|media|i18n)[^"#]*)"')
PAGES_MAX = 60


#: The only addresses at which a GET may write: a person opens the link of a letter that nobody else has. What it writes
#: is that this browser may now see the order (its session), and of a link that opens once, that it was opened: a page
#: between with a button would be one more step for people who wait for an answer. A HEAD, as mail scanners send, writes
#: nothing; neither does a key that is forged, too old or used up.
WITH_A_KEY = {
    "orders:open": "the link of a letter: this browser may see the order; a link that was asked for is used up",
    ":help?key": "the link to help in the letter of an order: as above, and the key leaves the address",
    ":withdrawal?key": "the link to withdraw in the letter of an order: as above",
}


def written(url: str, client: Client, method: str = "get") -> tuple[Any, list[str]]:
    """The answer, and every statement that was no read."""
    with CaptureQueriesContext(connection) as seen:
        answer = getattr(client, method)(url)
    said = [one["sql"].lstrip("( \n").upper() for one in seen.captured_queries]
    return answer, [sql for sql in said if not sql.startswith(READS)]


def look(url: str) -> Any:
    """Open ``url`` as nobody; fails where something was written or a cookie was set that is no form's token."""
    client = Client()
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(url)
    assert answer.status_code < 500, url
    said = [one["sql"].lstrip("( \n").upper() for one in seen.captured_queries]
    assert [sql for sql in said if not sql.startswith(READS)] == [], f"reading {url} writes"
    allowed: set[str] = set()
    if answer.status_code == 200 and 'name="csrfmiddlewaretoken"' in answer.content.decode(errors="replace"):
        allowed = {"csrftoken"}  # a page whose purpose is a form; no page that is shared has one
        assert answer["Cache-Control"].startswith(("private", "max-age=0", "no-")), url
    elif answer.status_code == 302:
        allowed = {"messages"}  # why one is sent elsewhere
    set_here = {name for name, cookie in answer.cookies.items() if cookie.value}
    assert set_here <= allowed, f"reading {url} sets {set_here - allowed}"
    return answer


def shop() -> list[str]:
    """A shop with something of everything; where a walk begins."""
    category = make_category("Schuhe")
    below = make_category("Stiefel", parent=category)
    for number in range(3):
        make_product(f"Elbschuh {number}", category=category, stock=number)
    make_product("Priel", category=below, reference_minor=12_000)
    write_home(texts={"de": {"title": "Kontor"}, "en": {"title": "Kontor"}})
    for key in ("imprint", "shipping", "privacy"):
        said = {"slug": key, "title": key.title(), "body": "<p>Text</p>"}
        write_page(texts={"de": said, "en": said}, key=key)
    return [
        "/",
        "/en/",
        "/catalogue/",
        "/catalogue/search/?q=schuh",
        "/catalogue/search/?q=nichts",
        "/basket/",
    ]


def test_every_page_that_leads_on_from_home_is_read_without_a_trace() -> None:
    waiting, seen = shop(), set[str]()
    while waiting and len(seen) < PAGES_MAX:
        url = waiting.pop(0).replace("&amp;", "&")
        if url in seen:
            continue
        seen.add(url)
        answer = look(url)
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            waiting += LINK.findall(answer.content.decode())
    assert len(seen) >= 40, sorted(seen)


def test_every_public_address_is_asked_for_without_a_trace() -> None:
    shop()
    asked = 0
    for name, address, view in others():
        if getattr(view, "access", PUBLIC) != PUBLIC or is_of_a_library(address):
            continue
        wanted = re.findall(r"<(?:\w+:)?(\w+)>", address)
        try:
            url = reverse(name.lstrip(":"), kwargs={part: PARTS.get(part, "x") for part in wanted})
        except NoReverseMatch:
            continue
        look(url)
        asked += 1
    assert asked >= 30


def _keys(outbox: Any) -> tuple[Order, dict[str, str]]:
    """An order that was sent and invoiced, and by name every address that a real key opens."""
    order = place_order((shoe_in_stock(9), 1), method="invoice")
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff())
    outbox.drain()
    case, withdrawal = make_case(order=order), declare(key="one", contract=order.number, order=order)
    newsletter.ask(email="leserin@example.org", place="", via="page")
    consent = newsletter.newest("leserin@example.org")
    asked = stock_alerts.ask(product=make_variant().product, email="w@example.org", language="de", by=None)
    wishes = WishList.objects.create(owner=make_user(), visibility=WishList.SHARED, key="geheim")
    once = OrderLink.objects.create(order=order, nonce="once", expires_at=now() + dt.timedelta(hours=1))
    found = {
        "orders:open": [access.token(order)],
        "orders:open once": [access.token(order, nonce=once.nonce)],
        "wishes:shared": [signing.Signer(salt=WISHES).sign_object([wishes.pk, wishes.key])],
        "alerts:alert": [(asked or StockAlert.objects.get()).key],
        ":withdrawal-receipt": [signing.dumps({"w": withdrawal.pk}, salt=RECEIPT_SALT)],
        ":newsletter-confirm": [newsletter.confirm_token(consent)],
        ":newsletter-leave": [newsletter.leave_token(consent)],
        ":help-case": [case_access.token(case)],
        ":help-sent": [case_access.token(case)],
    }
    urls = {name: reverse(name.split(" ")[0].removeprefix(":"), args=parts) for name, parts in found.items()}
    for name in ("help", "withdrawal"):
        urls[f":{name}?key"] = link_with_key(name, order, base="")
    return order, urls


def test_a_real_key_writes_where_the_table_says_and_nowhere_else(outbox: Any) -> None:
    _order, urls = _keys(outbox)
    wrote = set()
    for name, url in urls.items():
        for method in ("head", "get"):
            answer, said = written(url, Client(), method)
            assert answer.status_code in (200, 302), (name, method, answer.status_code)
            assert not (said and method == "head"), f"{name}: a scanner that looks leaves a trace"
            wrote |= {name.split(" ")[0]} if said else set()
            changed = {sql.split()[1 if sql.startswith("UPDATE") else 2].strip('"') for sql in said}
            assert changed <= {"CUSTOMER_PERSONSESSION", "ORDER_ORDERLINK"}, (name, changed)
    assert wrote == WITH_A_KEY.keys()


def test_whoever_came_by_a_key_reads_on_without_a_trace(outbox: Any) -> None:
    """But for an invoice whose document the worker has not made yet: it is made as it is asked for, once."""
    order, urls = _keys(outbox)
    client = Client()
    client.get(urls["orders:open"])
    real = {"number": order.number, "invoice": Invoice.objects.get(order=order).number}
    shown = 0
    for name in ("detail", "agreed", "change", "exchange", "invoice"):
        parts = {key: value for key, value in real.items() if key == "number" or name == "invoice"}
        url = reverse(f"orders:{name}", kwargs=parts)
        if name == "invoice":
            _answer, said = written(url, client)
            assert all(sql.startswith('UPDATE "INVOICING_INVOICE" SET') for sql in said), said
        answer, said = written(url, client)
        assert said == [], f"{name}: {said}"
        shown += answer.status_code == 200
    assert shown >= 3, "the order is shown"
