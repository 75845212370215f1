"""Why does this order stand still, and who looked at it: the page tells it in words, one click tries again safely, and
management reads the look in the log. Judged on a phone and at a desk, in German."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from fulfilment.warehouse.picking.models import PickList
from shop.connect.actions import add_endpoint
from shop.connect.models import ORDER_CONFIRMED
from shop.notifications.models import OutgoingMail
from tests.browser.judge import Judge
from tests.browser.served import served, sit_down
from tests.factories.cases import make_case
from tests.factories.people import make_staff, make_user
from tests.factories.shopping import place_order
from tests.factories.warehouse import send_everything
from tests.walks.test_basket_to_books import shoe_in_stock

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]
RIGHTS = (
    "order.view_orders", "order.manage_orders", "notifications.view_mails", "notifications.retry_mails",
    "customer.view_user", "audit.see_accesses", "dashboard.enter", "ledger.view_ledger", "cases.view_cases",
)  # fmt: skip


def test_a_mail_that_was_not_sent_says_why_is_sent_again_and_the_look_is_in_the_log(
    open_window: Callable[..., Page], outbox: Any
) -> None:
    boss = make_staff("leitung@example.org", *RIGHTS, first_name="Lena", last_name="Leitung")
    buyer = make_user("anna@example.org", first_name="Anna", last_name="Albers")
    add_endpoint(name="Warenwirtschaft", url="https://erp.example.org/in", events=[ORDER_CONFIRMED], by=None)
    order = place_order((shoe_in_stock(5), 2), method="invoice", user=buyer)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff("lager@example.org"))
    make_case(order=order, email="anna@example.org", name="Anna Albers")
    outbox.drain()
    failed = OutgoingMail.objects.filter(order=order, kind="parcel_dispatched")
    failed.update(state="dead", attempts=12, last_error="ServerDown: [Errno 111] Connection refused")

    with served() as url:
        page = open_window(locale="de-DE")
        sit_down(page, url, boss, reverse("dashboard:order", args=[order.number]))
        judge = Judge(page, "de")
        page.get_by_role("link", name="Warum?").click()
        page.get_by_text("Der Mailserver war nicht erreichbar").wait_for()
        judge.see("why-stuck")
        page.get_by_role("button", name="Noch einmal senden").click()
        page.get_by_text("von selbst noch einmal versucht").first.wait_for()
        page.get_by_label("Betrifft").select_option("money")
        page.get_by_text("Gebucht: Rechnung").first.wait_for()
        judge.see("why-money")
        page.goto(f"{url}{reverse('dashboard:accesses')}?person={buyer.pk}")
        page.locator("td").get_by_text("leitung@example.org").first.wait_for()
        judge.see("accesses")
    assert not judge.found, "\n".join(judge.found)
    assert failed.get().state == "pending"
