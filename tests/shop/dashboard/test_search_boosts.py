"""Marketing says what the search shows further up, for how long, and takes it back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.search.models import Boost
from shop.dashboard.roles import sync_roles
from tests.factories.people import make_user
from tests.factories.range import make_category, make_many, make_product, variants

pytestmark = pytest.mark.django_db
LIST, NEW = "dashboard:boosts", "dashboard:boost-new"


@pytest.fixture
def marketing(client: Client, clock: Any) -> Client:
    clock.on(dt.date(2026, 11, 10))
    sync_roles()
    person = make_user(email="marketing@example.org", is_staff=True)
    person.groups.add(Group.objects.get(name="marketing"))
    client.force_login(person)
    return client


def test_a_product_is_lifted_by_the_number_of_a_variant_changed_deleted_and_lifted_again(
    marketing: Client,
) -> None:
    shoe = make_product("Elbschuh")
    sku = variants(shoe)[1].partner_sku
    asked = {"article": sku.lower(), "strength": "3", "first_day": "2026-11-12", "last_day": "2026-11-20"}
    page = marketing.post(reverse(NEW), asked | {"note": " Martins\nmarkt "}, follow=True)
    assert "wenn ihr erster Tag gekommen ist" in page.content.decode()
    row = Boost.objects.get()
    assert (row.product, row.category, row.strength, row.note) == (shoe, None, 3, "Martins markt")
    form = marketing.get(reverse("dashboard:boost", args=[row.pk])).context["form"]
    assert form["article"].value() == variants(shoe)[0].partner_sku
    change = {"article": form["article"].value(), "strength": "1"}
    assert (
        "innerhalb von zehn Sekunden"
        in marketing.post(reverse("dashboard:boost", args=[row.pk]), change, follow=True).content.decode()
    )
    row.refresh_from_db()
    assert (row.strength, row.first_day, row.last_day) == (1, None, None)
    back = marketing.post(reverse("dashboard:boost-delete", args=[row.pk]))
    assert not Boost.objects.exists()
    again = marketing.get(back["Location"]).context["form"]
    filled = {name: again[name].value() or "" for name in ("article", "category", "strength")}
    marketing.post(reverse(NEW), filled)
    assert Boost.objects.get().product == shoe


def test_a_category_is_lifted_and_the_list_says_what_holds_today(marketing: Client) -> None:
    shelf = make_category("Winter")
    shoe = make_product("Elbschuh")
    marketing.post(reverse(NEW), {"category": shelf.pk, "strength": "2"})
    Boost.objects.create(product=shoe, last_day=dt.date(2026, 11, 9))
    Boost.objects.create(product=shoe, first_day=dt.date(2026, 11, 11), note="Später")

    def shown(**asked: str) -> list[tuple[str, str]]:
        return [(one["title"], one["state"]) for one in marketing.get(reverse(LIST), asked).context["rows"]]

    assert shown() == [("Elbschuh", "later"), ("Elbschuh", "over"), ("Winter", "now")]
    assert shown(state="now") == [("Winter", "now")]
    assert shown(state="over") == [("Elbschuh", "over")]
    assert shown(state="later", q="spät") == [("Elbschuh", "later")]
    assert shown(q="wint") == [("Winter", "now")]
    assert "Winter" in marketing.get(reverse(LIST), {"format": "csv"}).content.decode()
    assert "kein" in marketing.get(reverse(LIST), {"q": "nichts"}).content.decode().lower()
    assert marketing.get(reverse(LIST), {"state": "junk"}).status_code == 400


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "eines von beiden"),
        ({"article": "gibt-es-nicht"}, "Kein Artikel hat diese Nummer"),
        ({"category": "999999"}, ""),
        ({"category": "shelf", "strength": "9"}, ""),
        ({"category": "shelf", "first_day": "2026-11-20", "last_day": "2026-11-12"}, "bevor"),
        ({"category": "shelf", "last_day": "2026-11-09"}, "vorbei"),
        ({"category": "shelf", "first_day": "gestern"}, ""),
    ],
)
def test_what_makes_no_sense_is_said_and_kept_in_the_form(
    marketing: Client, asked: dict[str, str], said: str
) -> None:
    if asked.get("category") == "shelf":
        asked = asked | {"category": str(make_category("Winter").pk)}
    answer = marketing.post(reverse(NEW), {"strength": "2"} | asked)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert not Boost.objects.exists()


def test_odd_addresses_fill_in_nothing(marketing: Client) -> None:
    for query in (
        "?product=x",
        "?product=99999999999999999999",
        "?category=x&strength=y&first_day=z",
        "?product=²",
    ):
        assert marketing.get(reverse(NEW) + query).status_code == 200
    assert marketing.get(reverse("dashboard:boost", args=[404])).status_code == 404


def test_the_list_costs_the_same_for_one_and_many(marketing: Client) -> None:
    Boost.objects.create(product=make_product("Elbschuh"))
    marketing.get(reverse(LIST))
    with CaptureQueriesContext(connection) as few:
        marketing.get(reverse(LIST))
    for product in make_many(20):
        Boost.objects.create(product=product)
    with CaptureQueriesContext(connection) as many:
        marketing.get(reverse(LIST))
    assert len(many) <= len(few)


def test_a_row_of_both_or_of_neither_cannot_be_written() -> None:
    shelf, shoe = make_category("Winter"), make_product("Elbschuh")
    for facts in ({"category": shelf, "product": shoe}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Boost.objects.create(**facts)
