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

from fulfilment.customer_service.cases.models import Case, Macro
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.warehouse.receiving.models import Return
from shop.notifications.models import OutgoingMail
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.cases import make_case, picture_bytes
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.fulfilment.customer_service.returns.test_settlements import come_back, sent, skus, withdraw

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
RIGHTS = (
    "cases.view_cases", "cases.handle_cases", "cases.change_macros", "returns.settle_money", "order.view_orders",
    "payment.refund_payments", "withdrawals.handle_withdrawals",
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
