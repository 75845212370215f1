"""What nobody can open or needs any more is deleted in time, and the privacy text says when."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from checkout.basket import forgetting as baskets
from checkout.basket.models import Basket, Line  # type: ignore[attr-defined]
from checkout.basket.tasks import forget_guests
from shop.customers import forgetting, newsletter
from shop.customers.models import NewsletterConsent as Consent
from shop.customers.models import PersonSession as Session
from shop.customers.tasks import forget
from shop.kernel.clock import now
from shop.notifications import forgetting as mails
from shop.notifications.models import OutgoingMail
from shop.notifications.tasks import forget as forget_mails
from tests.factories.offers import make_voucher
from tests.factories.range import make_product, variants
from tests.factories.shopping import make_basket, make_user, make_variant, place_order

pytestmark = pytest.mark.django_db


def old(basket: Any, days: int = 15, **fields: Any) -> Any:
    Basket.objects.filter(pk=basket.pk).update(date_created=now() - dt.timedelta(days=days), **fields)
    return basket


def left() -> set[int]:
    return set(Basket.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("status", ["Open", "Saved", "Merged", "Frozen"])
def test_a_guests_basket_goes_with_its_lines_when_nobody_can_open_it_any_more(status: str) -> None:
    gone = old(make_basket((make_variant(), 2)), status=status)
    gone.vouchers.add(make_voucher("MOIN", percent=10))
    fresh = old(make_basket((make_variant(), 1)), days=13, status=status)
    forget_guests()
    assert left() == {fresh.pk} and Line.objects.count() == 1


def test_a_basket_is_kept_at_least_as_long_as_its_cookie() -> None:
    assert baskets.kept() > dt.timedelta(seconds=settings.OSCAR_BASKET_COOKIE_LIFETIME)


def test_baskets_of_accounts_and_of_orders_stay() -> None:
    mine = old(make_basket((make_variant(), 1), owner=make_user()), days=400)
    shelf = old(make_basket((make_variant(), 1), owner=make_user()), days=400, status="Saved")
    order = place_order((make_variant(), 1))
    old(order.basket, days=400)
    forget_guests()
    assert left() == {mine.pk, shelf.pk, order.basket_id}


def test_one_night_deletes_no_more_than_it_may_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baskets, "AT_ONCE", 2)
    for _n in range(5):
        old(Basket.objects.create())
    assert baskets.forget_guests(limit=3) == 3
    assert (baskets.forget_guests(limit=3), len(left())) == (2, 0)


def test_a_guest_whose_basket_went_begins_a_new_one(client: Client) -> None:
    record = variants(make_product())[0]
    client.post("/basket/add/", {"product_id": record.product_id, "quantity": 1})
    old(Basket.objects.get())
    forget_guests()  # the browser still has the cookie
    client.post("/basket/add/", {"product_id": record.product_id, "quantity": 1})
    assert len(client.get("/basket/").context["lines"]) == 1


def test_a_session_that_ended_goes_with_the_address_in_it(client: Client) -> None:
    for street in ("Musterweg 1", "Neuer Weg 2"):
        session = Client().session
        session["checkout"] = {"billing": {"line1": street}}
        session.save()
    Session.objects.filter(pk=session.session_key).update(expire_date=now() - dt.timedelta(minutes=1))
    forget()
    [kept] = Session.objects.all()
    assert kept.get_decoded()["checkout"]["billing"]["line1"] == "Musterweg 1"


def ask(email: str) -> Consent:
    newsletter.ask(email=email, place="", via="page")
    found = newsletter.newest(email)
    assert found is not None
    return found


def test_an_address_nobody_confirmed_goes_after_thirty_days_and_every_proof_stays(clock: Any) -> None:
    ask("nie@example.org")
    ask("abgewinkt@example.org")
    newsletter.leave(email="abgewinkt@example.org", place="", via="link")
    newsletter.confirm(token=newsletter.confirm_token(ask("ja@example.org")), place="")
    newsletter.confirm(token=newsletter.confirm_token(ask("war@example.org")), place="")
    newsletter.leave(email="war@example.org", place="", via="page")
    ask("war@example.org")  # again, and never confirmed
    clock.advance(days=29)
    ask("nochmal@example.org")
    forget()
    assert Consent.objects.count() == 10
    clock.advance(days=2)
    forget()
    steps = list(Consent.objects.order_by("email", "pk").values_list("email", "kind"))
    assert steps == [
        ("ja@example.org", "asked"),
        ("ja@example.org", "confirmed"),
        ("nochmal@example.org", "asked"),
        ("war@example.org", "asked"),
        ("war@example.org", "confirmed"),
        ("war@example.org", "withdrawn"),
    ]
    assert newsletter.is_subscribed("ja@example.org")


def test_the_mail_that_asked_goes_too_once_it_was_sent(clock: Any, outbox: Any) -> None:
    ask("nie@example.org")
    outbox.drain()
    clock.advance(days=31)
    forget_mails()
    assert OutgoingMail.objects.count() == 1, "one that still waits is not lost"
    OutgoingMail.objects.update(state=OutgoingMail.DONE)
    forget_mails()
    assert not OutgoingMail.objects.exists()


def test_the_privacy_text_names_the_limits_that_are_kept() -> None:
    texts = Path(settings.BASE_DIR) / "shop/pages/texts"
    for name, days in (("privacy.de.html", "Tage"), ("privacy.en.html", "days")):
        text = (texts / name).read_text()
        basket = next(
            line for line in text.splitlines() if "Warenkorb ohne" in line or "Basket without" in line
        )
        assert basket.count(f"{baskets.kept().days} {days}") == 2
        assert baskets.kept().total_seconds() == settings.SESSION_COOKIE_AGE
        letter = next(line for line in text.splitlines() if "<strong>Newsletter" in line)
        assert f"{forgetting.UNCONFIRMED_KEPT.days} {days}" in letter
    assert mails.KEPT == forgetting.UNCONFIRMED_KEPT
