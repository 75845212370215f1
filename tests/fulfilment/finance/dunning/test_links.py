"""Behind a letter's link: what is open, how to pay, a promise. Forged, foreign and old links are a 404."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.payment.models import Payment
from fulfilment.finance.dunning.actions import open_claims_minor, run
from fulfilment.finance.dunning.actions.promise import still_open_minor
from fulfilment.finance.dunning.links import notice_of, token_of, url_of
from fulfilment.finance.dunning.models import DunningNotice, DunningPolicy
from fulfilment.finance.invoicing.models import Invoice
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 9, 18)


@pytest.fixture
def notice(clock: Any) -> DunningNotice:
    clock.on(dt.date(2026, 9, 1))
    invoice_for(make_user("anna@example.org"), price_minor=100_000)
    clock.on(DAY)
    return run(day=DAY).notices[0]


def page(token: str, name: str = "open", *more: Any) -> str:
    return reverse(f"dunning-pay:{name}", args=[token, *more])


def test_it_shows_what_is_open_with_iban_reference_and_code(notice: DunningNotice) -> None:
    invoice = notice.items.get().invoice
    answer = Client().get(page(token_of(notice)))
    text = answer.content.decode()
    assert answer.status_code == 200
    for part in (invoice.number, "DE89 3704", notice.facts["payment"]["reference"], "<svg"):
        assert part in text
    assert "noindex" in answer["X-Robots-Tag"]
    assert "1.004,90" in text


def test_the_same_link_is_printed_again_years_later(notice: DunningNotice, clock: Any) -> None:
    first = url_of(notice)
    clock.on(dt.date(2029, 1, 1))
    assert url_of(notice) == first


@pytest.mark.parametrize("how", ["changed", "short", "long", "other", "nul"])
def test_guessing_is_useless(how: str, notice: DunningNotice) -> None:
    token = token_of(notice)
    wrong = {
        "changed": token[:-1] + ("a" if token[-1] != "a" else "b"),
        "short": token.split(":")[0],
        "long": token + "x" * 300,
        "other": "eyJuIjoxfQ:" + token.split(":")[1],
        "nul": "%00",
    }[how]
    assert Client().get(f"/open-items/{wrong}/").status_code == (400 if how == "nul" else 404)
    assert notice_of(wrong) is None


def test_a_link_ends_after_the_days_of_the_policy(notice: DunningNotice, clock: Any) -> None:
    token = token_of(notice)
    clock.on(DAY + dt.timedelta(days=60))
    assert Client().get(page(token)).status_code == 200
    clock.on(DAY + dt.timedelta(days=61))
    assert Client().get(page(token)).status_code == 404
    assert DunningPolicy.objects.get().link_days == 60


def test_invoices_and_payments_of_others_are_not_reached_through_it(
    notice: DunningNotice, clock: Any
) -> None:
    foreign = invoice_for(make_user("ben@example.org"))
    token = token_of(notice)
    assert Client().post(page(token, "start-card", foreign.number)).status_code == 404
    theirs = Payment.objects.get(order=foreign.order_id)
    assert Client().get(page(token, "card", theirs.pk)).status_code == 404
    assert Client().get(page(token, "back", theirs.pk)).status_code == 404


def test_a_promise_is_noted_and_nonsense_is_told_in_words(notice: DunningNotice) -> None:
    url = page(token_of(notice), "promise")
    whole = f"{still_open_minor(notice) / 100:.2f}".replace(".", ",")
    part = Client().post(url, {"pay_on": "2026-09-25", "amount_minor": "0,01"})
    assert part.status_code == 400 and "Für Teilzahlungen rufen Sie uns bitte an" in part.content.decode()
    assert f'value="{whole}"' in Client().get(page(token_of(notice))).content.decode(), (
        "proposed is all of it"
    )
    assert Client().post(url, {"pay_on": "2026-09-25", "amount_minor": whole}).status_code == 302
    assert notice.promises.get().by_customer
    for bad in ({"pay_on": "x", "amount_minor": "1"}, {"pay_on": "2027-09-25", "amount_minor": "1,00"}, {}):
        assert Client().post(url, bad).status_code == 400
    assert Client().get(url).status_code == 405


def test_the_mail_carries_the_link(notice: DunningNotice) -> None:
    from shop.notifications.letters.money import dunning

    assert url_of(notice) in str(dunning(notice))


def test_paid_is_said(notice: DunningNotice) -> None:
    pay_invoice(notice.items.get().invoice)
    text = Client().get(page(token_of(notice))).content.decode()
    assert "IBAN" not in text


def test_the_page_names_interest_and_costs_of_every_letter_so_far(debt: Invoice) -> None:
    debt.refresh_from_db()
    for level in (0, 3):
        notice = DunningNotice.objects.get(level=level)
        DunningNotice.objects.filter(pk=notice.pk).update(issued_on=dt.date(2026, 11, 20))
        notice.refresh_from_db()
        answer = Client().get(page(token_of(notice)))
        assert answer.context["total_minor"] == debt.open_minor + open_claims_minor(debt.pk)
        assert answer.context["items"][0]["claims_minor"] == open_claims_minor(debt.pk) > 0


def test_what_is_left_of_interest_and_costs_alone_is_still_on_the_page(debt: Invoice) -> None:
    debt.refresh_from_db()
    pay_invoice(debt)
    notice = DunningNotice.objects.get(level=3)
    answer = Client().get(page(token_of(notice)))
    assert answer.context["total_minor"] == open_claims_minor(debt.pk)
    assert debt.number in answer.content.decode()


def test_the_page_asks_the_database_the_same_for_one_and_many_invoices(clock: Any) -> None:
    def queries(invoices: int) -> int:
        clock.on(dt.date(2026, 9, 1))
        anna = make_user(f"anna{invoices}@example.org")
        for _ in range(invoices):
            invoice_for(anna)
        clock.on(DAY)
        token = token_of(run(day=DAY).notices[0])
        Client().get(page(token))
        with CaptureQueriesContext(connection) as seen:
            Client().get(page(token))
        return len(seen)

    assert queries(1) == queries(4)
