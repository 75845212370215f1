"""Beside the basket's lines: kept for later, costs of delivery, what another checkout holds, two that become one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalogue.partner.models import Reservation, StockRecord
from checkout.basket import later, middleware
from checkout.basket.models import Basket, Line  # type: ignore[attr-defined]
from checkout.order.models import OrderDiscount  # type: ignore[attr-defined]
from tests.factories.offers import make_offer, make_range, make_voucher
from tests.factories.range import make_category, make_product, variants
from tests.factories.shopping import make_basket, make_user, place_order

pytestmark = pytest.mark.django_db
BUDGET = (
    8  #: SQL statements of the basket page, however many lines, offers, vouchers and kept things there are
)


def add(client: Client, record: StockRecord, quantity: int = 1) -> Any:
    return client.post("/basket/add/", {"product_id": record.product_id, "quantity": quantity}, follow=True)


def keep(client: Client, index: int = 0) -> Any:
    line = client.get("/basket/").context["lines"][index]
    return client.post(f"/basket/lines/{line.id}/later/", follow=True)


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def in_basket(client: Client) -> list[tuple[str, int]]:
    return [(line.title, line.quantity) for line in client.get("/basket/").context["lines"]]


def kept(client: Client) -> list[tuple[str, int]]:
    return [(line.title, line.quantity) for line in client.get("/basket/").context["kept"]]


@pytest.mark.parametrize("member", [False, True])
def test_a_line_is_kept_for_later_and_comes_back_with_its_pieces(client: Client, member: bool) -> None:
    if member:
        client.force_login(make_user())
    add(client, variants(make_product("Elbschuh", price_minor=9_990))[0], 3)
    page = keep(client)
    assert page.context["empty"] and page.context["undo"]["what"] == "kept"
    assert "Elbschuh" in page.content.decode()
    assert kept(client) == [("Elbschuh", 3)]
    client.post(f"/basket/later/{page.context['undo']['id']}/back/")
    assert (in_basket(client), kept(client)) == ([("Elbschuh", 3)], [])


def test_what_is_kept_is_in_no_total_and_in_no_order(client: Client) -> None:
    first, second = variants(make_product(price_minor=9_990))
    add(client, first)
    add(client, second)
    keep(client)
    context = client.get("/basket/").context
    assert (len(context["lines"]), context["total_minor"]) == (1, 9_990)
    assert Basket.objects.get(status=Basket.SAVED).lines.count() == 1


def test_a_deleted_kept_thing_can_be_kept_again(client: Client) -> None:
    add(client, variants(make_product("Elbschuh"))[0], 2)
    line = keep(client).context["kept"][0]
    page = client.post(f"/basket/later/{line.id}/drop/", follow=True)
    undo = page.context["undo"]
    assert undo["what"] == "dropped" and kept(client) == []
    client.post("/basket/later/again/", {"product_id": undo["id"], "quantity": undo["quantity"]})
    assert kept(client) == [("Elbschuh", 2)]


def test_keeping_the_same_twice_adds_the_pieces(client: Client) -> None:
    record = variants(make_product("Elbschuh"))[0]
    for pieces in (2, 1):
        add(client, record, pieces)
        keep(client)
    assert kept(client) == [("Elbschuh", 3)]


def test_kept_things_say_what_changed_and_sold_out_ones_stay_kept(client: Client) -> None:
    record = variants(make_product(price_minor=9_990, stock=1))[0]
    add(client, record)
    line = keep(client).context["kept"][0]
    StockRecord.objects.filter(pk=record.pk).update(price="89.90")
    assert "89,90" in client.get("/basket/").context["kept"][0].note
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=1)
    shown = client.get("/basket/").context["kept"][0]
    assert (shown.can_be_had, bool(shown.note)) == (False, True)
    answer = client.post(f"/basket/later/{line.id}/back/", follow=True)
    assert told(answer) and len(kept(client)) == 1 and in_basket(client) == []


def test_nobody_reaches_what_another_keeps(client: Client) -> None:
    add(client, variants(make_product())[0])
    line = keep(client).context["kept"][0]
    stranger = Client()
    stranger.cookies["kept_for_later"] = f"{Basket.objects.get(status=Basket.SAVED).pk}:forged"
    member = Client()
    member.force_login(make_user())
    for other in (stranger, member):
        assert kept(other) == []
        for deed in ("back", "drop"):
            assert other.post(f"/basket/later/{line.id}/{deed}/").status_code == 404
    assert len(kept(client)) == 1


@pytest.mark.parametrize(
    "url", ["lines/1/later/", "later/1/back/", "later/1/drop/", "later/again/", "estimate/"]
)
def test_addresses_that_write_refuse_to_be_read_and_know_no_strange_numbers(client: Client, url: str) -> None:
    assert client.get(f"/basket/{url}").status_code == 405
    if "1" in url:
        assert client.post(f"/basket/{url.replace('1', '9' * 30)}").status_code == 404
    else:
        assert client.post(f"/basket/{url}").status_code in (302, 400)


@pytest.mark.parametrize("undo", ["", "abc", "a:b:c", "💶", "eyJ3aGF0IjoicmVtb3ZlZCJ9:1t:xx"])
def test_junk_in_the_undo_address_is_nothing(client: Client, undo: str) -> None:
    answer = client.get("/basket/", {"undo": undo})
    assert answer.status_code == 200 and answer.context["undo"] is None


def test_signing_in_brings_kept_things_along_and_says_what_was_merged(client: Client) -> None:
    person = make_user()
    first, second = variants(make_product("Elbschuh", stock=5))
    add(client, second)
    keep(client)
    add(client, first, 4)
    StockRecord.objects.filter(pk=first.pk).update(num_allocated=3)
    page = client.post("/accounts/login/", {"login": person.email, "password": "test-password"}, follow=True)
    words = told(page)
    assert "1 Artikel" in words and "nur noch 2" in words.lower()
    assert ([pieces for _title, pieces in in_basket(client)], kept(client)) == ([2], [("Elbschuh", 1)])


def test_more_than_a_basket_takes_is_kept_for_later_at_sign_in(client: Client, settings: Any) -> None:
    settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 5
    person = make_user()
    first, second = variants(make_product(stock=9))
    make_basket((first, 3), owner=person)
    add(client, second, 4)
    page = client.post("/accounts/login/", {"login": person.email, "password": "test-password"}, follow=True)
    assert "für später" in told(page)
    assert ([n for _t, n in in_basket(client)], [n for _t, n in kept(client)]) == ([3], [4])


def test_a_full_basket_adds_to_what_lies_on_the_shelf_already(client: Client, settings: Any) -> None:
    person = make_user()
    first, second = variants(make_product(stock=9))
    client.force_login(person)
    add(client, second, 1)
    keep(client)
    client.logout()
    settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 5
    make_basket((first, 3), owner=person)
    add(client, second, 4)
    page = client.post("/accounts/login/", {"login": person.email, "password": "test-password"}, follow=True)
    assert page.status_code == 200 and "für später" in told(page)
    assert ([n for _t, n in in_basket(client)], [n for _t, n in kept(client)]) == ([3], [5])


def test_nothing_is_brought_into_a_basket_that_became_an_order_in_this_moment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_user()
    first, second = variants(make_product(stock=9))
    mine = make_basket((first, 3), owner=person)
    add(client, second, 4)
    read, ordered = middleware._of_person, []

    def ordered_meanwhile(user: Any) -> Any:
        basket = read(user)
        if not ordered:
            ordered.append(Basket.objects.filter(pk=mine.pk).update(status=Basket.SUBMITTED))
        return basket

    monkeypatch.setattr(middleware, "_of_person", ordered_meanwhile)
    client.post("/accounts/login/", {"login": person.email, "password": "test-password"})
    assert ordered == [1]
    assert [n for _t, n in in_basket(client)] == [4]
    assert [line.quantity for line in Basket.objects.get(pk=mine.pk).lines.all()] == [3]


def test_two_clicks_put_what_was_kept_into_the_basket_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_user()
    client.force_login(person)
    add(client, variants(make_product(stock=9))[0], 2)
    line_id = keep(client).context["undo"]["id"]
    read = later._own(later.Keeper(owner_id=person.pk), line_id)
    monkeypatch.setattr(later, "_own", lambda keeper, line_id: read)  # both clicks have read it
    assert client.post(f"/basket/later/{line_id}/back/").status_code == 302
    assert client.post(f"/basket/later/{line_id}/back/").status_code == 404
    assert [n for _t, n in in_basket(client)] == [2]


def test_what_cannot_be_put_back_stays_kept(client: Client) -> None:
    client.force_login(make_user())
    record = variants(make_product(stock=9))[0]
    add(client, record, 2)
    line_id = keep(client).context["undo"]["id"]
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=9)
    client.post(f"/basket/later/{line_id}/back/")
    assert (in_basket(client), [n for _t, n in kept(client)]) == ([], [2])


def test_vouchers_of_the_guest_come_along(client: Client) -> None:
    person = make_user()
    make_voucher("MOIN10", percent=10)
    add(client, variants(make_product())[0])
    client.post("/basket/vouchers/add/", {"code": "MOIN10"})
    client.post("/accounts/login/", {"login": person.email, "password": "test-password"})
    assert [one["code"] for one in client.get("/basket/").context["vouchers"]] == ["MOIN10"]


def test_a_piece_in_another_checkout_is_said_with_the_time_it_may_be_free(client: Client, clock: Any) -> None:
    moment = timezone.make_aware(dt.datetime(2026, 11, 26, 14, 2))
    clock.stop(moment)
    record = variants(make_product(stock=1))[0]
    add(client, record)
    place_order((record, 1), method="card")
    problem = client.get("/basket/").context["lines"][0].problem
    assert "14:32" in problem and "anderen Bestellung" in problem
    late = Client()
    assert "14:32" in told(add(late, record))


def test_shortly_before_midnight_the_time_is_said_and_not_the_next_day(client: Client, clock: Any) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, 23, 45)))
    record = variants(make_product(stock=1))[0]
    add(client, record)
    place_order((record, 1), method="card")
    problem = client.get("/basket/").context["lines"][0].problem
    assert "00:15" in problem and "anderen Bestellung" in problem and "November" not in problem


def test_a_piece_that_waits_for_a_transfer_is_said_with_its_day(client: Client, clock: Any) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, 14, 2)))
    record = variants(make_product(stock=1))[0]
    add(client, record)
    place_order((record, 1), method="prepayment")
    assert "3. Dezember 2026" in client.get("/basket/").context["lines"][0].problem


def test_what_is_sold_for_good_promises_nothing(client: Client) -> None:
    record = variants(make_product(stock=1))[0]
    add(client, record)
    place_order((record, 1), method="prepayment")
    Reservation.objects.update(expires_at=None)
    problem = client.get("/basket/").context["lines"][0].problem
    assert problem and "frei" not in problem


def test_the_page_changes_in_place_with_script_and_by_plain_forms_without(client: Client) -> None:
    add(client, variants(make_product())[0])
    text = client.get("/basket/").content.decode()
    middle = text[text.index('id="basket"') : text.index("</main>")]
    forms = [part.split(">")[0] for part in middle.split("<form")[1:]]
    assert forms and all(
        'method="post"' in form and "action=" in form and "hx-post=" in form for form in forms
    )


def cost(client: Client) -> int:
    client.get("/basket/")
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/basket/").status_code == 200
    return len(seen)


@pytest.mark.parametrize("member", [False, True])
def test_the_basket_page_asks_at_most_eight_times_however_much_is_in_it(client: Client, member: bool) -> None:
    person = make_user()
    if member:
        client.force_login(person)
    for number in range(6):
        of = make_range(f"R{number}", includes_all_products=False)
        of.included_categories.add(make_category(f"K{number}"))
        offer = make_offer(f"Angebot {number}", percent=number + 1, of=of)
        offer.max_user_applications = 3
        offer.save()
    make_offer("Alles", percent=5)
    records = [record for _ in range(10) for record in variants(make_product(stock=9))]
    add(client, records[0])
    for number in range(3):
        make_voucher(f"V{number}", percent=2, usage="Once per customer" if member else "Multi-use")
        client.post("/basket/vouchers/add/", {"code": f"V{number}"})
    client.post("/basket/estimate/", {"country": "DE", "postcode": "20457"})
    one = cost(client)
    for record in records[1:20]:
        add(client, record)
    for _ in range(5):
        keep(client)
    StockRecord.objects.filter(pk=records[9].pk).update(num_in_stock=0)
    assert (len(in_basket(client)), len(kept(client))) == (15, 5)
    assert one == cost(client) <= BUDGET


def test_an_offer_a_person_used_up_takes_nothing_off_any_more(client: Client) -> None:
    person = make_user()
    client.force_login(person)
    offer = make_offer("Einmal", percent=10)
    offer.max_user_applications = 1
    offer.save()
    record = variants(make_product(price_minor=10_000))[0]
    add(client, record)
    assert client.get("/basket/").context["discount_minor"] == 1_000
    order = place_order((record, 1), user=make_user())
    discount = OrderDiscount.objects.create(order=order, offer_id=offer.pk, frequency=1, amount=10)
    assert client.get("/basket/").context["discount_minor"] == 1_000, (
        "somebody else's use counts for them alone"
    )
    order.user = person
    order.save()
    assert client.get("/basket/").context["discount_minor"] == 0
    assert discount.frequency == 1


def test_a_voucher_for_one_use_takes_nothing_off_once_it_was_used(client: Client) -> None:
    voucher = make_voucher("EINMAL", percent=10, usage="Single use")
    record = variants(make_product(price_minor=10_000))[0]
    add(client, record)
    client.post("/basket/vouchers/add/", {"code": "EINMAL"})
    assert client.get("/basket/").context["discount_minor"] == 1_000
    voucher.record_usage(place_order((record, 1)), make_user())
    context = client.get("/basket/").context
    assert (context["discount_minor"], context["vouchers"][0]["used"]) == (0, False)
    assert Line.objects.filter(basket__status=Basket.OPEN).count() == 1


def mark(client: Client) -> str:
    return str(client.get("/basket/").context["lines"][0].mark)


@pytest.mark.parametrize("hour", [14, 23])
def test_the_reader_s_own_unpaid_order_is_named_and_no_other_checkout(
    client: Client, clock: Any, hour: int
) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 26, hour, 45)))
    person = make_user()
    record = variants(make_product(stock=3))[0]
    own = place_order((record, 2), method="card", user=person)
    place_order((record, 1), method="card")
    client.force_login(person)
    words = told(add(client, record))
    assert f"2 Stück sind in Ihrer eigenen Bestellung {own.number}" in words
    assert "1 Stück" in words and "anderen Bestellung" in words
    make_basket((record, 1), owner=person)
    page = client.get("/basket/")
    line = page.context["lines"][0]
    assert own.number in line.problem and line.own_order == own.number
    assert f'href="/orders/{own.number}/"' in page.content.decode()
    assert own.number not in told(add(Client(), record)), "to nobody else"


def test_a_guest_s_own_order_is_known_by_the_browser(client: Client) -> None:
    record = variants(make_product(stock=1))[0]
    order = place_order((record, 1), method="card")
    session = client.session
    session["orders_seen"] = [order.pk]
    session.save()
    words = told(add(client, record))
    assert order.number in words and "anderen" not in words


def test_a_guest_s_second_click_finds_the_article_whose_first_answer_was_lost(client: Client) -> None:
    add(client, variants(make_product("Elbschuh"))[0], 2)
    line = client.get("/basket/").context["lines"][0]
    first = Client()
    first.cookies = client.cookies.copy()
    first.post(f"/basket/lines/{line.id}/later/", {"mark": line.mark})  # the browser throws this answer away
    assert kept(client) == []
    assert client.post(f"/basket/lines/{line.id}/later/", {"mark": line.mark}).status_code == 302
    assert kept(client) == [("Elbschuh", 2)]


@pytest.mark.parametrize("verb", ["remove", "later", "update"])
def test_a_second_click_on_a_line_that_is_gone_leads_to_the_basket(client: Client, verb: str) -> None:
    add(client, variants(make_product())[0])
    line = client.get("/basket/").context["lines"][0]
    client.post(f"/basket/lines/{line.id}/remove/")
    url, form = f"/basket/lines/{line.id}/{verb}/", {"mark": line.mark, "quantity": "2"}
    if verb == "update":
        url = f"/basket/lines/{line.id}/update/"
    assert client.post(url, form)["Location"] == "/basket/"


def test_a_mark_is_good_for_its_own_line_and_basket_alone(client: Client) -> None:
    first, second = variants(make_product())
    add(client, first)
    add(client, second)
    other = Client()
    add(other, first)
    lines, strange = client.get("/basket/").context["lines"], mark(other)
    for token in (strange, lines[1].mark, lines[0].mark[:-2], "", "💶"):
        answer = other.post(f"/basket/lines/{lines[0].id}/later/", {"mark": token})
        assert answer.status_code == 404
    assert len(in_basket(client)) == 2


def test_what_was_deleted_is_kept_again_within_the_limit(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "MAX_LATER", 2)
    records = variants(make_product(sizes=("40", "41", "42")))
    for record in records:
        page = client.post(
            "/basket/later/again/", {"product_id": record.product_id, "quantity": 1}, follow=True
        )
    assert "2 Artikel" in told(page) and len(kept(client)) == 2
    client.post("/basket/later/again/", {"product_id": records[0].product_id, "quantity": 1})
    assert sorted(n for _t, n in kept(client)) == [1, 2], "one that lies there already gets more pieces"
