"""Two accounts of one person: found with reasons, looked at, merged as a whole or not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.test import Client
from django.urls import reverse
from oscar.apps.address.models import UserAddress

from checkout.basket.actions import add_voucher
from checkout.order.models import Order
from checkout.payment.models import CustomerCredit
from checkout.vouchers.actions import give
from fulfilment.finance.dunning.actions import override_limit
from fulfilment.finance.dunning.models import CustomerLimit
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.models import LearnedRule
from shop.audit.models import CHANGE, Access
from shop.customers import actions, deletion
from shop.customers.models import CustomerNote, User
from shop.dashboard import customer_merge as merging
from shop.kernel.clock import today
from tests.factories.people import make_staff
from tests.factories.shopping import make_basket, make_user, make_variant, place_order
from tests.shop.dashboard.merging import broken, confirmed, page, sent
from tests.shop.dashboard.merging import pair as pair
from tests.shop.dashboard.test_customer_file import busy

pytestmark = pytest.mark.django_db


def test_everything_moves_and_the_old_account_points_to_the_new(
    service: Client, pair: tuple[User, User], outbox: Any
) -> None:
    kept, gone = pair
    busy(kept, outbox)
    busy(gone, outbox)
    before = broken()  # the factories make money and stock out of nothing
    open_before = sum(Invoice.objects.open().values_list("open_minor", flat=True))
    preview = service.get(page(kept, gone))
    moves = {str(title): many for title, many in preview.context["preview"].moves}
    assert moves["Bestellungen"] == 3
    assert preview.context["preview"].open_minor > 0
    answer = sent(service, kept, gone)
    assert answer.url == reverse("dashboard:customer", args=[kept.pk])
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (gone.is_active, gone.merged_into, kept.phone) == (False, kept, "040 99 88 77")
    assert Order.objects.filter(user=kept).count() == 6 and not Order.objects.filter(user=gone).exists()
    for label, field, _title in merging.MOVES:
        assert not apps.get_model(label).objects.filter(**{field: gone}).exists(), label
    credit = CustomerCredit.objects.get(user=kept)
    assert (credit.open_items_minor, credit.paid_orders) == (open_before, 2)
    shown = service.get(reverse("dashboard:customer", args=[kept.pk]))
    assert shown.context["orders"].many == 6 and "erika.muster@example.org" in shown.content.decode()
    note = CustomerNote.objects.get(facts__merged=gone.pk)
    assert note.facts["moved"]["order.Order.user"] == 3 and note.by is not None
    old = service.get(reverse("dashboard:customer", args=[gone.pk])).content.decode()
    assert reverse("dashboard:customer", args=[kept.pk]) in old
    assert service.get(page(kept, gone)).status_code == 404
    assert broken() == before


def test_accounts_that_both_sign_in_need_the_customers_word(service: Client) -> None:
    kept, gone = confirmed("a@example.org"), confirmed("b@example.org")
    assert sent(service, kept, gone, confirmed="").status_code == 409
    gone.refresh_from_db()
    assert gone.is_active
    assert sent(service, kept, gone, confirmed="on").status_code == 302


def test_nothing_moves_without_the_customers_word_also_where_nobody_signs_in_to_the_old_account(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    order = place_order((make_variant(), 1), user=gone)
    answer = sent(service, kept, gone, confirmed="")
    assert answer.status_code == 409 and 'name="confirmed"' in answer.content.decode()
    order.refresh_from_db()
    assert order.user == gone
    assert sent(service, kept, gone).status_code == 302


def test_nothing_moves_to_an_account_whose_address_nobody_has_shown_to_be_theirs(
    service: Client, pair: tuple[User, User]
) -> None:
    gone = pair[1]
    order = place_order((make_variant(), 1), user=gone)
    stranger = make_user("Erika.Muster+x@example.org", first_name="Erika", last_name="Muster")
    known = EmailAddress.objects.create(user=stranger, email=stranger.email, primary=True, verified=False)
    shown = service.get(page(stranger, gone)).content.decode()
    assert shown.count("Adresse nicht bestätigt") == 2
    answer = sent(service, stranger, gone)
    assert answer.status_code == 409 and "bestätigt" in answer.context["problem"]
    order.refresh_from_db()
    assert order.user == gone
    rows = service.get(reverse("dashboard:duplicates")).content.decode()
    assert "Adresse nicht bestätigt" in rows
    known.verified = True
    known.save()
    assert "Adresse bestätigt" in service.get(page(stranger, gone)).content.decode()
    assert sent(service, stranger, gone).status_code == 302


def test_who_is_signed_in_to_the_closed_account_is_signed_out(service: Client, client: Client) -> None:
    kept, gone = make_user("a@example.org"), make_user("b@example.org")
    client.force_login(gone)
    sent(service, kept, gone, confirmed="on")
    assert client.get(reverse("account:overview")).status_code == 302
    assert (
        service.post(reverse("dashboard:customer-edit-reopen", args=[gone.pk]), {"reason": "x"}).status_code
        == 302
    )
    gone.refresh_from_db()
    assert not gone.is_active  # closed for good


def test_what_changed_since_the_page_was_opened_is_looked_at_again(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    seen = service.get(page(kept, gone)).context["preview"].seen
    place_order((make_variant(), 1), user=gone)
    answer = service.post(page(kept, gone), {"seen": seen, "why": "x", "confirmed": "on"})
    assert answer.status_code == 409
    gone.refresh_from_db()
    assert gone.merged_into is None and Order.objects.get().user == gone


def test_without_a_reason_or_with_itself_nothing_is_merged(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    assert sent(service, kept, gone, why="").status_code == 422
    itself = service.post(page(kept, kept), {"seen": "x", "why": "x", "confirmed": "on"})
    assert itself.status_code == 409
    assert service.get(page(kept, kept)).status_code == 404
    staff = make_user("kollege@example.org", is_staff=True)
    assert service.get(page(kept, staff)).status_code == 404


def test_nothing_is_merged_into_an_account_that_is_closed(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    order = place_order((make_variant(), 1), user=gone)
    actions.close(person=kept, why="wollte es so", by=None)
    kept.refresh_from_db()
    shown = service.get(page(kept, gone)).content.decode()
    assert 'badge--bad">Konto geschlossen<' in shown
    assert "kann nichts zusammengeführt werden" in shown
    answer = sent(service, kept, gone)
    assert answer.status_code == 409 and "geschlossen" in answer.context["problem"]
    order.refresh_from_db()
    assert order.user == gone
    assert sent(service, gone, kept).status_code == 302  # the other way round


def test_a_voucher_given_to_the_closed_account_is_used_from_the_one_that_stays(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    order = place_order((make_variant(), 1), user=gone)
    given = give(order=order, amount_minor=5_000, until=today() + dt.timedelta(days=30), source="t:1")
    assert sent(service, kept, gone).status_code == 302
    basket = make_basket((make_variant(), 1), owner=kept)
    assert add_voucher(basket=basket, code=given.voucher.code, user=kept)


def test_a_block_of_one_is_a_block_of_both(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    CustomerCredit.objects.create(user=gone, blocked=True, block_reason="zahlt nicht")
    CustomerCredit.objects.create(user=kept, released=True)
    sent(service, kept, gone)
    credit = CustomerCredit.objects.get(user=kept)
    assert (credit.blocked, credit.block_reason, credit.released) == (True, "zahlt nicht", True)


def test_a_release_of_the_closed_account_ends(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    CustomerCredit.objects.create(user=gone, released=True)
    sent(service, kept, gone)
    assert not CustomerCredit.objects.get(user=kept).released


@pytest.mark.parametrize(
    ("theirs", "own", "then"), [(0, None, 0), (5_000, 3_000, 3_000), (1_000, 3_000, 1_000)]
)
def test_the_stricter_limit_that_staff_set_goes_on_with_its_reason(
    theirs: int, own: int | None, then: int, service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    clerk = make_user("konto@example.org", is_staff=True)
    override_limit(user_id=gone.pk, limit_minor=theirs, why="zahlt zu spät", by=clerk)
    if own is not None:
        override_limit(user_id=kept.pk, limit_minor=own, why="eigene Grenze", by=clerk)
    sent(service, kept, gone)
    limit = CustomerLimit.objects.get(user=kept)
    assert (limit.override_minor, CustomerCredit.objects.get(user=kept).limit_minor) == (then, then)
    assert ("zahlt zu spät" in limit.override_why) is (then == theirs)


def test_a_limit_above_what_everybody_has_is_not_carried_over(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    clerk = make_user("konto@example.org", is_staff=True)
    override_limit(user_id=gone.pk, limit_minor=90_000, why="guter Kunde", by=clerk)
    sent(service, kept, gone)
    assert CustomerLimit.objects.get(user=kept).override_minor is None


def test_addresses_and_bank_accounts_that_both_have_are_kept_once(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    for person in pair:
        UserAddress.objects.create(
            user=person, first_name="E", last_name="M", line1="Kai 1", line4="HH", postcode="1", country_id="DE",
            is_default_for_billing=True,
        )  # fmt: skip
        LearnedRule.objects.create(kind="payer", iban="DE1", customer=f"user:{person.pk}")
    UserAddress.objects.create(user=gone, line1="Kai 2", line4="HH", postcode="2", country_id="DE")
    LearnedRule.objects.create(kind="payer", iban="DE2", customer=f"user:{gone.pk}")
    sent(service, kept, gone)
    mine = UserAddress.objects.filter(user=kept)
    assert sorted(mine.values_list("line1", flat=True)) == ["Kai 1", "Kai 2"]
    assert mine.filter(is_default_for_billing=True).count() == 1
    rules = LearnedRule.objects.filter(customer=f"user:{kept.pk}")
    assert rules.count() == 2
    moved = rules.get(iban="DE2")
    assert moved.history.count() == 2 and moved.history.first().customer == f"user:{kept.pk}"


def test_a_phone_number_that_comes_along_is_a_change_like_any_other(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    sent(service, kept, gone)
    changes = Access.objects.filter(deed=CHANGE, kind="customer")
    assert changes.get(key=str(kept.pk)).facts["fields"]["phone"] == ["", "040 99 88 77"]
    assert "phone" not in changes.get(key=str(gone.pk)).facts["fields"]


def test_every_relation_to_a_person_is_moved_or_stays_for_a_reason() -> None:
    whose = {"user", "owner", "recipient", "customer", "person", "buyer"}
    known = {f"{label}.{field}" for label, field, _title in merging.MOVES} | merging.STAYS.keys()
    found = set()
    for relation in User._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and relation.field.name in whose:
            found.add(f"{relation.related_model._meta.label}.{relation.field.name}")
    assert found - known == set(), "add them to MOVES or STAYS of shop/dashboard/customer_merge.py"
    assert known - found == set()


@pytest.mark.parametrize("which", [0, 1])
def test_a_wish_to_be_deleted_is_not_lost_by_merging(pair: tuple[User, User], which: int) -> None:
    kept, gone = pair
    deletion.ask(person=pair[which])
    seen = merging.preview(kept=kept, gone=gone).seen
    with pytest.raises(actions.NotChanged, match=pair[which].email):
        merging.merge(kept=kept, gone=gone, seen=seen, why="doppelt", confirmed=True, by=None)
    gone.refresh_from_db()
    assert gone.merged_into_id is None
    deletion.take_back(person=pair[which])
    seen = merging.preview(kept=kept, gone=gone).seen
    merging.merge(kept=kept, gone=gone, seen=seen, why="doppelt", confirmed=True, by=make_staff())


def test_two_wish_lists_become_one_with_every_article_once(service: Client) -> None:
    from oscar.apps.wishlists.models import Line, WishList

    kept, gone = confirmed("a@example.org"), confirmed("b@example.org")
    first, second, third = (make_variant().product for _n in range(3))
    theirs = WishList.objects.create(owner=gone, visibility=WishList.SHARED)
    for product in (first, second):
        theirs.lines.create(product=product, title="x")
    mine = WishList.objects.create(owner=kept)  # the younger one: its owner would not see it any more
    for product in (second, third):
        mine.lines.create(product=product, title="x")
    client = Client()
    client.force_login(gone)
    link = client.get("/wishes/").context["shared_url"]
    assert Client().get(link).status_code == 200
    sent(service, kept, gone)
    [left] = WishList.objects.all()
    assert (left.pk, left.owner) == (mine.pk, kept)
    assert set(Line.objects.values_list("product_id", flat=True)) == {first.pk, second.pk, third.pk}
    assert Line.objects.count() == 3
    assert Client().get(link).status_code == 404, "no page would be left to end it"
    note = CustomerNote.objects.get(facts__merged=gone.pk)
    assert note.facts["moved"]["wishlists.WishList.owner"] == 1


def test_the_only_wish_list_moves_as_it_is_with_its_link(service: Client) -> None:
    from oscar.apps.wishlists.models import WishList

    kept, gone = confirmed("a@example.org"), confirmed("b@example.org")
    theirs = WishList.objects.create(owner=gone)
    theirs.lines.create(product=make_variant().product, title="x")
    sent(service, kept, gone)
    theirs.refresh_from_db()
    assert (theirs.owner, theirs.lines.count()) == (kept, 1)
