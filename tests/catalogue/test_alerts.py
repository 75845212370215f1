"""Told when an article is back: only by one's own wish, once, and never about who else has asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.test import Client

from catalogue.alerts import actions
from catalogue.alerts.models import StockAlert
from shop.kernel.clock import now
from shop.notifications.models import OutgoingMail
from shop.pages.alerts import PER_ADDRESS_MAX
from tests.factories.people import make_user
from tests.factories.range import make_product, variants

pytestmark = pytest.mark.django_db
EMAIL = "erika@example.org"


def gone() -> Any:
    return variants(make_product(sizes=("42",), stock=0))[0]


def ask(record: Any, email: str = EMAIL, client: Client | None = None) -> Any:
    return (client or Client()).post("/alerts/", {"product": record.product_id, "email": email})


def mails(kind: str) -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind=kind))


def refill(record: Any, pieces: int = 1) -> None:
    record.num_in_stock = pieces
    record.save()


def test_a_guest_confirms_by_mail_is_told_once_and_never_again(outbox: Any) -> None:
    record = gone()
    page = Client().get(record.product.get_absolute_url(), {"v": record.product_id}).content.decode()
    assert 'action="/alerts/"' in page
    assert ask(record)["Location"] == "/alerts/asked/"
    outbox.drain()
    [mail] = mails("stock_alert")
    alert = StockAlert.objects.get()
    link = f"/alerts/{alert.key}/"
    assert link in mail.text and mail.recipient == EMAIL
    refill(record)
    assert actions.tell_due() == 0  # not confirmed: no mail
    client = Client()
    assert client.get(link).status_code == 200
    alert.refresh_from_db()
    assert alert.state == "unconfirmed"  # a mail scanner only looked
    client.post(link, {"step": "confirm"})
    alert.refresh_from_db()
    assert alert.state == "waiting" and alert.confirmed_at
    assert actions.tell_due() == 1
    refill(record, 0)
    refill(record, 5)
    assert actions.tell_due() == 0
    outbox.drain()
    [mail] = mails("back_in_stock")
    assert f"?v={record.product_id}" in mail.text and link in mail.text


def test_the_link_ends_it(outbox: Any) -> None:
    record = gone()
    ask(record)
    alert = StockAlert.objects.get()
    client = Client()
    for step in ("confirm", "stop", "confirm", "stop"):
        client.post(f"/alerts/{alert.key}/", {"step": step})
    alert.refresh_from_db()
    assert alert.state == "stopped"
    refill(record)
    assert actions.tell_due() == 0
    assert ask(record).status_code == 302  # and one may ask anew
    assert StockAlert.objects.filter(state="unconfirmed").count() == 1


def test_whoever_is_signed_in_with_the_confirmed_address_needs_no_mail(client: Client, outbox: Any) -> None:
    record, person = gone(), make_user(EMAIL)
    client.force_login(person)
    ask(record, client=client)
    assert StockAlert.objects.get().state == "unconfirmed"  # the address itself is not confirmed yet
    EmailAddress.objects.create(user=person, email=EMAIL, verified=True, primary=True)
    ask(record, client=client)
    assert StockAlert.objects.get().state == "waiting"
    ask(record, "andere@example.org", client=client)  # somebody else's: asks there first
    assert StockAlert.objects.get(email="andere@example.org").state == "unconfirmed"


def test_asking_twice_is_one_wish_and_answers_the_same(outbox: Any) -> None:
    record = gone()
    first, again = ask(record), ask(record, EMAIL.upper())
    assert (first.status_code, first["Location"]) == (again.status_code, again["Location"])
    outbox.drain()
    assert len(mails("stock_alert")) == 1
    with pytest.raises(IntegrityError):
        StockAlert.objects.create(product=record.product, email=EMAIL)


def test_a_mail_that_was_lost_can_be_had_again_a_few_times(outbox: Any, clock: Any) -> None:
    record = gone()
    for _hour in range(5):
        ask(record)
        clock.advance(minutes=59)
        ask(record)
        outbox.drain()
        clock.advance(minutes=2)
    assert outbox.failures() == []
    found = mails("stock_alert")
    assert len(found) == 3 and len({mail.message_id for mail in found}) == 3
    assert StockAlert.objects.count() == 1


def test_one_mailbox_is_not_filled_by_strangers() -> None:
    for _n in range(PER_ADDRESS_MAX):
        assert ask(gone()).status_code == 302
    assert ask(gone()).status_code == 400
    assert StockAlert.objects.count() == PER_ADDRESS_MAX


@pytest.mark.parametrize(
    ("product", "email"),
    [("", EMAIL), ("abc", EMAIL), ("9" * 40, EMAIL), ("-1", EMAIL), (None, "kein"), (None, "")],
)
def test_nonsense_is_refused_in_words(product: str | None, email: str) -> None:
    product = str(gone().product_id) if product is None else product
    assert Client().post("/alerts/", {"product": product, "email": email}).status_code == 400
    assert not StockAlert.objects.exists()


def test_hidden_articles_and_unknown_links_do_not_exist() -> None:
    record = gone()
    record.product.parent.is_public = False
    record.product.parent.save()
    assert ask(record).status_code == 400
    assert Client().get("/alerts/unbekannt/").status_code == 404


def test_pieces_promised_to_others_are_not_back() -> None:
    record = gone()
    actions.ask(product=record.product, email=EMAIL, language="de", by=make_user(EMAIL))
    record.num_in_stock = record.num_allocated = 2
    record.save()
    assert actions.tell_due() == 0


def test_what_is_over_or_was_never_confirmed_is_deleted() -> None:
    old = now() - dt.timedelta(days=31)
    record = gone()
    for n, fields in enumerate(
        (
            {"state": "unconfirmed", "asked_at": old},
            {"state": "told", "ended_at": old},
            {"state": "stopped", "ended_at": old},
            {"state": "waiting", "asked_at": old},
            {"state": "told", "ended_at": now()},
        )
    ):
        StockAlert.objects.create(product=record.product, email=f"p{n}@example.org", **fields)
    assert actions.clear() == 3
    assert sorted(StockAlert.objects.values_list("state", flat=True)) == ["told", "waiting"]
