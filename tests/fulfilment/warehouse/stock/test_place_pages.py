"""The pages of sites, zones and bins: forms and lists, bad input in words, constant queries."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fulfilment.warehouse.stock import actions
from fulfilment.warehouse.stock.models import Bin, Site, Zone
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.fulfilment.warehouse.desk_pages import NAUGHTY, page, url
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db

LISTS = ("sites", "zones", "bins")


@pytest.fixture
def manager(staff: User) -> Client:
    """A browser of somebody who may also change sites."""
    client = Client()
    client.force_login(
        make_staff("chefin@example.org", "stock.view_stock", "stock.adjust_stock", "stock.change_site")
    )
    return client


def site_form(**changes: object) -> dict[str, object]:
    return {"code": "Laden", "name": "Shop", "country": "de", "position": 3, "ships": "on"} | changes


def many(**changes: object) -> dict[str, object]:
    facts = {
        "site": actions.default_site().pk, "kind": "pick", "first": "A-01-1", "last": "A-02-2", "sequence": 10,
        "step": 10, "walk": "listed",
    }  # fmt: skip
    return facts | changes


def test_a_site_is_opened_changed_closed_and_opened_again(manager: Client) -> None:
    make_bin("A-01")
    answer = manager.post(url("new-site"), site_form(), follow=True)
    site = Site.objects.get(code="laden")
    assert "Site Shop is saved" in page(answer) and (site.country, site.ships) == ("DE", True)
    answer = manager.post(url("edit-site", site.pk), site_form(name="Store", ships=""), follow=True)
    assert "Site Store is saved" in page(answer) and not Site.objects.get(pk=site.pk).ships
    assert "is closed, with all of its bins" in page(manager.post(url("close-site", site.pk), follow=True))
    assert "This site is closed" in page(manager.get(url("site", site.pk)))
    assert "Store is open" in page(manager.post(url("open-site", site.pk), follow=True))
    answer = manager.post(url("new-site"), site_form())
    assert answer.status_code == 400 and "already exists" in page(answer)


def test_the_warehouse_sees_sites_but_does_not_change_them(desk: Client) -> None:
    site = actions.default_site()
    assert desk.get(url("site", site.pk)).status_code == 200
    for name in ("edit-site", "close-site", "open-site"):
        assert desk.post(url(name, site.pk)).status_code == 403
    assert "Close this site" not in page(desk.get(url("site", site.pk)))


def test_a_zone_is_added_changed_and_removed(desk: Client) -> None:
    site = actions.default_site()
    answer = desk.post(
        url("new-zone", site.pk), {"code": "h", "name": "High bay", "sequence": 5}, follow=True
    )
    assert "Zone H of Hauptlager is saved" in page(answer)
    again = desk.post(url("new-zone", site.pk), {"code": "H", "sequence": 5})
    assert again.status_code == 400 and "a zone of this code already" in page(again)
    zone = Zone.objects.get(code="H")
    desk.post(url("edit-zone", zone.pk), {"code": "H", "name": "High", "sequence": 7})
    zone.refresh_from_db()
    assert (zone.name, zone.sequence) == ("High", 7)
    make_bin("H-01", zone="H")
    assert "still has bins" in page(desk.post(url("remove-zone", zone.pk), follow=True))
    desk.post(url("remove-bin", Bin.objects.get(code="H-01").pk))
    assert "Zone H is removed" in page(desk.post(url("remove-zone", zone.pk), follow=True))


def test_many_bins_are_looked_at_before_they_are_put_up(desk: Client) -> None:
    answer = desk.post(url("many-bins"), many(preview="1"))
    assert answer.status_code == 200 and not Bin.objects.exists()
    assert "4 bins will be put up" in page(answer) and "A-02-1 30" in page(answer)
    make_bin("A-01-2")
    assert "1 of these codes is there already" in page(desk.post(url("many-bins"), many(preview="1")))
    answer = desk.post(url("many-bins"), many(make="1"), follow=True)
    assert "3 bins are put up" in page(answer)
    assert list(Bin.objects.values_list("code", "sequence")) == [
        ("A-01-1", 10), ("A-01-2", 10), ("A-02-1", 30), ("A-02-2", 40),
    ]  # fmt: skip


def test_a_long_preview_is_cut_and_says_so(desk: Client) -> None:
    text = page(desk.post(url("many-bins"), many(last="A-20-9", preview="1")))
    assert "180 bins will be put up" in text and "and 120 more" in text and "A-20-9" in text


def test_a_bin_is_changed_closed_and_opened(desk: Client) -> None:
    bin = make_bin("A-01")
    form = {"code": "A-09", "zone": "", "kind": "reserve", "sequence": 4}
    assert "Bin A-09 is saved" in page(desk.post(url("edit-bin", bin.pk), form, follow=True))
    assert "Bin A-09 is closed" in page(desk.post(url("close-bin", bin.pk), follow=True))
    assert "closed: nothing is put into it" in page(desk.get(url("bin", bin.pk)))
    assert "Bin A-09 is open" in page(desk.post(url("open-bin", bin.pk), follow=True))
    make_stockrecord(bins={"A-09": 2})
    answer = desk.post(url("edit-bin", bin.pk), form | {"kind": "quarantine"})
    assert answer.status_code == 400 and "Please move them first" in page(answer)
    assert "Please move them first" in page(desk.post(url("close-bin", bin.pk), follow=True))
    assert "has a history" in page(desk.post(url("remove-bin", bin.pk), follow=True))


def test_the_pages_say_that_a_place_on_the_way_belongs_to_transfers(desk: Client) -> None:
    site, way = actions.default_site(), make_bin("TRANSIT-MAIN", kind="transit")
    assert "on its way" not in page(desk.get(url("new-bin")))
    form = {"code": "W-01", "site": site.pk, "zone": "", "kind": "transit", "sequence": 4}
    for answer in (
        desk.post(url("new-bin"), form),
        desk.post(url("many-bins"), many(kind="transit")),
        desk.post(url("edit-bin", make_bin("A-01").pk), form | {"code": "A-01"}),
        desk.post(url("edit-bin", way.pk), form | {"code": "TRANSIT-MAIN", "kind": "pick"}),
    ):
        assert answer.status_code == 400 and "made by transfers" in page(answer)
    assert "made by transfers" in page(desk.post(url("close-bin", way.pk), follow=True))
    html = page(desk.get(url("bin", way.pk)))
    assert url("edit-bin", way.pk) not in html and url("close-bin", way.pk) not in html
    assert url("receive") not in html and url("count-ask") not in html
    assert "belongs to the transfers" in html
    assert set(Bin.objects.values_list("code", "kind")) == {("TRANSIT-MAIN", "transit"), ("A-01", "pick")}


def test_a_bin_shows_what_lies_there_what_moved_and_what_will_be_taken(desk: Client, outbox: Outbox) -> None:
    order = make_order((make_stockrecord("ELBE", bins={"A-01": 5}), 2))
    outbox.drain()
    Bin.objects.get(code="A-01").contents.update(is_doubtful=True)
    with CaptureQueriesContext(connection) as seen:
        text = page(desk.get(url("bin", Bin.objects.get(code="A-01").pk)))
    assert "doubtful: found empty" in text and "received" in text and "+5" in text
    assert f"2 × ELBE Order {order.number}" in text
    assert len(seen) <= 15


def test_bins_are_filtered_by_site_zone_kind_and_state(desk: Client) -> None:
    make_stockrecord(bins={"A-01": 1})
    store = make_site("store")
    other = make_bin("L-01", site=store, zone="L", kind="shop_floor")
    closed = make_bin("B-01", zone="B")
    Bin.objects.filter(pk=closed.pk).update(is_active=False)
    wanted = {
        f"site={store.pk}": {"L-01"},
        f"zone={other.zone_id}": {"L-01"},
        "kind=shop_floor": {"L-01"},
        "show=closed": {"B-01"},
        "show=empty": {"L-01"},
        "q=a-0": {"A-01"},
        "": {"A-01", "L-01", "B-01"},
    }
    for query, codes in wanted.items():
        answer = desk.get(f"{url('bins')}?{query}&format=csv")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
        assert {row[0] for row in rows[1:]} == codes, query


FORMS = {
    "new-site": (site_form(), ("code", "name", "country", "position", "email", "street")),
    "new-zone": ({"code": "Z", "sequence": 1}, ("code", "name", "sequence")),
    "new-bin": ({"code": "Z-1", "kind": "pick", "sequence": 1}, ("code", "site", "zone", "kind", "sequence")),
    "many-bins": (
        {"kind": "pick", "first": "A-1", "last": "A-2", "sequence": 1, "step": 1, "walk": "listed", "make": "1"},
        ("site", "zone", "kind", "first", "last", "sequence", "step", "walk"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("text", [*NAUGHTY, "\x00", "x" * 10_000, str(10**30), "0"])
def test_nonsense_in_any_field_is_answered_in_words(manager: Client, name: str, text: str) -> None:
    site = actions.default_site()
    facts, fields = FORMS[name]
    address = url(name, site.pk) if name == "new-zone" else url(name)
    for field in fields:
        answer = manager.post(address, {"site": site.pk, **facts, field: text})
        assert answer.status_code in (302, 400), (field, text[:20])
        if answer.status_code == 400:
            words = page(answer)
            assert "Please check what you entered" in words or "cannot be stored" in words, field


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("text", [*NAUGHTY, str(10**30)])
def test_junk_in_the_address_never_breaks_a_list(desk: Client, name: str, text: str) -> None:
    for key in ("q", "site", "zone", "kind", "show", "sort", "page", "format"):
        assert desk.get(url(name), {key: text}).status_code in (200, 400), key


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_the_same_number_of_questions_for_few_and_many(desk: Client, name: str) -> None:
    def fill(start: int) -> int:
        for n in range(start, start + 4):
            site = make_site(f"s{n}")
            make_bin(f"S{n}-1", site=site, zone=f"Z{n}")
            make_stockrecord(f"SKU-{n}", bins={f"S{n}-1": 2})
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(url(name)).status_code == 200
        return len(seen)

    desk.get(url(name))
    assert fill(0) == fill(4) <= 12


@pytest.mark.parametrize("name", LISTS)
def test_a_list_says_something_helpful_when_it_is_empty_and_leaves_as_csv(desk: Client, name: str) -> None:
    assert 'class="empty"' in desk.get(url(name)).content.decode()
    assert "Nothing found" in page(desk.get(url(name), {"q": "zzz"}))
    make_bin("A-01", site=make_site("store", name="=HYPERLINK(1)"))
    text = desk.get(url(name), {"format": "csv"}).content.decode("utf-8-sig")
    assert ";'=HYPERLINK(1)" in text or "'=HYPERLINK(1);" in text


@pytest.mark.parametrize("name", ["site", "edit-site", "edit-zone", "new-zone", "edit-bin"])
def test_places_that_are_not_there_are_not_found(manager: Client, name: str) -> None:
    for pk in (0, 99_999, 10**17):
        assert manager.get(url(name, pk)).status_code == 404
