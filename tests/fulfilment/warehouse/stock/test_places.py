"""Sites, zones and bins: many at once by a pattern, close and open, nothing that falsifies a sum."""

from __future__ import annotations

import pytest

from fulfilment.warehouse.stock import actions, places
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import Bin, Site
from fulfilment.warehouse.stock.places import BINS_MAX, SERPENTINE, codes_between
from tests.factories.stock import make_bin, make_site, make_stockrecord

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_a_pattern_runs_every_number_by_itself_the_last_one_fastest() -> None:
    codes = codes_between("A-01-1", "a-20-4")
    assert codes[:5] == ["A-01-1", "A-01-2", "A-01-3", "A-01-4", "A-02-1"]
    assert codes[-1] == "A-20-4" and len(codes) == len(set(codes)) == 80


def test_zeros_and_letters_run_as_people_write_them() -> None:
    assert codes_between("R09", "R11") == ["R09", "R10", "R11"]
    assert codes_between("A1", "C2") == ["A1", "A2", "B1", "B2", "C1", "C2"]
    assert codes_between("X-9", "X-11") == ["X-9", "X-10", "X-11"]
    assert codes_between("LADEN", "LADEN") == ["LADEN"]


def test_there_and_back_turns_every_second_shelf_round() -> None:
    codes = codes_between("A-1-1", "A-3-3", walk=SERPENTINE)
    assert codes == ["A-1-1", "A-1-2", "A-1-3", "A-2-3", "A-2-2", "A-2-1", "A-3-1", "A-3-2", "A-3-3"]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("A-1", "A-1-1", "same shape"),
        ("A-9", "A-1", "no row"),
        ("A-1", "B.2", "no row"),
        ("AB-1", "AC-1", "no row"),
        ("A-1-1-1", "A-99-99-9", "at most"),
        ("A-1", f"A-{BINS_MAX + 1}", "no row"),
        ("A-001", "A-9", "no row"),
        ("", "A-1", "1 to 30 letters"),
        ("A\x00", "A-1", "1 to 30 letters"),
        ("A-" + "1" * 10_000, "A-1", "1 to 30 letters"),
        ("Ä-1", "Ä-2", "1 to 30 letters"),
        ("٣-1", "٣-2", "1 to 30 letters"),
    ],
)
def test_what_spans_no_row_is_said_in_words(first: str, last: str, words: str) -> None:
    with pytest.raises(StockError, match=words):
        codes_between(first, last)


def test_bins_are_planned_with_their_turn_and_made_once() -> None:
    there, site = make_bin("A-01-2"), actions.default_site()
    planned = places.plan_bins(first="A-01-1", last="A-01-3", sequence=100, step=5)
    assert [(one.code, one.sequence, one.exists) for one in planned] == [
        ("A-01-1", 100, False),
        ("A-01-2", 105, True),
        ("A-01-3", 110, False),
    ]
    assert places.make_bins(site=site, zone=None, kind="reserve", planned=planned) == 2
    assert places.make_bins(site=site, zone=None, kind="reserve", planned=planned) == 0
    there.refresh_from_db()
    assert (there.kind, there.sequence) == ("pick", 10), "what was there stays as it is"


def test_many_bins_take_few_statements(django_assert_max_num_queries) -> None:
    site = actions.default_site()
    with django_assert_max_num_queries(20):
        planned = places.plan_bins(first="A-01-1", last="A-99-9", sequence=0, step=1)
        assert places.make_bins(site=site, zone=None, kind="pick", planned=planned) == 891


@pytest.mark.parametrize(("sequence", "step"), [(-1, 1), (10**6, 1), (10**9, 1), (0, 10**6)])
def test_a_turn_out_of_range_is_refused(sequence: int, step: int) -> None:
    with pytest.raises(StockError, match="turn on the walk"):
        places.plan_bins(first="A-1", last="A-3", sequence=sequence, step=step)


def test_a_bin_with_pieces_is_not_closed_and_a_closed_one_opens_again() -> None:
    record, full, empty = make_stockrecord(bins={"A-01": 1}), make_bin("A-01"), make_bin("B-01")
    with pytest.raises(StockError, match="A-01 still holds 1 pieces"):
        places.close_bin(bin=full)
    places.close_bin(bin=empty)
    empty.refresh_from_db()
    assert not empty.is_active
    places.open_bin(bin=empty)
    actions.transfer(stockrecord=record, source=full, target=empty, quantity=1)
    places.close_bin(bin=full)


def test_a_bin_crosses_the_line_between_for_sale_and_not_for_sale_only_while_it_is_empty() -> None:
    make_stockrecord(bins={"A-01": 1})
    full, empty = make_bin("A-01"), make_bin("B-01")
    facts = {"zone": None, "sequence": 3}
    with pytest.raises(StockError, match="still holds 1 pieces"):
        places.change_bin(bin=full, code="A-01", kind="quarantine", **facts)
    places.change_bin(bin=full, code="A-01", kind="reserve", **facts)
    places.change_bin(bin=empty, code="B-01", kind="quarantine", **facts)
    assert (full.kind, full.sequence, empty.kind) == ("reserve", 3, "quarantine")


def test_only_a_bin_that_was_never_used_is_removed() -> None:
    make_stockrecord(bins={"A-01": 1})
    with pytest.raises(StockError, match="has a history"):
        places.remove_bin(bin=make_bin("A-01"))
    places.remove_bin(bin=make_bin("B-01"))
    assert set(Bin.objects.values_list("code", flat=True)) == {"A-01"}


def test_what_is_on_its_way_between_sites_has_places_that_nobody_makes_or_changes_by_hand() -> None:
    site, shelf = actions.default_site(), make_bin("A-01")
    way = make_bin("TRANSIT-MAIN", kind="transit")
    facts = {"zone": None, "sequence": 3}
    with pytest.raises(StockError, match="made by transfers"):
        places.make_bin(code="W-01", site=site, kind="transit", **facts)
    with pytest.raises(StockError, match="made by transfers"):
        places.make_bin(code="transit-store", site=site, kind="pick", **facts)
    planned = [places.PlannedBin(code, 1) for code in ("W-01", "W-02")]
    with pytest.raises(StockError, match="made by transfers"):
        places.make_bins(site=site, zone=None, kind="transit", planned=planned)
    with pytest.raises(StockError, match="made by transfers"):
        places.make_bins(site=site, zone=None, kind="pick", planned=[places.PlannedBin("TRANSIT-1", 1)])
    for bin, code, kind in ((shelf, "A-01", "transit"), (shelf, "TRANSIT-A", "pick"), (way, "B-01", "pick")):
        with pytest.raises(StockError, match="made by transfers"):
            places.change_bin(bin=bin, code=code, kind=kind, **facts)
    for verb in (places.close_bin, places.remove_bin):
        with pytest.raises(StockError, match="made by transfers"):
            verb(bin=way)
    kept = Bin.objects.order_by("code").values_list("code", "kind", "is_active", "sequence")
    assert list(kept) == [("A-01", "pick", True, 10), ("TRANSIT-MAIN", "transit", True, 10)]


def test_codes_are_taken_once_whoever_asks() -> None:
    site, other = actions.default_site(), make_bin("B-01")
    make_bin("A-01")
    with pytest.raises(StockError, match="of this code already"):
        places.make_bin(code=" a-01", site=site, zone=None, kind="pick", sequence=0)
    with pytest.raises(StockError, match="of this code already"):
        places.change_bin(bin=other, code="A-01", zone=None, kind="pick", sequence=0)
    make_stockrecord("SKU-7")
    with pytest.raises(StockError, match="The article SKU-7 has the code"):
        places.make_bin(code="sku-7", site=site, zone=None, kind="pick", sequence=0)
    with pytest.raises(StockError, match="The article SKU-7 has the code"):
        planned = [places.PlannedBin(code, 1, False) for code in ("SKU-6", "SKU-7")]
        places.make_bins(site=site, zone=None, kind="pick", planned=planned)
    assert not Bin.objects.filter(code="SKU-6").exists()
    with pytest.raises(StockError, match="another site"):
        zone = actions.place_zone(site=make_site("store"), code="L")
        places.make_bin(code="C-01", site=site, zone=zone, kind="pick", sequence=0)
    with pytest.raises(StockError, match="a site of this code"):
        places.save_site(site=Site(), facts={"code": site.code, "name": "again"})


def test_a_zone_is_removed_when_it_has_no_bins() -> None:
    bin = make_bin("A-01", zone="A")
    assert bin.zone is not None
    with pytest.raises(StockError, match="still has bins"):
        places.remove_zone(zone=bin.zone)
    places.remove_zone(zone=actions.place_zone(site=bin.site, code="EMPTY"))


def test_a_site_closes_with_its_bins_when_it_is_empty_and_not_the_last() -> None:
    record, store = make_stockrecord(bins={"A-01": 2}), make_site("store")
    place = make_bin("L-01", site=store)
    actions.transfer(stockrecord=record, source=make_bin("A-01"), target=place, quantity=1)
    with pytest.raises(StockError, match="Pieces lie at"):
        places.close_site(site=store)
    actions.transfer(stockrecord=record, source=place, target=make_bin("A-01"), quantity=1)
    places.close_site(site=store)
    place.refresh_from_db()
    assert not place.is_active
    with pytest.raises(StockError, match="Open the site"):
        places.open_bin(bin=place)
    with pytest.raises(StockError, match="only open site"):
        places.close_site(site=actions.default_site())
    places.open_site(site=store)
    places.open_bin(bin=place)
