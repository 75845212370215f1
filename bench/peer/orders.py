"""A whole order by a guest, through the pages of each shop as a browser walks them."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid

EMAIL = "erika@example.org"
STOCK_ADDRESS = {
    "first_name": "Erika",
    "last_name": "Beispiel",
    "line1": "Musterweg 1",
    "line4": "Hamburg",
    "postcode": "20457",
    "country": "DE",
    "phone_number": "",
    "notes": "",
}
CONTACT = {
    "email": EMAIL,
    "billing-first_name": "Erika",
    "billing-last_name": "Beispiel",
    "billing-line1": "Musterweg 1",
    "billing-postcode": "20457",
    "billing-line4": "Hamburg",
    "billing-country": "DE",
}


class Guest:
    """A browser with cookies that follows redirects."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> str:
        """The page after all redirects."""
        with self.opener.open(f"{self.base}{path}", timeout=60) as answer:
            self.at = urllib.parse.urlsplit(answer.geturl()).path
            return str(answer.read().decode())

    def post(self, path: str, data: dict[str, str], page: str = "") -> str:
        """Send a form, with the token of the page it stands on; the page that follows."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        if token:
            data = {**data, "csrfmiddlewaretoken": token.group(1)}
        asked = urllib.request.Request(
            f"{self.base}{path}",
            urllib.parse.urlencode(data).encode(),
            {"Origin": self.base, "Referer": self.base},
        )
        with self.opener.open(asked, timeout=60) as answer:
            self.at = urllib.parse.urlsplit(answer.geturl()).path
            return str(answer.read().decode())


def order_at_stock(port: int, product_path: str) -> None:
    """Look at a product, put its first variant in the basket, order as a guest. Raises RuntimeError when it ends
    elsewhere than on the page of thanks."""
    guest = Guest(port)
    page = guest.get(product_path)
    form = re.search(r'action="(/basket/add/\d+/)"', page)
    child = re.search(r'<option value="(\d+)"', page)
    if not form:
        raise RuntimeError(f"{product_path} cannot be bought")
    wish = {"quantity": "1"} | ({"child_id": child.group(1)} if child else {})
    guest.post(form.group(1), wish, page)
    page = guest.get("/basket/")
    page = guest.get("/checkout/")
    page = guest.post("/checkout/", {"username": EMAIL, "options": "anonymous"}, page)
    page = guest.post("/checkout/shipping-address/", STOCK_ADDRESS, page)
    page = guest.get("/checkout/preview/")
    guest.post("/checkout/preview/", {"action": "place_order"}, page)
    if not guest.at.endswith("/thank-you/"):
        raise RuntimeError(f"the stock shop ended at {guest.at}")


def _put_in_kontors_basket(guest: Guest, product_path: str) -> None:
    page = guest.get(product_path)
    variant = re.search(r'name="product_id" value="(\d+)"', page)
    if not variant:
        raise RuntimeError(f"{product_path} cannot be bought")
    guest.post("/basket/add/", {"product_id": variant.group(1), "quantity": "1"}, page)


def cookies_with_a_basket(port: int, product_path: str) -> str:
    """What the browser of a guest sends at Kontor who has a piece in the basket and has read the message of it."""
    guest = Guest(port)
    _put_in_kontors_basket(guest, product_path)
    guest.get("/basket/")
    return "; ".join(f"{one.name}={one.value}" for one in guest.jar if one.value)


def order_at_kontor(port: int, product_path: str) -> None:
    """The same at Kontor, paid in advance. Raises RuntimeError when it ends elsewhere than at the order."""
    guest = Guest(port)
    _put_in_kontors_basket(guest, product_path)
    page = guest.get("/checkout/")
    # Another guest each time: goods are kept for a few unpaid orders of one person only.
    page = guest.post(guest.at, CONTACT | {"email": f"{uuid.uuid4().hex[:12]}@example.org"}, page)
    for field, chosen in (("delivery", "home"), ("payment", "prepayment")):
        page = guest.post(guest.at, {field: chosen}, page)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    hidden.pop("csrfmiddlewaretoken", None)
    guest.post(guest.at, hidden, page)
    if not guest.at.startswith("/orders/K"):
        raise RuntimeError(f"Kontor ended at {guest.at}")
