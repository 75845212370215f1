"""The ways of four shoppers with a phone: to the order button, past it in two ways, and through an account."""

from __future__ import annotations

import re
import secrets
import shutil
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "var" / "judge"
WINDOW: Any = {"viewport": {"width": 360, "height": 740}, "locale": "de-DE", "reduced_motion": "reduce"}
CHROME = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
STEPS = ("contact", "delivery", "payment", "summary")
#: Pages that robots are asked to leave alone. Every other page must not ask for it.
NOT_FOR_SEARCH = ("search", "basket", *STEPS, "card", "thanks")
MEMBERS = (
    "member-"  #: what the names of pages of an account begin with: no Lighthouse, as nobody else sees them
)
MEMBER = "mareike@kundschaft.example"  #: of the demo shop
#: Pages behind those of the account: where the first link is that leads there.
BEHIND = {
    "order": ("/account/orders/", "main th a[href*='/account/orders/']"),
    "order-again": ("/account/orders/", "main a[href$='/again/']"),
    "address": ("/account/addresses/", "main a[href$='/account/addresses/new/']"),
}
PAGES = ("home", "list", "narrowed", "search", "product", "basket", *STEPS, "thanks", "card")
#: Bytes that came over the wire, compressed, without pictures of products: those of categories and of written pages
#: count. Of other servers' files a page is told nothing.
WEIGHT = """() => ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))
    .filter(one => !new URL(one.name).pathname.startsWith('/media/images/products/'))
    .reduce((sum, one) => sum + one.transferSize, 0)"""
A_PRODUCT = "main .products a[href*='/catalogue/']"
FIRST_FILTERS = """() => [...document.querySelectorAll('#facets details')].slice(0, 2)
    .map(one => one.querySelector('input[type=checkbox]')).filter(Boolean).map(one => [one.name, one.value])"""
ROBOTS = re.compile(r'<meta name="robots" content="[^"]*noindex')


@dataclass
class Seen:
    """One page: where it is, what the browser must bring to see it, and its HTML."""

    name: str
    url: str
    cookie: str
    html: str
    axe: list[str] = field(default_factory=list)
    weight: int = 0  #: bytes

    @property
    def is_of_member(self) -> bool:
        """Whether it is a page of the account: Lighthouse is not asked about these."""
        return self.name.startswith(MEMBERS)

    @property
    def is_for_search(self) -> bool:
        """Whether search engines shall show it."""
        return self.name not in NOT_FOR_SEARCH and not self.is_of_member

    @property
    def is_kept_from_search(self) -> bool:
        """Whether the page asks robots to leave it alone."""
        return bool(ROBOTS.search(self.html))


def chromium() -> str:
    """The browser's program; ends with a sentence where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("kontor: no Chromium on this machine; on Debian: apt-get install chromium")


@contextmanager
def own_browser() -> Iterator[Browser]:
    """A browser for the walk alone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROME[1:])
        yield browser
        browser.close()


def visit(browser: Browser, url: str, *, axe: bool, pictures: Path | None = None) -> list[Seen]:
    """Walk to each page as a shopper on a phone does, and keep what it takes to come back. ``pictures``: a folder for
    one picture of each."""
    pages: list[Seen] = []
    for way in (_to_the_button, _in_advance, _by_card, _member):
        context = browser.new_context(**WINDOW)
        page = context.new_page()
        for name in way(page, url):
            page.wait_for_load_state("networkidle")
            seen = _second_look(browser, page, name)
            seen.axe = _barriers(page) if axe else []
            if pictures:
                page.screenshot(path=pictures / f"{name}.png", full_page=True)
            pages.append(seen)
        context.close()
    return pages


def _second_look(browser: Browser, page: Page, name: str) -> Seen:
    """The page as somebody gets it who brings the cookies and nothing else: all that it needs comes over the wire."""
    cookies = page.context.cookies()
    anew = browser.new_context(**WINDOW, storage_state=page.context.storage_state())
    again = anew.new_page()
    answer = again.goto(page.url, wait_until="networkidle")
    if answer is None or not answer.ok or again.url != page.url:
        sys.exit(f"kontor: {name} cannot be seen a second time: {answer and answer.status} for {again.url}")
    cookie = "; ".join(f"{one.get('name')}={one.get('value')}" for one in cookies)
    seen = Seen(name, page.url, cookie, answer.text(), weight=int(again.evaluate(WEIGHT)))
    anew.close()
    return seen


def _barriers(page: Page) -> list[str]:
    from tests.support.axe import SHOP_RULES, barriers

    return barriers(page, SHOP_RULES)


def _to_the_button(page: Page, url: str) -> Iterator[str]:
    """Every page up to the order button, which is not pressed: so each of them can be opened once more."""
    page.goto(f"{url}/")
    yield "home"
    _follow(page, ".site-footer nav a[href*='/catalogue/category/']")
    yield "list"
    chosen = dict(page.evaluate(FIRST_FILTERS))
    page.goto(f"{page.url.split('?')[0]}?{urllib.parse.urlencode(chosen)}")
    page.locator(".applied li").nth(len(chosen) - 1).wait_for(state="attached")
    yield "narrowed"
    word = page.locator(".product-card__title").first.inner_text().split()[0]
    page.goto(f"{url}/catalogue/search/?{urllib.parse.urlencode({'q': word})}")
    yield "search"
    _follow(page, A_PRODUCT)
    yield "product"
    yield from _checkout(page, url, "prepayment")


def _checkout(page: Page, url: str, payment: str) -> Iterator[str]:
    """From a product to the summary, as a guest."""
    from tests.browser import people

    size = page.locator(".product__form input[name=product_id]:not([disabled])").first
    if size.get_attribute("type") == "radio":
        size.check(force=True)
        page.wait_for_load_state("networkidle")
    page.locator(".product__form button[type=submit]").first.click()
    page.wait_for_load_state("networkidle")
    page.goto(f"{url}/basket/")
    yield "basket"
    people.to_checkout(page)
    yield "contact"
    # One address may keep goods by so many unpaid orders and no more.
    people.say_who(page, email=f"judge-{secrets.token_hex(4)}@gast.example")
    page.locator("input[name=delivery]").first.wait_for()
    yield "delivery"
    people.pick_option(page, "delivery")
    page.locator("input[name=payment]").first.wait_for()
    yield "payment"
    people.pick_option(page, "payment", payment)
    page.locator("button.button--order").wait_for()
    yield "summary"


def _order(page: Page, url: str, payment: str) -> None:
    """Straight to the button and press it; nothing on the way is judged again."""
    page.goto(f"{url}/")
    _follow(page, A_PRODUCT)
    for _step in _checkout(page, url, payment):
        pass
    page.locator("button.button--order").click()


def _in_advance(page: Page, url: str) -> Iterator[str]:
    _order(page, url, "prepayment")
    page.wait_for_url("**/orders/*/")
    yield "thanks"


def _by_card(page: Page, url: str) -> Iterator[str]:
    _order(page, url, "card")
    page.locator("#payment-element iframe").first.wait_for()
    yield "card"


def _member(page: Page, url: str) -> Iterator[str]:
    """Every page that the row of the account leads to, the wish list with something on it, and as others see it; an
    order, the form to order it again, and that of an address."""
    from tests.browser import people

    people.sign_in(page, url, MEMBER, "/account/")
    addresses = page.locator(".account-nav a").evaluate_all("links => links.map(link => link.pathname)")
    page.goto(f"{url}/")
    _follow(page, A_PRODUCT)
    page.locator(".product__wish button").click()
    page.locator(".wishes").wait_for()
    if (
        start := page.locator("button[name=step][value=start]")
    ).count():  # shared before, in a shop judged twice
        start.click()
    page.locator("button[name=step][value=stop]").wait_for()
    shared = str(page.locator("a[href*='/wishes/shared/']").get_attribute("href"))
    for address in [one for one in addresses if one != "/withdrawal/"]:
        page.goto(url + address)
        yield MEMBERS + address.strip("/").replace("/", "-")
    page.goto(urllib.parse.urljoin(url, shared))
    yield f"{MEMBERS}wishes-shared"
    page.goto(f"{url}/account/orders/")
    if not page.locator(BEHIND["order"][1]).count():
        _order(page, url, "prepayment")
        page.wait_for_url("**/orders/*/")
    for name, (address, link) in BEHIND.items():
        page.goto(url + address)
        _follow(page, link)
        yield MEMBERS + name


def _follow(page: Page, selector: str) -> None:
    page.goto(urllib.parse.urljoin(page.url, str(page.locator(selector).first.get_attribute("href"))))
