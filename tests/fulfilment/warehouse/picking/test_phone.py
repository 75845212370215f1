"""What the phone is told: manifest, service worker, start page, words; and the policy of the scan screen alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from PIL import Image

from fulfilment.warehouse.picking import actions
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.picking.words import words
from fulfilment.warehouse.stock import actions as stock
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.support.environment import ROOT
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db
SCRIPTS = sorted((ROOT / "static" / "js" / "pick").glob("*.js"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def test_the_app_can_be_installed(desk: Client) -> None:
    answer = desk.get(reverse("warehouse:phone-manifest"))
    assert answer["Content-Type"] == "application/manifest+json"
    told = answer.json()
    assert told["start_url"] == reverse("warehouse:phone")
    assert told["start_url"].startswith(told["scope"])
    assert told["display"] == "standalone"
    for icon in told["icons"]:
        found = finders.find(icon["src"].removeprefix("/static/"))
        assert isinstance(found, str)
        with Image.open(found) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_worker_stands_where_its_scope_begins(desk: Client, language: str) -> None:
    """A browser lets a service worker touch only what lies below its own address."""
    with override(language):
        answer = desk.get(reverse("warehouse:phone-worker"))
        scope = reverse("warehouse:index")
        assert reverse("warehouse:phone-worker").rpartition("/")[0] + "/" == scope
    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer["Cache-Control"]
    assert b'addEventListener("fetch"' in answer.content


def test_only_the_scan_screen_may_run_the_barcode_reader(desk: Client, staff: User, outbox: Outbox) -> None:
    make_order((make_stockrecord(bins={"A-01": 5}), 1))
    outbox.drain()
    pick_list = PickList.objects.get()
    actions.start(pick_list=pick_list, by=staff)
    screen = desk.get(reverse("warehouse:pick", args=[pick_list.pk]))
    assert "'wasm-unsafe-eval'" in screen["Content-Security-Policy"]
    assert "'unsafe-eval'" not in screen["Content-Security-Policy"]
    for other in ("pick-lists", "phone"):
        assert "wasm" not in desk.get(reverse(f"warehouse:{other}"))["Content-Security-Policy"]


def test_the_start_page_shows_the_walks_in_my_hand_and_no_others(
    desk: Client, staff: User, outbox: Outbox
) -> None:
    record = make_stockrecord(bins={"A-01": 9})
    mine, theirs = make_order((record, 1)), make_order((record, 1))
    outbox.drain()
    kai = make_staff("kai@example.org", "picking.pick_orders")
    actions.start(pick_list=PickList.objects.get(order=mine), by=staff)
    actions.start(pick_list=PickList.objects.get(order=theirs), by=kai)
    page = desk.get(reverse("warehouse:phone")).content.decode()
    assert mine.number in page
    assert theirs.number not in page


def test_the_start_page_has_words_for_where_the_app_cannot_work(desk: Client) -> None:
    html = desk.get(reverse("warehouse:phone")).content.decode()
    for part, said in (
        ("insecure", "Please open Kontor at its https address"),
        ("unkept", "no service worker"),
    ):
        assert f'data-part="{part}" hidden' in html and said in html


def test_the_form_without_script_asks_for_the_lot_where_the_article_does(
    desk: Client, staff: User, outbox: Outbox
) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    stock.set_handling(stockrecord=record, tracking="lot", initial_lot="L-7")
    make_order((record, 1))
    outbox.drain()
    pick_list = PickList.objects.get()
    actions.start(pick_list=pick_list, by=staff)
    screen, line = reverse("warehouse:scan", args=[pick_list.pk]), pick_list.lines.get()
    assert 'name="lot"' in desk.get(reverse("warehouse:pick", args=[pick_list.pk])).content.decode()
    told = {"line": line.pk, "code": "SKU-1", "quantity": 1}
    assert desk.post(screen, told).status_code == 409
    assert desk.post(screen, told | {"lot": "L-8"}).status_code == 409
    assert desk.post(screen, told | {"lot": "L-7"}).status_code == 302
    line.refresh_from_db()
    assert line.state == "picked"


def test_every_text_the_scripts_ask_for_is_there() -> None:
    told = set(words())
    asked = {name for path in SCRIPTS for name in re.findall(r"""\bsay\("(\w+)\"""", path.read_text())}
    assert asked <= told, sorted(asked - told)


def test_texts_are_translated_and_keep_their_placeholders() -> None:
    with override("en"):
        english = words()
    with override("de"):
        german = words()
    bare = {"open_of", "by_at"}  # numbers and names alone
    for name, text in english.items():
        assert _placeholders(text) == _placeholders(german[name]), name
        assert name in bare or text != german[name], name


def _placeholders(text: Any) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    return {found for form in forms for found in PLACEHOLDER.findall(form)}


def test_scripts_stay_small() -> None:
    """Read on a phone in a cellar: what the screen loads before the first scan."""
    loaded = [path for path in SCRIPTS if path.name not in ("camera.js", "worker.js", "start.js")]
    assert sum(path.stat().st_size for path in loaded) < 45_000
    assert max(len(Path(path).read_text().splitlines()) for path in SCRIPTS) < 300
