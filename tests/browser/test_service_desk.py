"""Customer service as its people meet it: a guest complains with a picture, a clerk answers and decides, a return with
traces waits for a person. Each page is judged on a phone and at a desk, in German.

``KONTOR_PICTURES=/folder`` keeps a picture of each.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from checkout.order import access as order_access
from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.customer_service.cases.models import Case, Macro
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving.models import Return
from shop.approvals.models import Approval
from shop.notifications.models import OutgoingMail
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.cases import make_case, picture_bytes
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.returns.test_settlements import come_back, sent, skus, withdraw

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
RIGHTS = (
    "cases.view_cases", "cases.handle_cases", "cases.change_macros", "returns.settle_money", "order.view_orders",
    "payment.refund_payments", "withdrawals.handle_withdrawals",
    "remedies.use_remedies", "remedies.change_reasons", "receiving.settle_returns", "approvals.view_approvals",
)  # fmt: skip


def clerk() -> Any:
    return make_staff("service@example.org", *RIGHTS, first_name="Svea", last_name="Kunde")


def test_a_complaint_with_a_picture_is_answered_and_decided(
    live_server: Any, open_window: OpenWindow, outbox: Any, tmp_path: Path
) -> None:
    photo = tmp_path / "naht.jpg"
    photo.write_bytes(picture_bytes("JPEG", (800, 600)))
    Macro.objects.create(
        title="Neues Paar", body="Guten Tag {name},\n\nwir schicken Ihnen ein neues Paar.\n\n{me}"
    )
    make_case(
        key="other",
        reason="question",
        name="Karl Beispiel",
        email="karl@example.org",
        body="Gibt es die Stiefel auch in 48?",
    )
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    page.goto(live_server.url + reverse("help"))
    judge.see("help-reasons")
    page.get_by_role("link", name="Etwas ist kaputt oder fehlerhaft").click()
    judge.see("help-goods")
    page.get_by_role("button", name="Weiter", exact=True).click()
    page.get_by_role("button", name="Weiter zur Prüfung").click()
    judge.see("help-what-empty")
    page.get_by_label("Was ist passiert?").fill("Die Naht am linken Schuh ist nach drei Tagen gerissen.")
    page.locator("input[type=file]").set_input_files(photo)
    page.get_by_label("Neue Ware").check()
    page.get_by_label("Ihr Name").fill("Erika Muster")
    page.get_by_label("Ihre E-Mail-Adresse").fill("erika@example.org")
    page.get_by_role("button", name="Weiter zur Prüfung").click()
    judge.see("help-look")
    page.get_by_role("button", name="Senden").click()
    judge.see("help-sent")
    page.get_by_role("link", name="Ihr Anliegen öffnen").click()
    judge.see("help-case")
    case = Case.objects.get(reason="faulty")
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="case_received", recipient="erika@example.org").count() == 1

    phone.sign_in(page.context, live_server.url, clerk())
    with override("de"):
        page.goto(live_server.url + reverse("service:cases"))
    judge.see("desk-queue")
    page.goto(live_server.url + reverse("service:cases") + "?q=gibtesnicht")
    judge.see("desk-queue-none")
    page.goto(live_server.url + reverse("service:case", args=[case.number]))
    judge.see("desk-case")
    page.get_by_role("button", name="Einsetzen").click()
    assert "wir schicken Ihnen ein neues Paar" in page.locator("#answer textarea").input_value()
    page.get_by_role("button", name="Antwort senden").click()
    page.locator("summary").first.wait_for()
    page.get_by_role("button", name="So entscheiden").click()
    judge.see("desk-case-decided")
    case.refresh_from_db()
    assert (case.state, case.remedy) == ("decided", "replacement")
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="case_answered", recipient="erika@example.org")
    assert "ein neues Paar" in mail.text
    for name in ("macros", "macro-new", "policy"):
        page.goto(live_server.url + reverse(f"service:{name}"))
        judge.see(f"desk-{name}")
    assert not judge.found, "\n".join(judge.found)


def test_a_return_with_traces_is_decided_with_its_consequences_shown(
    live_server: Any, open_window: OpenWindow, outbox: Any
) -> None:
    make_country()
    ensure_vat()
    dock_bins()
    order = sent(outbox, 2)
    withdraw(order)
    outbox.drain()
    come_back(outbox, Return.objects.get(order=order), {skus(order)[0]: 2}, grade="b")
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    phone.sign_in(page.context, live_server.url, clerk())
    page.goto(live_server.url + reverse("service:settlements"))
    judge.see("settlements")
    page.goto(
        live_server.url + reverse("service:settlement", args=[Settlement.objects.get().returning.number])
    )
    judge.see("settlement")
    page.get_by_label("Wertverlust").first.fill("10,00")
    page.get_by_label("Wodurch Wert verloren ging").fill("Sohle abgelaufen")
    page.get_by_role("button", name="Neu berechnen").click()
    judge.see("settlement-reckoned")
    page.get_by_role("button", name="Ausführen").click()
    judge.see("settlement-done")
    found = Settlement.objects.get()
    assert found.state == "done" and found.refunded_minor == order.total_minor - 1_000
    assert not judge.found, "\n".join(judge.found)


def test_a_complaint_with_a_picture_leads_to_new_goods_that_are_sent(
    live_server: Any, open_window: OpenWindow, outbox: Any, tmp_path: Path
) -> None:
    """From the shopper's form to the second parcel; the clerk sees before what will happen, and after what did."""
    make_country()
    ensure_vat()
    dock_bins()
    photo = tmp_path / "naht.jpg"
    photo.write_bytes(picture_bytes("JPEG", (800, 600)))
    order = sent(outbox, 2)
    page = open_window(locale="de-DE")
    judge = Judge(page, "de")
    page.goto(live_server.url + reverse("orders:open", args=[order_access.token(order)]))
    page.goto(live_server.url + reverse("help") + f"?order={order.number}&reason=faulty")
    page.get_by_role("spinbutton").first.fill("1")
    page.get_by_role("button", name="Weiter", exact=True).click()
    page.get_by_label("Was ist passiert?").fill("Die Naht am linken Schuh ist gerissen.")
    page.locator("input[type=file]").set_input_files(photo)
    page.get_by_label("Neue Ware").check()
    page.get_by_label("Ihr Name").fill("Erika Muster")
    page.get_by_role("button", name="Weiter zur Prüfung").click()
    page.get_by_role("button", name="Senden").click()
    page.get_by_role("heading", name="Ihr Anliegen ist eingegangen").wait_for()
    case = Case.objects.get(order=order)

    phone.sign_in(page.context, live_server.url, clerk())
    with override("de"):
        page.goto(live_server.url + reverse("service:case", args=[case.number]))
    page.locator(".thread__pictures img").wait_for()
    page.get_by_role("link", name="Dem Kunden helfen").click()
    judge.see("act")
    page.get_by_role("link", name="Neue Ware schicken").click()
    judge.see("act-replacement")
    page.get_by_role("button", name="Zeigen, was geschehen wird").click()
    judge.see("act-replacement-bad")
    page.locator("input[name^=pieces-]").fill("1")
    page.get_by_label("Warum").fill("Naht gerissen, Bild im Fall")
    page.get_by_label("Der Kunde schickt die fehlerhafte Ware zurück").check()
    page.get_by_role("button", name="Zeigen, was geschehen wird").click()
    judge.see("act-replacement-effects")
    assert "4790" in page.locator("#effects").inner_text()
    assert not Order.objects.filter(kind="replacement").exists()
    page.get_by_role("button", name="Ausführen").click()
    page.locator(".remedies li").wait_for()
    judge.see("act-done")
    made = Order.objects.get(kind="replacement")
    case.refresh_from_db()
    assert (made.replaces, case.remedy) == (order, "replacement")

    outbox.drain()
    send_everything(PickList.objects.get(order=made), by=clerk())
    outbox.drain()
    assert outbox.failures() == []
    for name, url in (
        ("case-replaced", reverse("service:case", args=[case.number])),
        ("order-replaced", reverse("dashboard:order", args=[order.number])),
        ("order-replacement", reverse("dashboard:order", args=[made.number])),
    ):
        page.goto(live_server.url + url)
        judge.see(name)
        assert made.number in page.locator("main").inner_text()
    guest = open_window(locale="de-DE")
    guest.goto(live_server.url + reverse("orders:open", args=[order_access.token(made)]))
    look = Judge(guest, "de")
    look.see("shop-replacement")
    assert order.number in guest.locator("main").inner_text()
    assert "Rechnung" not in guest.locator("main").inner_text()
    assert not judge.found + look.found, "\n".join(judge.found + look.found)


def test_goodwill_above_the_limit_is_decided_by_a_second_person(
    live_server: Any, open_window: OpenWindow, outbox: Any
) -> None:
    """One asks, another declines with words, then approves; who asked never decides alone."""
    make_country()
    ensure_vat()
    order = sent(outbox, 1)
    case = make_case(key="c", order=order)
    chief = make_staff(
        "leitung@example.org",
        *(
            "approvals.view_approvals",
            "remedies.approve_remedies",
            "remedies.use_remedies",
            "order.view_orders",
        ),
        first_name="Lena",
        last_name="Leitung",
    )
    desk, office = open_window(locale="de-DE"), open_window(locale="de-DE")
    judge, second = Judge(desk, "de"), Judge(office, "de")
    phone.sign_in(desk.context, live_server.url, clerk())
    phone.sign_in(office.context, live_server.url, chief)

    def ask(amount: str, words: str) -> Approval:
        desk.goto(live_server.url + reverse("service:act", args=[order.number]) + f"?case={case.number}")
        desk.get_by_role("link", name="Preisminderung").click()
        judge.see("act-reduction")
        desk.get_by_label("Artikel").select_option(index=0)
        desk.get_by_label("Der Preis sinkt um").fill(amount)
        desk.get_by_label("Warum").fill(words)
        desk.get_by_role("button", name="Zeigen, was geschehen wird").click()
        judge.see("act-reduction-effects")
        assert "zweite Person" in desk.locator("#effects").inner_text()
        desk.get_by_role("button", name="Um Freigabe bitten").click()
        desk.locator(".notice--warn").first.wait_for()
        judge.see("act-waits")
        return Approval.objects.get(state="waiting")

    asked = ask("80,00", "Sohle löst sich")
    desk.goto(live_server.url + reverse("dashboard:approval", args=[asked.pk]))
    assert desk.get_by_role("button", name="Freigeben und ausführen").count() == 0, (
        "nobody decides what they asked for"
    )
    office.goto(live_server.url + reverse("dashboard:approvals"))
    second.see("approvals")
    office.get_by_role("link", name=asked.title).click()
    office.get_by_label("Ihre Worte").fill("Bitte erst ein Bild der Sohle.")
    office.get_by_role("button", name="Ablehnen").click()
    office.wait_for_load_state()
    desk.goto(live_server.url + reverse("service:act", args=[order.number]) + f"?case={case.number}")
    judge.see("act-declined")
    assert "Bitte erst ein Bild der Sohle." in desk.locator("main").inner_text()
    assert not Refund.objects.exists()

    again = ask("70,00", "Sohle löst sich, Bild im Fall")
    office.goto(live_server.url + reverse("dashboard:approval", args=[again.pk]))
    second.see("approval")
    assert "70,00" in office.locator("main").inner_text()
    office.get_by_role("button", name="Freigeben und ausführen").click()
    office.wait_for_load_state()
    assert Refund.objects.get().amount_minor == 7_000
    desk.goto(live_server.url + reverse("service:act", args=[order.number]))
    judge.see("act-approved")
    assert "Lena Leitung" in desk.locator(".remedies").inner_text()

    for code in ("goodwill", "money_back", "voucher", "return"):
        desk.goto(live_server.url + reverse("service:act-form", args=[order.number, code]))
        judge.see(f"act-{code}")
    for name in ("remedies", "remedy-reason-new"):
        desk.goto(live_server.url + reverse(f"service:{name}"))
        judge.see(name)
    desk.goto(live_server.url + reverse("service:remedy-reasons"))
    both = Judge(desk, "en")  # the table shows both languages, on purpose
    both.see("remedy-reasons")
    desk.goto(live_server.url + reverse("service:remedies") + "?q=gibtesnicht")
    judge.see("remedies-none")
    found = judge.found + second.found + both.found
    assert not found, "\n".join(found)
