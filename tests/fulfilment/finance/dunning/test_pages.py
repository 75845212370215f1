"""Staff at the dunning pages: look ahead, send what was chosen, hold, waive, change what it goes by."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.finance.dunning.actions import run
from fulfilment.finance.dunning.models import (
    BaseRate,
    DunningClaim,
    DunningHold,
    DunningLevel,
    DunningNotice,
    DunningPolicy,
)
from fulfilment.finance.invoicing.models import Invoice
from tests.factories.finance import invoice_for
from tests.factories.people import make_staff
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
ISSUED, DUE = dt.date(2026, 9, 1), dt.date(2026, 9, 18)
PERMISSIONS = (
    "dunning.view_dunning",
    "dunning.run_dunning",
    "dunning.change_policy",
    "invoicing.view_invoices",
)


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(make_staff("buchhaltung@example.org", *PERMISSIONS))
    return client


@pytest.fixture
def invoice(clock: Any) -> Invoice:
    clock.on(ISSUED)
    found = invoice_for(make_user("anna@example.org"), price_minor=100_000)
    clock.on(DUE)
    return found


def every_level(invoice: Invoice) -> None:
    for offset in range(40):
        run(day=DUE + dt.timedelta(days=offset))


def test_the_proposal_names_customer_invoice_reason_and_amount(desk: Client, invoice: Invoice) -> None:
    page = desk.get(reverse("finance:dunning")).content.decode()
    assert invoice.number in page
    assert "anna@example.org" in page
    assert "1.004,90" in page


def test_another_day_is_a_look_ahead_and_sends_nothing(desk: Client, invoice: Invoice) -> None:
    answer = desk.get(reverse("finance:dunning"), {"day": "2026-09-21"})
    assert invoice.number in answer.content.decode()
    assert not answer.context["may_send"]
    assert desk.get(reverse("finance:dunning"), {"day": "2026-09-16"}).context["plan"].proposals == ()
    assert not DunningNotice.objects.exists()


@pytest.mark.parametrize("day", ["x", "0001-01-01", "9999-12-31", "31.12.", "2026-13-01"])
def test_a_day_that_is_none_gets_words(day: str, desk: Client) -> None:
    assert desk.get(reverse("finance:dunning"), {"day": day}).status_code == 400


def test_what_was_chosen_is_shown_first_and_sent_after_the_second_click(
    desk: Client, invoice: Invoice
) -> None:
    key = desk.get(reverse("finance:dunning")).context["plan"].proposals[0].key
    first = desk.post(reverse("finance:dunning-send"), {"letter": key})
    assert first.status_code == 200
    assert not DunningNotice.objects.exists()
    desk.post(reverse("finance:dunning-send"), {"letter": key, "step": "send"})
    notice = DunningNotice.objects.get()
    assert notice.by.email == "buchhaltung@example.org"
    desk.post(reverse("finance:dunning-send"), {"letter": key, "step": "send"})
    assert DunningNotice.objects.count() == 1


def test_only_the_chosen_customer_gets_a_letter(desk: Client, clock: Any) -> None:
    clock.on(ISSUED)
    invoice_for(make_user("anna@example.org"))
    other = invoice_for(make_user("bert@example.org"))
    clock.on(DUE)
    letters = desk.get(reverse("finance:dunning")).context["plan"].proposals
    [bert] = [letter for letter in letters if letter.user_id == other.user_id]
    desk.post(reverse("finance:dunning-send"), {"letter": ["junk", bert.key], "step": "send"})
    assert [notice.user_id for notice in DunningNotice.objects.all()] == [other.user_id]


def test_nothing_is_sent_on_a_holiday_or_without_a_choice(desk: Client, invoice: Invoice, clock: Any) -> None:
    assert desk.post(reverse("finance:dunning-send"), {"step": "send"}).status_code == 302
    clock.on(dt.date(2026, 9, 19))  # a Saturday
    desk.post(reverse("finance:dunning-send"), {"letter": "all", "step": "send"})
    assert not DunningNotice.objects.exists()


def test_a_hold_moves_the_invoice_to_what_is_held_back_until_it_is_lifted(
    desk: Client, invoice: Invoice
) -> None:
    said = {"until": "2026-10-30", "reason": "pays in rates"}
    assert desk.post(reverse("finance:dunning-hold", args=[invoice.number]), said).status_code == 302
    plan = desk.get(reverse("finance:dunning")).context["plan"]
    assert plan.proposals == ()
    assert "pays in rates" in plan.held[0].why
    assert "pays in rates" in desk.get(reverse("finance:dunning-holds")).content.decode()
    desk.post(reverse("finance:dunning-lift", args=[DunningHold.objects.get().pk]))
    assert len(desk.get(reverse("finance:dunning")).context["plan"].proposals) == 1


def test_a_customer_can_be_held_as_a_whole(desk: Client, invoice: Invoice) -> None:
    url = reverse("finance:dunning-hold-customer", args=[invoice.number])
    desk.post(url, {"until": "2026-10-30", "reason": "agreed by phone"})
    assert DunningHold.objects.get().user_id == invoice.user_id


@pytest.mark.parametrize("until", ["", "x", "2026-09-17", "2028-01-01"])
def test_a_hold_needs_a_day_within_a_year(until: str, desk: Client, invoice: Invoice) -> None:
    url = reverse("finance:dunning-hold", args=[invoice.number])
    assert desk.post(url, {"until": until, "reason": "x"}).status_code == 400
    assert not DunningHold.objects.exists()


def test_letters_are_listed_with_their_pdf(desk: Client, invoice: Invoice) -> None:
    every_level(invoice)
    assert (
        "D2026-000001" in desk.get(reverse("finance:dunning-notices"), {"q": invoice.number}).content.decode()
    )
    assert desk.get(reverse("finance:dunning-notices"), {"level": "2"}).context["page"].paginator.count == 1
    sheet = desk.get(reverse("finance:dunning-notices"), {"format": "csv"}).content
    assert sheet.count(b"D2026-") == DunningNotice.objects.count() > 1
    notice = DunningNotice.objects.get(level=2)
    assert desk.get(reverse("finance:dunning-letter", args=[notice.pk])).content.startswith(b"%PDF")
    assert invoice.number in desk.get(reverse("finance:dunning-notice", args=[notice.pk])).content.decode()


def test_a_claim_is_waived_with_a_reason_and_once(desk: Client, invoice: Invoice) -> None:
    every_level(invoice)
    claim = DunningClaim.objects.filter(kind="interest").first()
    assert claim is not None
    url = reverse("finance:dunning-waive", args=[claim.pk])
    assert desk.post(url, {"reason": ""}).status_code == 400
    assert desk.post(url, {"reason": "goodwill"}).status_code == 302
    claim.refresh_from_db()
    assert claim.waived_why == "goodwill"


def level_data(level: DunningLevel, **changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": level.name,
        "enabled": "on",
        "days_after": level.days_after,
        "term_days": level.term_days,
        "minimum_minor": "1,00",
        "fee_minor": "1,30",
    }
    for language in ("de", "en"):
        for part in ("title", "opening", "closing"):
            data[f"{part}_{language}"] = level.text(part, language)
    return data | changes


def test_a_level_is_changed_in_euros_and_its_history_says_by_whom(desk: Client) -> None:
    level = DunningLevel.objects.get(level=2)
    url = reverse("finance:dunning-level", args=[2])
    assert 'value="1,30"' in desk.get(url).content.decode()
    answer = desk.post(url, level_data(level, fee_minor="1,55", title_de="Zweite Mahnung", letter="on"))
    assert answer.status_code == 302, answer.context["form"].errors
    level.refresh_from_db()
    assert (level.fee_minor, level.texts["de"]["title"]) == (155, "Zweite Mahnung")
    assert level.history.first().history_user.email == "buchhaltung@example.org"


@pytest.mark.parametrize(
    "changes",
    [{"fee_minor": "-1"}, {"fee_minor": "viel"}, {"days_after": "9" * 20}, {"causes_default": "on"}],
)
def test_a_level_refuses_what_cannot_be(changes: dict[str, str], desk: Client) -> None:
    level = DunningLevel.objects.get(level=2)
    url = reverse("finance:dunning-level", args=[2])
    assert desk.post(url, level_data(level, **changes)).status_code == 400


def test_policy_and_base_rates_are_edited_as_percent(desk: Client) -> None:
    url = reverse("finance:dunning-settings")
    said = {
        "consumer_points_bp": "5,00",
        "business_points_bp": "9",
        "lump_sum_minor": "40",
        "holidays_state": "by",
        "link_days": "60",
        "promise_days": "21",
        "promise_whole": "on",
        "handover_after_days": "5",
    }
    answer = desk.post(url, {"form": "policy", **said})
    assert answer.status_code == 302, answer.context["form"].errors
    policy = DunningPolicy.objects.get()
    assert (policy.consumer_points_bp, policy.lump_sum_minor, policy.holidays_state, policy.automatic) == (
        500,
        4000,
        "BY",
        False,
    )
    rate = {"form": "rate", "valid_from": "2027-01-01", "rate_bp": "-0,12", "source": "Bundesbank"}
    assert desk.post(url, rate).status_code == 302
    assert BaseRate.objects.get(valid_from="2027-01-01").rate_bp == -12
    assert desk.post(url, rate | {"valid_from": "2027-02-01"}).status_code == 400
    assert desk.post(url, {"form": "policy", **said, "holidays_state": "XX"}).status_code == 400


def test_the_proposal_costs_the_same_for_one_and_thirty_invoices(desk: Client, clock: Any) -> None:
    clock.on(ISSUED)
    invoice_for(make_user())
    clock.on(DUE)
    desk.get(reverse("finance:dunning"))  # what is remembered between requests
    with CaptureQueriesContext(connection) as one:
        desk.get(reverse("finance:dunning"))
    clock.on(ISSUED)
    for _ in range(29):
        invoice_for(make_user())
    clock.on(DUE)
    with CaptureQueriesContext(connection) as many:
        assert len(desk.get(reverse("finance:dunning")).context["plan"].proposals) == 30
    assert len(many) == len(one) <= 40  # it writes the letters as the night does, and rolls back
