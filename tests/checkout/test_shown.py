"""What basket, steps and summary say, read from the page as it is sent: not what was handed to its template."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from catalogue.partner.models import StockRecord
from checkout.order.models import AcceptedSummary, Order
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_variant, place_order

pytestmark = pytest.mark.django_db
STEPS = ["contact", "delivery", "payment", "summary"]


def said(part: Any) -> str:
    """The words of a part of a page with single spaces."""
    return " ".join(" ".join(part.itertext()).split())


def lines(page: str) -> list[Any]:
    found: list[Any] = html.fromstring(page).find_class("line-item")
    return found


def basket(client: Client) -> Any:
    return html.fromstring(client.get("/basket/").content.decode())


def test_the_summary_names_what_is_bought_and_so_does_what_is_kept(client: Client) -> None:
    """§ 312j (2) BGB with Art. 246a § 1 (1) no. 1 and 5 EGBGB: the goods with their features, number and price, above
    the button; and the same in what was agreed."""
    put_in_basket(client, make_variant(price_minor=9_990, title="Elbschuh", size="42"))
    put_in_basket(client, make_variant(price_minor=4_500, title="Deichstiefel", size="39"), quantity=2)
    page = go_to_summary(client)
    shown = page.content.decode()
    client.post(reverse("checkout:summary"), order_button(page))
    kept = AcceptedSummary.objects.get(order=Order.objects.get()).html
    for text in (shown[: shown.index("button--order")], kept):
        first, second = (said(line) for line in lines(text))
        assert re.search(r"Elbschuh \d+, Marine, 42 1 × 99,90 € .* 99,90 €$", first), first
        assert re.search(r"Deichstiefel \d+, Marine, 39 2 × 45,00 € .* 90,00 €$", second), second


@pytest.mark.parametrize("step", STEPS)
def test_what_is_bought_and_the_total_stand_on_every_step(client: Client, step: str) -> None:
    put_in_basket(client, make_variant(price_minor=3_000), quantity=2)
    go_to_summary(client)
    page = html.fromstring(client.get(reverse(f"checkout:{step}")).content.decode())
    [total] = page.find_class("totals__sum")
    assert said(total) == "Gesamtsumme 64,90 €", "two pairs and 4.90 for delivery"
    [line] = page.find_class("line-item")
    assert re.search(r"Elbschuh \d+, Marine, 42 2 × 30,00 €.* 60,00 €$", said(line)), said(line)


def test_a_basket_line_says_colour_size_number_and_price(client: Client) -> None:
    put_in_basket(client, make_variant(price_minor=9_990, size="42"), quantity=2)
    page = basket(client)
    [line] = page.find_class("line-item")
    assert re.match(r"Elbschuh \d+ Marine · Größe 42 99,90 € je Stück 199,80 €", said(line)), said(line)
    assert line.xpath(".//input[@name='quantity']/@value") == ["2"]
    assert [said(one) for one in page.find_class("totals__sum")] == ["Gesamtsumme 199,80 €"]


def test_a_last_piece_in_an_unpaid_order_is_said_at_its_line(client: Client, clock: Any) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, 14, 2)))
    last = make_variant(stock=1)
    put_in_basket(client, last, make_variant())
    place_order((last, 1), method="card")
    page = basket(client)
    held, free = page.find_class("line-item")
    words = "steckt in einer anderen Bestellung, die noch nicht bezahlt ist, und ist vielleicht um 14:32 Uhr"
    assert words in said(held) and "steckt" not in said(free)
    assert "line-item--problem" in held.get("class") and "line-item--problem" not in free.get("class")
    assert page.find_class("notice--warn"), "said on top as well"
    assert not page.xpath("//a[@href=$to]", to=reverse("checkout:start")), "it cannot be ordered like this"


def test_a_changed_price_is_said_at_its_line(client: Client) -> None:
    shoe = make_variant(price_minor=9_990)
    put_in_basket(client, shoe)
    [line] = basket(client).find_class("line-item")
    assert "89,90" not in said(line)
    StockRecord.objects.filter(pk=shoe.pk).update(price=Decimal("89.90"))
    [line] = basket(client).find_class("line-item")
    note = [said(text) for text in line.find_class("line-item__text") if "99,90" in said(text)]
    assert len(note) == 1 and "89,90" in note[0]


def test_the_basket_has_a_form_for_a_voucher(client: Client) -> None:
    put_in_basket(client, make_variant())
    [form] = basket(client).xpath("//form[@action=$to]", to=reverse("basket:voucher_add"))
    [field] = form.xpath(".//input[@name='code']")
    assert form.get("method") == "post" and field.get("type") == "text"
    assert said(form.xpath(".//label[@for=$id]", id=field.get("id"))[0]) == "Code des Gutscheins"
    assert form.xpath(".//button[@type='submit']") and form.xpath(".//input[@name='csrfmiddlewaretoken']")


def test_the_basket_shows_the_ways_of_delivery_with_their_prices(client: Client) -> None:
    put_in_basket(client, make_variant(price_minor=4_000))
    [form] = basket(client).xpath("//form[@action=$to]", to=reverse("basket:estimate"))
    assert form.xpath(".//select[@name='country']") and form.xpath(".//input[@name='postcode']")
    client.post(reverse("basket:estimate"), {"country": "DE", "postcode": "20457"})
    [ways] = basket(client).find_class("estimate__ways")
    home, pickup = (said(way) for way in ways)
    assert re.search(r"^Lieferung nach Hause .*Gesamtsumme 44,90 € 4,90 €$", home), home
    assert re.search(r"^Abholung im Laden .*Gesamtsumme 40,00 € (kostenlos|0,00 €)$", pickup), pickup


LIMIT = """
  const warned = [], box = {dataset: {limit: new Date(Date.now() + LEFT * 60000).toISOString(), warn: "Bald"},
    querySelector: () => warning, classList: {replace: (old, now) => warned.push(now)}, scrollIntoView: () => {}};
  const warning = {hidden: true, textContent: ""};
  globalThis.document = {querySelectorAll: () => [box]};
  globalThis.setTimeout = (work, ms) => {
    work();
    warned.push(Math.round(ms / 1000), warning.hidden, warning.textContent);
  };
"""


@pytest.mark.parametrize(("minutes_left", "after_s"), [(30, 25 * 60), (6, 60), (3, 0), (-2, 0)])
def test_a_warning_comes_five_minutes_before_goods_are_no_longer_kept(
    minutes_left: int, after_s: int
) -> None:
    """The script itself, in node (WCAG 2.2.1)."""
    script = (settings.BASE_DIR / "static/js/limit.js").read_text()
    code = LIMIT.replace("LEFT", str(minutes_left)) + script + "\nconsole.log(JSON.stringify(warned))"
    answer = subprocess.run(["node", "-e", code], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(answer.stdout) == ["notice--warn", after_s, False, "Bald"]


@pytest.mark.usefixtures("standin")
def test_the_page_with_a_time_limit_brings_its_warning_and_a_button_for_more_time(client: Client) -> None:
    put_in_basket(client, make_variant())
    client.post(reverse("checkout:summary"), order_button(go_to_summary(client, "card")))
    number = Order.objects.get().number
    page = html.fromstring(client.get(reverse("checkout:pay", args=[number])).content.decode())
    [box] = page.xpath("//*[@data-limit]")
    assert dt.datetime.fromisoformat(box.get("data-limit")).tzinfo, "the same moment for every clock"
    assert re.search(r"Um \d\d:\d\d Uhr", box.get("data-warn"))
    [warning] = box.xpath(".//*[@data-limit-warning]")
    assert warning.get("role") == "alert" and warning.get("hidden") is not None
    [form] = box.xpath(".//form")
    assert form.get("action") == reverse("checkout:longer", args=[number])
    assert [one for one in page.xpath("//script/@src") if re.search(r"js/limit(\.\w+)?\.js$", one)]
