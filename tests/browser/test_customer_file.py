"""A customer's file in the browser: read, noted, changed with a reason. Judged on a phone and at a desk, in German."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from checkout.basedata import ensure
from shop.customers.models import User
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.people import make_staff, make_user
from tests.factories.range import ensure_vat
from tests.shop.dashboard.merging import confirmed
from tests.shop.dashboard.test_customer_file import busy

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

RIGHTS = (
    "customer.view_user", "customer.change_user", "customer.merge_customers", "order.view_orders", "cases.view_cases",
    "invoicing.view_invoices", "ledger.view_ledger", "receiving.view_returns", "notifications.view_mails",
    "withdrawals.handle_withdrawals", "payment.change_customercredit", "phone_orders.take_orders",
    "payment.refund_payments", "dunning.view_limits",
)  # fmt: skip


def test_a_file_is_read_noted_and_changed(
    live_server: Any, open_window: Callable[..., Page], outbox: Any
) -> None:
    ensure()
    ensure_vat()
    with override("de"):
        erika = make_user("erika@example.org", first_name="Erika", last_name="Muster", phone="040 123")
        busy(erika, outbox)
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    clerk = make_staff("service@example.org", *RIGHTS, first_name="Svea", last_name="Kunde")
    phone.sign_in(page.context, live_server.url, clerk)
    page.goto(live_server.url + reverse("dashboard:customer", args=[erika.pk]))
    judge.see("customer-file")
    page.get_by_label("Notiz").fill("Bitte nach 18 Uhr anrufen.")
    page.get_by_label("Oben halten").check()
    page.get_by_role("button", name="Notiz speichern").click()
    page.get_by_text("Bitte nach 18 Uhr anrufen.").first.wait_for()
    page.get_by_role("link", name="Ändern").first.click()
    judge.see("customer-edit")
    page.get_by_label("Telefon").fill("0171 999")
    page.get_by_label("Warum").fill("Am Telefon gesagt")
    page.get_by_role("button", name="Speichern").click()
    page.get_by_text("Am Telefon gesagt").wait_for()
    judge.see("customer-file-changed")
    assert User.objects.get(pk=erika.pk).phone == "0171 999"
    page.goto(live_server.url + reverse("dashboard:customer-edit-address-new", args=[erika.pk]))
    judge.see("customer-address")
    assert not judge.found, "\n".join(judge.found)


def test_two_accounts_of_one_person_are_merged(
    live_server: Any, open_window: Callable[..., Page], outbox: Any
) -> None:
    ensure()
    ensure_vat()
    with override("de"):
        erika = confirmed("erika@example.org", first_name="Erika", last_name="Muster", phone="040 123456")
        other = make_user("e.muster@example.org", first_name="Erika", last_name="Muster", phone="040123456")
        busy(other, outbox)
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    clerk = make_staff("service@example.org", *RIGHTS, first_name="Svea", last_name="Kunde")
    phone.sign_in(page.context, live_server.url, clerk)
    with override("de"):
        page.goto(live_server.url + reverse("dashboard:duplicates"))
    judge.see("duplicates")
    page.get_by_role("link", name="Beide ansehen").click()
    judge.see("merge")
    page.locator("[name=why]").last.fill("Am Telefon geklärt")
    page.get_by_label("Der Kunde hat gesagt, dass beide Konten ihm gehören").check()
    page.get_by_role("button", name="Konten zusammenführen").click()
    page.wait_for_url(f"**/customers/{erika.pk}/")
    assert User.objects.get(pk=other.pk).merged_into_id == erika.pk
    judge.see("merged")
    assert not judge.found, "\n".join(judge.found)
