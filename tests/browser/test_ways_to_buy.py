"""Other ways through the same checkout: the bank asks, a card is declined, a phone, no script, no mouse, in English."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser import people
from tests.browser.mailbox import mail_about, text_of
from tests.browser.people import look
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.live]

OpenWindow = Callable[..., "Page"]
THANKS = "Vielen Dank für Ihre Bestellung"


@pytest.fixture(autouse=True)
def a_guest_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop keeps goods for five unpaid orders of one person (checkout/hoarding.py), and some here stay unpaid."""
    monkeypatch.setitem(people.GUEST, "email", f"erika.{uuid.uuid4().hex[:8]}@example.org")


def order(page: Page, kontor: Kontor, method: str, *, language: str = "") -> None:
    """Put a shoe into the basket and order it as a guest; ends where the order button leads."""
    shoe = people.shoe_in_stock(kontor)
    page.goto(f"{kontor.url}{language}/catalogue/{shoe.address}/")
    people.choose(page, shoe)
    people.add_to_basket(page)
    people.to_checkout(page)
    people.say_who(page)
    people.pick_option(page, "delivery", "home")
    people.pick_option(page, "payment", method)
    people.place(page)


def status_of(kontor: Kontor, number: str) -> str:
    [(status,)] = kontor.rows("SELECT status FROM order_order WHERE number = ?", number)
    return str(status)


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize("released", [True, False])
def test_3d_secure_pays_when_the_bank_agrees_and_leads_back_with_words_when_not(
    live_kontor: Kontor, open_window: OpenWindow, released: bool
) -> None:
    page = open_window()
    order(page, live_kontor, "card")
    people.type_card(page, people.ASKS_THE_BANK)
    page.wait_for_url(re.compile(re.escape(live_kontor.standin_url) + "/3ds/.*"))
    page.get_by_role("button", name="Freigabe erteilen" if released else "verweigern").click()
    if not released:
        page.locator(".notice--warn", has_text="Ihre Bank konnte").wait_for()
        look(page, "13-bank-said-no", axe=True)
        assert "/checkout/pay/" in page.url
        people.type_card(page, people.CARD)
    number = people.order_number(page)
    assert heading(page) == THANKS
    assert status_of(live_kontor, number) == "confirmed"


def test_a_declined_card_is_told_and_another_one_pays(live_kontor: Kontor, open_window: OpenWindow) -> None:
    page = open_window(width=360, height=740)
    order(page, live_kontor, "card")
    people.type_card(page, people.DECLINED)
    told = page.locator("[data-pay-error]")
    told.wait_for()
    assert "abgelehnt" in told.inner_text()
    look(page, "14-declined", axe=True)
    people.type_card(page, people.CARD)
    number = people.order_number(page)
    assert status_of(live_kontor, number) == "confirmed"
    assert live_kontor.rows(
        "SELECT COUNT(*) FROM payment_payment AS p JOIN order_order AS o ON o.id = p.order_id"
        " WHERE o.number = ? AND p.state = 'captured'",
        number,
    ) == [(1,)]


def test_without_javascript_prepayment_works_from_shelf_to_bank_details(
    live_kontor: Kontor, open_window: OpenWindow
) -> None:
    page = open_window(java_script_enabled=False)
    shoe = people.shoe_in_stock(live_kontor)
    page.goto(live_kontor.url)
    page.locator("#site-q").fill(shoe.title)
    page.locator("#site-q").press("Enter")
    page.locator(f".product-card__title a[href*='{shoe.address}']").click()
    people.choose(page, shoe)
    people.add_to_basket(page)
    assert shoe.size in page.locator(".line-item").first.inner_text()
    people.to_checkout(page)
    people.say_who(page)
    people.pick_option(page, "delivery", "home")
    people.pick_option(page, "payment", "prepayment")
    people.place(page)
    number = people.order_number(page)
    assert heading(page) == THANKS
    facts = page.locator("main").inner_text()
    assert "IBAN" in facts
    assert number in facts
    assert status_of(live_kontor, number) == "awaiting_payment"
    mail = mail_about(live_kontor, people.GUEST["email"], "überweisen", number)
    assert "IBAN" in text_of(mail)


def test_without_javascript_a_card_pays_on_the_providers_own_page(
    live_kontor: Kontor, open_window: OpenWindow
) -> None:
    page = open_window(java_script_enabled=False)
    order(page, live_kontor, "card")
    page.locator("noscript a, section a.button", has_text=re.compile("Seite|Anbieter|Dienst")).first.click()
    page.get_by_role("button", name="Erfolg").click()
    number = people.order_number(page)
    assert status_of(live_kontor, number) == "confirmed"


def test_no_mouse_is_needed_from_the_product_to_the_thanks(
    live_kontor: Kontor, open_window: OpenWindow
) -> None:
    page = open_window()
    shoe = people.shoe_in_stock(live_kontor)
    page.goto(f"{live_kontor.url}/catalogue/{shoe.address}/")
    people.tab_to(page, "input[name=product_id]")
    with page.expect_navigation():  # the page renews itself for another size
        page.keyboard.press("ArrowRight")
    people.tab_to(page, ".product__add button")
    people.enter(page)
    people.tab_to(page, ".tool--basket")
    people.enter(page)
    people.tab_to(page, ".checkout__total a.button")
    people.enter(page)
    for name, text in people.GUEST.items():
        people.tab_to(page, f"input[name='{name}']")
        page.keyboard.type(text)
    people.enter(page)
    for step in ("delivery", "payment"):
        people.tab_to(page, f"input[name={step}]")
        page.keyboard.press("Space")
        people.tab_to(page, ".checkout__main .form__actions button")
        people.enter(page)
    people.tab_to(page, "button.button--order")
    people.enter(page)
    number = people.frame(page).get_by_label("Kartennummer")
    number.wait_for()
    for _ in range(30):
        page.keyboard.press("Tab")
        if number.evaluate("field => document.hasFocus() && document.activeElement === field"):
            break
    for text in (people.CARD, "1234", "123"):  # the frame's fields follow one another
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    people.tab_to(page, "[data-pay-button]")
    page.keyboard.press("Enter")
    assert status_of(live_kontor, people.order_number(page)) == "confirmed"
    assert heading(page) == THANKS


def test_who_buys_in_english_is_written_to_in_english(live_kontor: Kontor, open_window: OpenWindow) -> None:
    page = open_window(width=360, height=740, locale="en-GB")
    page.goto(f"{live_kontor.url}/en/")
    look(page, "15-home-en", axe=True)
    order(page, live_kontor, "card", language="/en")
    assert page.locator("html").get_attribute("lang") == "en"
    people.type_card(page, people.CARD, english=True)
    number = people.order_number(page)
    assert heading(page) == "Thank you for your order"
    look(page, "16-thanks-en", axe=True)
    mail = mail_about(live_kontor, people.GUEST["email"], "is confirmed", number)
    text = text_of(mail)
    assert re.search(r"/en/orders/link/", text), text
    assert not re.search(r"Bestellung|Lieferung|Widerruf\b|Gesamt", text), text


@pytest.mark.parametrize("width", [360])
def test_a_guest_buys_on_a_phone(live_kontor: Kontor, open_window: OpenWindow, width: int) -> None:
    page = open_window(width=width, height=740, has_touch=True)
    number = people.buy_by_card(page, live_kontor)
    assert status_of(live_kontor, number) == "confirmed"
