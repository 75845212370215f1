"""What shoppers and staff do in the browser, for the stories. Pages are found by what people see, in German or English.

``KONTOR_PICTURES=/folder`` keeps a picture of every page the stories pass, to look at.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shop.demo.logins import PASSWORD
from tests.support.axe import barriers
from tests.support.kontor import Kontor

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Locator, Page

PICTURES = os.environ.get("KONTOR_PICTURES", "")
CARD, DECLINED, ASKS_THE_BANK = "4242424242424242", "4000000000000002", "4000002760003184"
ORDER_NUMBER = re.compile(r"/orders/(K[\w-]+)/")
GUEST = {
    "email": "gudrun@gast.example",
    "billing-first_name": "Gudrun",
    "billing-last_name": "Gast",
    "billing-line1": "Musterweg 1",
    "billing-postcode": "20457",
    "billing-line4": "Hamburg",
}


#: Between two pages there is no document: then it is asked again.
OVERHANG = "(root => root ? root.scrollWidth - root.clientWidth : 1)(document.documentElement)"
FRAME_MS, FRAMES = (
    50,
    20,
)  #: so long and so often a page is given time to follow a window that changed its size


def overhang(page: Page) -> int:
    """How many pixels the page is wider than its window, once it has followed it. Asked from outside, several times:
    where no scripts may run (mails, windows without JavaScript), nothing inside ever tells that it is done."""
    page.wait_for_load_state("domcontentloaded")
    wider = int(page.evaluate(OVERHANG))
    for _frame in range(FRAMES):
        if wider <= 0:
            break
        page.wait_for_timeout(FRAME_MS)
        wider = int(page.evaluate(OVERHANG))
    return wider


def look(page: Page, name: str, *, axe: bool = False) -> None:
    """Look at the page when it is there, with its styles: keep a picture where wanted, and with ``axe`` find nothing
    that keeps people out."""
    page.wait_for_load_state()
    if PICTURES:
        width = (page.viewport_size or {"width": 0})["width"]
        # hiding the caret is done by an inline style, which the content policy refuses
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True, caret="initial")
    wider = overhang(page)
    assert wider <= 0, f"{name} is {wider} px wider than the window"
    if axe:
        # From the top: what has scrolled under a head that stays counts as covered.
        page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        found = barriers(page)
        assert not found, f"{name}: {found}"


def press(page: Page | Locator, words: str) -> None:
    """Click the button with these words (a part of its label)."""
    page.get_by_role("button", name=words).click()


def sign_in(page: Page, url: str, email: str, goes_to: str = "/") -> None:
    """Sign in with the demo password and land on ``goes_to``."""
    page.goto(f"{url}/accounts/login/?next={goes_to}")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(lambda address: "/accounts/login/" not in address)


@dataclass(frozen=True)
class Shoe:
    """A variant one can buy."""

    title: str
    address: str
    colour: str
    size: str


def shoe_in_stock(kontor: Kontor, pieces: int = 6) -> Shoe:
    """A variant with enough pieces left for a story, in one of several colours."""
    rows = kontor.rows(
        "SELECT parent.title, parent.slug || '_' || parent.id, colour.name, child.size"
        " FROM partner_stockrecord AS record"
        " JOIN catalogue_product AS child ON child.id = record.product_id"
        " JOIN catalogue_product AS parent ON parent.id = child.parent_id"
        " JOIN catalogue_colour AS colour ON colour.id = child.colour_id"
        " WHERE child.size <> '' AND record.price > 90 AND record.num_in_stock - COALESCE(record.num_allocated, 0) >= ?"
        " AND (SELECT COUNT(DISTINCT colour_id) FROM catalogue_product WHERE parent_id = parent.id) > 1"
        " ORDER BY parent.id, child.id DESC LIMIT 1",
        pieces,
    )
    assert rows, "nothing is left in stock"
    return Shoe(*rows[0])


def open_a_shelf(page: Page) -> None:
    """Open the first shelf with products from the menu, as a phone or a wide window shows it."""
    menu = page.locator(".menu-button")
    if menu.is_visible():
        menu.click()
    entry = page.locator(".site-menu__list > li").first
    if entry.locator("summary").count():
        entry.locator("summary").click()
    entry.locator("a").first.click()
    page.locator(".product-card").first.wait_for()


def find_shoe(page: Page, url: str, shoe: Shoe) -> None:
    """Find a shoe by the search field and open it."""
    search = page.locator("#site-q")
    if not search.is_visible():
        page.goto(url)
    search.fill(shoe.title)
    search.press("Enter")
    page.locator(f".product-card__title a[href*='{shoe.address}']").click()
    page.locator("h1.product__title").wait_for()


def choose(page: Page, shoe: Shoe) -> None:
    """Colour, then size; with script the page renews itself for each."""
    colour = page.locator("a.chip", has_text=shoe.colour)
    if not colour.get_attribute("aria-current"):
        colour.click()
        page.locator("a.chip[aria-current=true]", has_text=shoe.colour).wait_for()
    size = page.locator("label.chip").filter(has_text=re.compile(rf"^\s*{re.escape(shoe.size)}\b")).first
    if not size.locator("input").is_checked():
        size.click()
    page.wait_for_load_state("networkidle")
    page.locator(".product__add button").wait_for()


def add_to_basket(page: Page) -> None:
    """Put what is shown into the basket and open it."""
    page.locator(".product__add button[type=submit]").click()
    page.wait_for_load_state("networkidle")
    page.locator("a.tool--basket").click()
    page.locator(".line-item").first.wait_for()


def to_checkout(page: Page) -> None:
    """From the basket to the first step."""
    page.locator(".checkout__total a.button").click()
    page.locator("input[name='billing-first_name']").wait_for()


def say_who(page: Page, **changes: str) -> None:
    """Fill in contact and address and go on."""
    for name, value in (GUEST | changes).items():
        field = page.locator(f"input[name='{name}']")
        if field.get_attribute("type") != "hidden":
            field.fill(value)
    go_on(page)


def go_on(page: Page) -> None:
    """The one button of a checkout step."""
    page.locator(".checkout__main .form__actions button").click()


def pick_option(page: Page, name: str, value: str = "") -> None:
    """Choose one of the large cards (the one already chosen when none is named) and go on."""
    if value:
        page.locator(f"input[name={name}][value={value}]").check()
    go_on(page)


def place(page: Page) -> None:
    """The button that obliges."""
    page.locator("button.button--order").click()


def order_number(page: Page) -> str:
    """Of the order page the browser is on."""
    page.wait_for_url(ORDER_NUMBER)
    found = ORDER_NUMBER.search(page.url)
    assert found
    return found[1]


def frame(page: Page) -> FrameLocator:
    """The provider's card fields."""
    return page.frame_locator("#payment-element iframe")


def type_card(page: Page, number: str, *, english: bool = False) -> None:
    """Type a card into the provider's frame and pay."""
    labels = (
        ("Card number", "Expir", "CVC|Security") if english else ("Kartennummer", "Gültig bis", "Prüfnummer")
    )
    for label, text in zip(labels, (number, "1234", "123"), strict=True):
        field = frame(page).get_by_label(re.compile(label))
        field.fill("")
        field.press_sequentially(text)
    page.locator("[data-pay-button]").click()


def tab_to(page: Page, selector: str, *, most: int = 120) -> None:
    """Press Tab until the focus, which must be visible, is on something."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector + ':focus-visible')", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by Tab on {page.url}")


def enter(page: Page) -> None:
    """Press Enter where the focus is, and wait for the page it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def scan(page: Page, code: str) -> dict[str, Any]:
    """A hand scanner: types fast wherever the focus is and ends with Enter; gives what the screen answered.

    The picker's app answers on the page, other screens with a new one.
    """
    app = page.locator("html[data-app=ready]")
    if app.count():
        before = int(app.get_attribute("data-scans") or 0)
        page.keyboard.type(f"{code}\n")
        page.locator(f"html[data-scans='{before + 1}']").wait_for(state="attached")
    else:
        page.keyboard.type(code)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    result = page.locator("[data-scan-result]")
    if not result.count():
        return {"kind": "", "text": ""}
    return {"kind": result.get_attribute("data-scan-result"), "text": result.inner_text()}


def pdf(page: Page, address: str) -> bytes:
    """A PDF that a link of the page leads to, fetched with the window's own session."""
    answer = page.request.get(address if "://" in address else _origin(page) + address)
    assert answer.ok, f"{answer.status} for {address}"
    assert answer.headers["content-type"] == "application/pdf"
    return answer.body()


def _origin(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])


def fill_basket(page: Page, kontor: Kontor) -> None:
    """From the home page to the first step of the checkout, looking at every page on the way."""
    page.goto(kontor.url)
    look(page, "01-home", axe=True)
    open_a_shelf(page)
    look(page, "02-list", axe=True)
    shoe = shoe_in_stock(kontor)
    find_shoe(page, kontor.url, shoe)
    look(page, "03-product", axe=True)
    choose(page, shoe)
    add_to_basket(page)
    assert shoe.size in page.locator(".line-item").first.inner_text()
    look(page, "04-basket", axe=True)
    to_checkout(page)


def walk_to_summary(page: Page, method: str, *, who: bool = True) -> None:
    """All steps up to the order button."""
    look(page, "05-contact", axe=True)
    if who:
        say_who(page)
    else:
        go_on(page)
    page.locator("input[name=delivery]").first.wait_for()
    look(page, "06-delivery", axe=True)
    pick_option(page, "delivery")
    look(page, "07-payment", axe=True)
    pick_option(page, "payment", method)
    page.locator("button.button--order").wait_for()
    look(page, "08-summary", axe=True)


def member_to_summary(page: Page, method: str) -> None:
    """From the basket to the order button: who has ordered before is led straight there, others take every step."""
    page.locator(".checkout__total a.button").click()
    first, last = page.locator("input[name='billing-first_name']"), page.locator("button.button--order")
    first.or_(last).wait_for()
    if first.count():
        walk_to_summary(page, method, who=False)
    look(page, "08-summary-of-a-member", axe=True)


def buy_by_card(page: Page, kontor: Kontor) -> str:
    """A guest buys a shoe with a card, looking at every page on the way; returns the order number."""
    fill_basket(page, kontor)
    walk_to_summary(page, "card")
    button = page.locator("button.button--order")
    assert button.inner_text().strip() == "zahlungspflichtig bestellen"
    button.click()
    frame(page).get_by_label("Kartennummer").wait_for()
    look(page, "09-card", axe=True)
    type_card(page, CARD)
    number = order_number(page)
    assert page.get_by_role("heading", level=1).inner_text() == "Vielen Dank für Ihre Bestellung"
    look(page, "10-thanks", axe=True)
    return number
