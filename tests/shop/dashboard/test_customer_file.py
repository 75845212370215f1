"""The file of a customer: everything by permission in few queries; changed with history, noted, closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.apps.address.models import UserAddress

from checkout.payment.models import Payment, Refund
from fulfilment.finance.sepa.models import ReceiverAccount
from fulfilment.warehouse.receiving.models import Return
from shop.audit.models import CHANGE, Access
from shop.customers import actions
from shop.customers.models import CustomerNote, User
from shop.kernel.models import AppendOnlyError
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.finance import invoice_for, pay_invoice
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db

IBAN = "DE89370400440532013000"


@pytest.fixture
def erika() -> User:
    return make_user("erika@example.org", first_name="Erika", last_name="Muster", phone="040 1")


def page(person: User) -> str:
    return reverse("dashboard:customer", args=[person.pk])


def busy(person: User, outbox: Any) -> None:
    """A customer with something in every section."""
    pay_invoice(invoice_for(person, price_minor=9_990))
    invoice_for(person, price_minor=5_000)
    order = place_order((make_variant(), 1), user=person, method="prepayment")
    Return.objects.create(number=f"R{order.pk}", order=order)
    make_case(key=f"c{order.pk}", email=person.email, order=order, name="Erika Muster")
    actions.write_note(user=person, text="Ruft gern abends an.", by=None)
    outbox.drain()


def test_everything_about_a_customer_stands_on_one_page(service: Client, erika: User, outbox: Any) -> None:
    busy(erika, outbox)
    answer = service.get(page(erika))
    shown = answer.context
    assert shown["orders"].many == 3 and shown["orders"].facts["kept"] == 3
    assert shown["invoices"].many == 2
    assert (shown["invoices"].facts["open_many"], shown["invoices"].rows[0].open_minor) == (
        1,
        shown["invoices"].facts["open_sum"],
    )
    assert shown["returns"].many == 1 and shown["cases"].many == 1 and shown["mails"].many >= 2
    assert shown["value"]["net_minor"] == sum(one.net_minor for one in shown["invoices"].rows)
    text = answer.content.decode()
    assert "Ruft gern abends an." in text and erika.email in text


@pytest.mark.parametrize("role", ["service", "finance", "manager"])
def test_the_file_takes_at_most_fifteen_queries_however_much_is_in_it(
    as_role: Callable[[str], Client], role: str, erika: User, outbox: Any
) -> None:
    client = as_role(role)
    client.get(page(erika))
    with CaptureQueriesContext(connection) as empty:
        client.get(page(erika))
    for _ in range(2):
        busy(erika, outbox)
    with CaptureQueriesContext(connection) as full:
        assert client.get(page(erika)).status_code == 200
    assert len(full) == len(empty) <= 15, [one["sql"][:90] for one in full]


def test_each_role_sees_the_sections_its_work_needs(
    as_role: Callable[[str], Client], erika: User, outbox: Any
) -> None:
    busy(erika, outbox)
    finance = as_role("finance").get(page(erika)).context
    assert finance["cases"] is None and finance["withdrawals"] is None
    assert finance["invoices"].many == 2 and finance["value"]["margin_minor"] is not None
    service = as_role("service").get(page(erika)).context
    assert service["margin"] is None and "margin_minor" not in service["value"]
    assert service["cases"].many == 1
    assert as_role("warehouse").get(page(erika)).status_code == 403


def test_a_bank_account_is_masked_until_a_refund_is_due(service: Client, erika: User) -> None:
    order = place_order((make_variant(), 1), user=erika, method="prepayment")
    refund = Refund.objects.create(
        payment=Payment.objects.get(order=order), amount_minor=500, source="t", reason="t", state="requested"
    )
    ReceiverAccount.objects.create(refund=refund, name="Erika Muster", iban=IBAN, source="phone")
    due = service.get(page(erika)).content.decode()
    assert "DE89 3704 0044 0532 0130 00" in due
    Refund.objects.update(state="succeeded")
    after = service.get(page(erika)).content.decode()
    assert "0532" not in after and "DE89 … 3000" in after


def test_a_guest_has_a_file_too_named_by_an_order(service: Client, erika: User) -> None:
    first = place_order((make_variant(), 1), email="Gast@example.org")
    place_order((make_variant(), 1), email="gast@example.org")
    place_order((make_variant(), 1), email="anders@example.org")
    answer = service.get(reverse("dashboard:guest", args=[first.number]))
    assert answer.status_code == 200 and answer.context["orders"].many == 2
    own = place_order((make_variant(), 1), user=erika)
    assert service.get(reverse("dashboard:guest", args=[own.number])).status_code == 404
    service.post(reverse("dashboard:guest-note", args=[first.number]), {"text": "Kommt aus Kiel."})
    assert CustomerNote.objects.get().email == "gast@example.org"
    assert "Kommt aus Kiel." in service.get(reverse("dashboard:guest", args=[first.number])).content.decode()


def test_guest_orders_under_the_address_of_an_account_are_named_and_not_mixed(
    service: Client, erika: User
) -> None:
    order = place_order((make_variant(), 1), email="ERIKA@example.org")
    answer = service.get(page(erika))
    assert answer.context["orders"].many == 0
    assert reverse("dashboard:guest", args=[order.number]) in answer.content.decode()


def edited(client: Client, person: User, **changes: str) -> Any:
    address = reverse("dashboard:customer-edit", args=[person.pk])
    seen = changes.pop("seen", "") or client.get(address).context["seen"]
    person.refresh_from_db()
    data = {name: str(getattr(person, name)) for name in actions.FIELDS} | {"why": "Anruf", "seen": seen}
    return client.post(address, data | changes)


def test_a_change_is_kept_with_old_and_new_who_and_why(service: Client, erika: User) -> None:
    assert edited(service, erika, phone="0171 22", last_name="Neumann", why="Hochzeit").status_code == 302
    erika.refresh_from_db()
    assert (erika.phone, erika.last_name) == ("0171 22", "Neumann")
    row = Access.objects.get(deed=CHANGE, kind="customer", key=str(erika.pk))
    assert row.facts["fields"] == {"last_name": ["Muster", "Neumann"], "phone": ["040 1", "0171 22"]}
    assert row.by_name == "service@example.org"
    text = service.get(page(erika)).content.decode()
    assert "Hochzeit" in text and "Neumann" in text and "040 1" in text


def test_a_new_address_is_told_to_the_old_one_and_confirmed_by_the_customer(
    service: Client, erika: User, outbox: Any
) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=erika, email=erika.email, primary=True, verified=True)
    assert edited(service, erika, email="Neu@Example.org").status_code == 302
    outbox.drain()
    told = dict(OutgoingMail.objects.filter(kind="account").values_list("recipient", "text"))
    assert set(told) == {"erika@example.org", "neu@example.org"}
    assert "neu@example.org" in told["erika@example.org"]
    found = EmailAddress.objects.get(user=erika)
    assert (found.email, found.verified) == ("neu@example.org", False)
    assert edited(service, erika, email="erika@example.org").status_code == 302
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="account", recipient="neu@example.org").count() == 2


def test_an_address_of_somebody_else_is_refused_and_what_was_typed_stays(
    service: Client, erika: User
) -> None:
    make_user("otto@example.org")
    answer = edited(service, erika, email="OTTO@example.org", phone="0999 1")
    assert answer.status_code == 409 and "0999 1" in answer.content.decode()
    erika.refresh_from_db()
    assert erika.email == "erika@example.org" and erika.phone == "040 1"


def test_of_two_colleagues_the_second_is_asked_to_look_again(service: Client, erika: User) -> None:
    seen = service.get(reverse("dashboard:customer-edit", args=[erika.pk])).context["seen"]
    edited(service, erika, phone="1 1111")
    answer = edited(service, erika, phone="2 2222", seen=seen)
    assert answer.status_code == 409
    erika.refresh_from_db()
    assert erika.phone == "1 1111"


@pytest.mark.parametrize(
    "data",
    [
        {"email": "kein"},
        {"email": "a\r\nBcc: b@example.org"},
        {"phone": "<script>"},
        {"language": "tlh"},
        {"why": ""},
        {"first_name": "x" * 300},
    ],
)
def test_bad_input_gets_words(service: Client, erika: User, data: dict[str, str]) -> None:
    assert edited(service, erika, **data).status_code == 422
    assert not Access.objects.filter(deed=CHANGE).exists()


def test_nothing_changed_is_said(service: Client, erika: User) -> None:
    assert edited(service, erika).status_code == 409


ADDRESS = {
    "first_name": "Erika",
    "last_name": "Muster",
    "line1": "Kai 1",
    "postcode": "22767",
    "line4": "Hamburg",
    "country": "DE",
    "why": "Umzug",
}


def test_addresses_are_added_changed_and_removed_with_history(service: Client, erika: User) -> None:
    new = reverse("dashboard:customer-edit-address-new", args=[erika.pk])
    assert service.post(new, ADDRESS).status_code == 302
    row = UserAddress.objects.get(user=erika)
    assert service.post(new, ADDRESS).status_code == 409  # she has it already
    change = reverse("dashboard:customer-edit-address", args=[erika.pk, row.pk])
    seen = service.get(change).context["seen"]
    assert service.post(change, ADDRESS | {"line1": "Kai 2", "seen": seen}).status_code == 302
    assert service.post(change, ADDRESS | {"line1": "Kai 3", "seen": seen}).status_code == 409
    remove = reverse("dashboard:customer-edit-address-remove", args=[erika.pk, row.pk])
    assert service.post(remove, {"why": ""}).status_code == 422
    assert service.post(remove, {"why": "falsch"}).status_code == 302
    assert not UserAddress.objects.exists()
    kept = [row.facts["fields"]["address"] for row in Access.objects.filter(deed=CHANGE).order_by("pk")]
    assert kept[0][0] is None and kept[1][0]["line1"] == "Kai 1" and kept[1][1]["line1"] == "Kai 2"
    assert kept[2][1] is None
    assert "Kai 2" in service.get(page(erika)).content.decode()
    other = make_user("otto@example.org")
    theirs = UserAddress.objects.create(user=other, line1="X", line4="Y", postcode="1", country_id="DE")
    assert (
        service.get(reverse("dashboard:customer-edit-address", args=[erika.pk, theirs.pk])).status_code == 404
    )
    service.post(reverse("dashboard:customer-edit-address-remove", args=[erika.pk, theirs.pk]), {"why": "x"})
    assert UserAddress.objects.filter(pk=theirs.pk).exists()


def test_a_closed_account_signs_nobody_in_until_it_is_opened_again(
    service: Client, client: Client, erika: User
) -> None:
    client.force_login(erika)
    close = reverse("dashboard:customer-edit-close", args=[erika.pk])
    assert service.post(close, {"reason": ""}).status_code == 422
    service.post(close, {"reason": "Missbrauch"})
    erika.refresh_from_db()
    assert not erika.is_active
    assert client.get(reverse("account:overview")).status_code == 302  # signed out
    assert not client.login(email=erika.email, password="test-password")
    assert "Missbrauch" in service.get(page(erika)).content.decode()
    assert service.post(reverse("dashboard:phone-order-begin", args=[erika.pk])).status_code == 404
    service.post(reverse("dashboard:customer-edit-reopen", args=[erika.pk]), {"reason": "geklärt"})
    erika.refresh_from_db()
    assert erika.is_active and erika.closed_reason == ""


def test_notes_are_kept_as_written_and_the_pinned_one_stands_at_the_top(service: Client, erika: User) -> None:
    address = reverse("dashboard:customer-note", args=[erika.pk])
    assert service.post(address, {"text": " \n "}).status_code == 422
    service.post(address, {"text": "Erste <b>Zeile</b>\nzweite", "pinned": "on"})
    service.post(address, {"text": "später"})
    answer = service.get(page(erika))
    assert [row["text"] for row in answer.context["pinned"]] == ["Erste <b>Zeile</b>\nzweite"]
    assert "<b>Zeile" not in answer.content.decode()
    note = CustomerNote.objects.get(pinned=True)
    service.post(reverse("dashboard:customer-note-pin", args=[note.pk]), {"pinned": "0"})
    assert not service.get(page(erika)).context["pinned"]
    changes = Access.objects.filter(deed=CHANGE, kind="customer", key=str(erika.pk))
    assert changes.get().facts["fields"] == {"pinned": ["Erste <b>Zeile</b>", ""]}
    assert changes.get().by_name == "service@example.org"
    assert "Erste &lt;b&gt;Zeile" in service.get(page(erika)).content.decode()
    note.text = "anders"
    with pytest.raises(AppendOnlyError):
        note.save()
    with pytest.raises(AppendOnlyError):
        note.delete()


def test_what_customers_change_themselves_is_in_the_history(
    service: Client, client: Client, erika: User
) -> None:
    client.force_login(erika)
    data = {"first_name": "Erika", "last_name": "Muster", "phone": "0171 9", "language": "de"}
    assert client.post(reverse("account:profile"), data).status_code == 302
    row = Access.objects.get(deed=CHANGE)
    assert row.facts["fields"] == {"phone": ["040 1", "0171 9"]} and row.by_id is None


def test_staff_have_no_file_of_a_customer(service: Client) -> None:
    colleague = make_user("kollege@example.org", is_staff=True)
    for name in ("customer", "customer-edit"):
        assert service.get(reverse(f"dashboard:{name}", args=[colleague.pk])).status_code == 404


def test_a_note_about_a_guest_is_pinned_from_any_page_or_not_at_all(service: Client) -> None:
    order = place_order((make_variant(), 1), email="gast@example.org")
    note = actions.write_note(user=None, email="gast@example.org", text="nie auf Rechnung", by=None)
    lost = actions.write_note(user=None, email="fort@example.org", text="ohne Bestellung", by=None)
    pin = reverse("dashboard:customer-note-pin", args=[note.pk])
    answer = service.post(pin, {"pinned": "1", "number": "K99999999"})
    assert answer.url == reverse("dashboard:guest", args=[order.number])
    assert CustomerNote.objects.get(pk=note.pk).pinned
    row = Access.objects.get(deed=CHANGE, kind="order", key=order.number)
    assert row.facts["fields"] == {"pinned": ["", "nie auf Rechnung"]}
    assert row.by_name == "service@example.org"
    missing = service.post(reverse("dashboard:customer-note-pin", args=[lost.pk]), {"pinned": "1"})
    assert missing.status_code == 404 and not CustomerNote.objects.get(pk=lost.pk).pinned


def test_only_who_may_change_a_customer_keeps_a_note_at_the_top(
    as_role: Callable[[str], Client], erika: User
) -> None:
    finance = as_role("finance")
    address = reverse("dashboard:customer-note", args=[erika.pk])
    finance.post(address, {"text": "Zahlt pünktlich.", "pinned": "on"})
    note = CustomerNote.objects.get()
    pin = reverse("dashboard:customer-note-pin", args=[note.pk])
    assert not note.pinned and pin not in finance.get(page(erika)).content.decode()
    assert finance.post(pin, {"pinned": "1"}).status_code == 403
    service = as_role("service")
    assert pin in service.get(page(erika)).content.decode()
    assert service.post(pin, {"pinned": "1"}).status_code == 302
    note.refresh_from_db()
    assert note.pinned
