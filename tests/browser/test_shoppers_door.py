"""The shopper's door with keyboard alone and without JavaScript: a guest withdraws from two of five pieces in fewer key
strokes than a minute has seconds; a complaint with a picture from the mail of the delivery to the case; every page of
both judged on a phone and at a desk, in German.

``KONTOR_PICTURES=/folder`` keeps a picture of each.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from checkout.order.models import Order
from fulfilment.customer_service.cases import access, actions
from fulfilment.customer_service.cases.models import Case, Picture
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.outcomes import arrive
from shop.kernel.clock import frozen, now
from shop.notifications.models import OutgoingMail
from tests.browser import phone
from tests.browser.judge import Judge
from tests.factories.cases import make_case, picture_bytes
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins, sent_order
from tests.factories.shopping import make_user
from tests.factories.stock import make_stockrecord

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("fresh_database")]

OpenWindow = Callable[..., "Page"]
KEYS_MAX = 60  #: key strokes for a whole withdrawal: one a second
PATIENCE_MS = 60_000  #: strokes are counted, not seconds: a busy machine is no slow shopper
TABS_MAX = 25  #: stops from the head of a page's content to anything on it


@pytest.fixture
def order(outbox: Any) -> Order:
    """Three pairs and two tins of a guest, delivered."""
    make_country()
    ensure_vat()
    dock_bins()
    return delivered(outbox)


def delivered(outbox: Any, number: int = 1) -> Order:
    """Bring three pairs and two tins to a guest; ``number`` tells the goods of several orders apart."""
    shoes = make_stockrecord(f"SHOE-{number}", bins={"A-01": 9})
    polish = make_stockrecord(f"POLISH-{number}", bins={"A-02": 9})
    found = sent_order((shoes, 3), (polish, 2))
    for line, title in zip(found.lines.order_by("pk"), ("Elbschuh, blau, 42", "Schuhcreme"), strict=True):
        found.lines.filter(pk=line.pk).update(title=title)
    for parcel in Parcel.objects.filter(order=found):
        arrive(parcel=parcel, outcome="delivered", by=None)
    outbox.drain()
    return found


def link_in_mail(kind: str, page: str, live_server: Any) -> str:
    """The address that a mail names for a page of ours (a pattern), on the test's own server."""
    mail = OutgoingMail.objects.filter(kind=kind).latest("pk")
    found = re.search(rf"https?://[^/\s]+(/{page}\S*)", mail.text)
    assert found, mail.text
    return f"{live_server.url}{found[1]}"


class Keyboard:
    """Hands that only know the keyboard; every stroke counts, typed text as one per character."""

    def __init__(self, page: Page) -> None:
        self.page, self.strokes = page, 0

    def press(self, key: str) -> None:
        """One key."""
        self.page.keyboard.press(key)
        self.strokes += 1

    def write(self, text: str) -> None:
        """Text into what has the focus."""
        self.page.keyboard.type(text)
        self.strokes += len(text)

    def to_content(self) -> None:
        """Over head and menu by the skip link, which is the first stop of every page."""
        self.press("Tab")
        assert self.page.locator(":focus").get_attribute("href") == "#content"
        self.press("Enter")

    def reach(self, wanted: Locator) -> None:
        """Tab on until ``wanted`` has the focus."""
        for _stop in range(TABS_MAX):
            self.press("Tab")
            if wanted.evaluate("one => one === document.activeElement"):
                return
        pytest.fail(f"{wanted} is not reached by {TABS_MAX} stops")


def test_a_guest_withdraws_two_of_five_pieces_by_keyboard_without_script_in_under_a_minute(
    live_server: Any, open_window: OpenWindow, order: Order, outbox: Any
) -> None:
    page = open_window(locale="de-DE", java_script_enabled=False)
    page.context.set_default_timeout(PATIENCE_MS)
    hands = Keyboard(page)
    page.goto(link_in_mail("parcel_delivered", "withdrawal/", live_server))
    assert "key=" not in page.url
    hands.to_content()
    hands.reach(page.get_by_role("radio", name="Die ganze Bestellung"))
    hands.press("ArrowDown")  # "only these articles": their fields appear without script
    for title in ("Elbschuh, blau, 42", "Schuhcreme"):
        hands.reach(page.get_by_role("spinbutton", name=title))
        hands.write("1")
    hands.press("Enter")
    page.get_by_role("button", name="Widerruf bestätigen").wait_for()
    page.go_back()  # nothing is lost, and the browser does not ask to send anything again
    assert page.get_by_role("spinbutton", name="Schuhcreme").input_value() == "1"
    page.go_forward()
    assert page.locator("main").inner_text().count("1 × ") == 2
    hands.to_content()
    hands.reach(page.get_by_role("button", name="Widerruf bestätigen"))
    hands.press("Enter")
    page.get_by_role("heading", name="Ihr Widerruf ist bei uns eingegangen").wait_for()
    found = Withdrawal.objects.get()
    assert (found.order, [line["quantity"] for line in found.lines]) == (order, [1, 1])
    text = page.locator("main").inner_text()
    assert found.number in text and f"{timezone.localtime(found.received_at):%H:%M:%S}" in text
    assert hands.strokes <= KEYS_MAX, hands.strokes
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="withdrawal_received")
    assert mail.recipient == order.email and "1 x Schuhcreme" in mail.text


def test_a_typing_fault_loses_nothing_by_keyboard_without_script(
    live_server: Any, open_window: OpenWindow, order: Order
) -> None:
    page = open_window(width=360, height=740, locale="de-DE", java_script_enabled=False)
    page.context.set_default_timeout(PATIENCE_MS)
    hands = Keyboard(page)
    page.goto(f"{live_server.url}/withdrawal/")
    hands.to_content()
    for label, text in (
        ("Ihr Name", "Erika Muster"),
        ("Welcher Vertrag?", f"{order.number}7"),
        ("Ihre E-Mail", "erika"),
    ):
        hands.reach(page.get_by_label(label))
        hands.write(text)
    hands.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Welcher Vertrag?").input_value() == f"{order.number}7"
    page.get_by_label("Ihre E-Mail").focus()
    hands.press("End")
    hands.write("@example.org")
    hands.press("Enter")
    button = page.get_by_role("button", name="Widerruf bestätigen")
    button.wait_for()
    hands.to_content()
    hands.reach(button)
    hands.press("Enter")
    page.get_by_role("heading", name="Ihr Widerruf ist bei uns eingegangen").wait_for()
    found = Withdrawal.objects.get()
    assert (found.contract, found.order, found.email) == (f"{order.number}7", None, "erika@example.org")


def test_a_complaint_with_a_picture_from_the_mail_of_the_delivery_to_the_case(
    live_server: Any, open_window: OpenWindow, order: Order, outbox: Any, tmp_path: Path
) -> None:
    photo, liar = tmp_path / "naht.jpg", tmp_path / "rechnung.jpg"
    photo.write_bytes(picture_bytes("JPEG", (800, 600)))
    liar.write_bytes(b"%PDF-1.7 no picture at all")
    page = open_window(locale="de-DE", java_script_enabled=False)
    page.context.set_default_timeout(PATIENCE_MS)
    page.goto(link_in_mail("parcel_delivered", r"help/\?order=\w+&key=", live_server))
    page.get_by_role("link", name="Etwas ist kaputt oder fehlerhaft").click()
    page.get_by_role("spinbutton", name="Elbschuh").fill("1")
    page.get_by_role("button", name="Weiter", exact=True).click()
    assert "müssen Sie nichts beweisen" in page.locator("main").inner_text()
    page.get_by_label("Was ist passiert?").fill("Die Naht am linken Schuh ist gerissen.")
    page.locator("input[type=file]").set_input_files([photo, liar])
    page.get_by_label("Neue Ware").check()
    page.get_by_role("button", name="Weiter zur Prüfung").click()
    assert "rechnung.jpg: " in page.get_by_role("alert").inner_text()
    assert page.get_by_role("img", name="Ihr Bild 1").count() == 1, "the good one is kept"
    assert page.get_by_label("Neue Ware").is_checked()
    page.get_by_role("button", name="Weiter zur Prüfung").click()
    looked = page.locator("main").inner_text()
    assert "1 × Elbschuh, blau, 42" in looked and order.email in looked
    page.go_back()
    page.get_by_role("button", name="Weiter zur Prüfung").click()
    page.get_by_role("button", name="Senden").click()
    page.get_by_role("heading", name="Ihr Anliegen ist eingegangen").wait_for()
    case = Case.objects.get()
    assert (case.order, case.kind, case.wish) == (order, "warranty", "replacement")
    assert Picture.objects.get().message.case == case
    outbox.drain()
    page.goto(link_in_mail("case_received", "help/case/", live_server))
    assert page.get_by_role("img", name="Bild, das Sie uns geschickt haben").count() == 1
    page.get_by_label("Ihre Nachricht").fill("Es ist der linke Schuh.")
    page.get_by_role("button", name="Senden").click()
    assert "Es ist der linke Schuh." in page.locator("main").inner_text()
    page.get_by_role("button", name="Ich brauche nichts mehr").click()
    case.refresh_from_db()
    assert case.state == "closed"


def test_every_page_of_the_door_as_a_picture(
    live_server: Any, open_window: OpenWindow, order: Order, outbox: Any
) -> None:
    with frozen(now() - dt.timedelta(days=30)):  # the pages' own clock goes on
        old = delivered(outbox, 2)
    made, _polish = order.lines.order_by("pk")
    order.lines.filter(pk=made.pk).update(withdrawal_exclusion="made_to_order")
    person, clerk = make_user("kundin@example.org"), make_staff("service@example.org")
    Order.objects.filter(pk__in=(order.pk, old.pk)).update(user=person)
    waiting, decided = make_case(user=person, order=order), make_case(key="two", user=person)
    for case in (waiting, decided):
        actions.answer(
            case=case, body="Bitte schicken Sie uns ein Bild.", key=f"a{case.pk}",
            seen=Case.objects.get(pk=case.pk).last_message_id, by=clerk,
        )  # fmt: skip
    actions.decide(case=decided, remedy="replacement", by=clerk)
    page = open_window(locale="de-DE")
    page.context.set_default_timeout(PATIENCE_MS)
    phone.sign_in(page.context, live_server.url, person)
    judge = Judge(page, "de")
    for name, path in (
        ("door-reasons", f"/help/?order={order.number}"),
        ("door-goods", f"/help/?reason=faulty&order={order.number}&line={made.pk}"),
        ("door-own-orders", "/help/?reason=faulty"),
        ("door-withdrawal", f"/withdrawal/?order={order.number}&line={made.pk}"),
        ("door-order", f"/orders/{order.number}/"),
        ("door-case-waiting", f"/help/case/{access.token(waiting)}/"),
        ("door-case-decided", f"/help/case/{access.token(decided)}/"),
        ("door-gone", "/help/case/erraten/"),
    ):
        page.goto(live_server.url + path)
        judge.see(name)
    page.goto(f"{live_server.url}/withdrawal/?order={order.number}")
    page.get_by_role("button", name="Weiter zur Bestätigung").click()
    judge.see("door-withdrawal-confirm")
    page.get_by_role("button", name="Widerruf bestätigen").click()
    judge.see("door-withdrawal-receipt")
    page.goto(f"{live_server.url}/account/requests/")
    judge.see("door-requests")
    page.goto(f"{live_server.url}/help/?reason=changed_mind&order={old.number}")
    judge.see("door-late")
    page.goto(f"{live_server.url}/withdrawal/?order={old.number}")
    judge.see("door-withdrawal-late")
    assert not judge.found, "\n".join(judge.found)
