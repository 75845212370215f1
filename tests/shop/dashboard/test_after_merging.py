"""What comes after two accounts became one: late news, looks, blocks, the way to the one that stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from oscar.apps.address.models import UserAddress

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit
from shop.audit.actions import note_change
from shop.audit.marks import mark_of
from shop.audit.models import CHANGE, LOOK, Access
from shop.customers import actions
from shop.customers.models import CustomerNote, User
from shop.dashboard.verify import nothing_belongs_to_a_merged_account
from tests.factories.cases import make_case
from tests.factories.shopping import make_user, make_variant, place_order
from tests.shop.dashboard.merging import confirmed, page, sent
from tests.shop.dashboard.merging import pair as pair

pytestmark = pytest.mark.django_db


def test_a_chain_of_merged_accounts_points_to_the_last_one(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    sent(service, kept, gone)
    last = confirmed("neu@example.org")
    sent(service, last, kept, confirmed="on")
    gone.refresh_from_db()
    assert gone.merged_into == last
    text = service.get(reverse("dashboard:customer", args=[last.pk])).content.decode()
    assert "erika.muster@example.org" in text


def test_an_order_that_came_in_the_moment_of_merging_is_told_and_follows(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    order = place_order((make_variant(), 1), user=gone)
    Order.objects.filter(pk=order.pk).update(user=kept)
    sent(service, kept, gone)
    Order.objects.filter(pk=order.pk).update(user=gone)  # it was being placed when everything else moved
    assert order.number in nothing_belongs_to_a_merged_account()[0]
    service.post(reverse("dashboard:customer-merge-along", args=[gone.pk]))
    assert not nothing_belongs_to_a_merged_account()
    order.refresh_from_db()
    assert order.user == kept


def test_whatever_came_in_the_moment_of_merging_is_told_and_follows(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    sent(service, kept, gone)
    case = make_case(user=gone, email=gone.email)
    UserAddress.objects.create(user=gone, line1="Kai 2", line4="HH", postcode="2", country_id="DE")
    told = " ".join(nothing_belongs_to_a_merged_account())
    assert case.number in told and "Adressen" in told
    file = reverse("dashboard:customer", args=[gone.pk])
    along = reverse("dashboard:customer-merge-along", args=[gone.pk])
    shown = service.get(file)
    assert along in shown.content.decode()
    assert [(str(title), many) for title, many in shown.context["followers"]] == [
        ("Fälle", 1),
        ("Adressen", 1),
    ]
    service.post(along)
    assert not nothing_belongs_to_a_merged_account() and along not in service.get(file).content.decode()
    case.refresh_from_db()
    assert case.user == kept


def test_what_both_have_alike_stays_behind_and_is_no_stray(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    for person in pair:
        UserAddress.objects.create(user=person, line1="Kai 1", line4="HH", postcode="1", country_id="DE")
    sent(service, kept, gone)
    assert UserAddress.objects.filter(user=gone).exists() and not nothing_belongs_to_a_merged_account()


def test_the_address_of_a_merged_account_can_be_that_of_the_one_that_stays(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    sent(service, kept, gone)
    wanted, other = gone.email, make_user("dritte@example.org")
    with pytest.raises(actions.AddressTaken):  # nobody else's
        actions.change(person=other, seen=actions.version_of(other), why="Anruf", by=None, email=wanted)
    kept.refresh_from_db()
    actions.change(person=kept, seen=actions.version_of(kept), why="Anruf", by=None, email=wanted)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert kept.email == wanted and gone.email.endswith(".invalid")
    assert EmailAddress.objects.get(email__iexact=wanted).user == kept
    change = Access.objects.filter(deed=CHANGE, key=str(gone.pk)).order_by("-pk")[0]
    assert change.facts["fields"]["email"] == [wanted, gone.email]


def test_what_follows_later_brings_no_old_block_along_and_says_who_did_it(
    service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    CustomerCredit.objects.create(user=gone, blocked=True, block_reason="zahlt nicht")
    sent(service, kept, gone)
    CustomerCredit.objects.filter(user=kept).update(blocked=False, block_reason="")  # accounting lifted it
    address = reverse("dashboard:customer-merge-along", args=[gone.pk])
    before = (CustomerNote.objects.count(), Access.objects.filter(deed=CHANGE).count())
    answer = service.post(address, follow=True).content.decode()
    assert "nichts" in answer and not CustomerCredit.objects.get(user=kept).blocked
    assert (CustomerNote.objects.count(), Access.objects.filter(deed=CHANGE).count()) == before
    order = place_order((make_variant(), 1), user=gone)
    service.post(address)
    order.refresh_from_db()
    assert order.user == kept and not CustomerCredit.objects.get(user=kept).blocked
    note = CustomerNote.objects.order_by("-pk")[0]
    assert note.by is not None and note.facts["moved"] == {"order.Order.user": 1}
    change = Access.objects.filter(deed=CHANGE, person_id=gone.pk).order_by("-pk")[0]
    assert change.by_id == note.by_id and "followed" in change.facts["fields"]


def test_looking_at_both_is_found_by_either_of_them(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    service.get(page(kept, gone))
    looks = Access.objects.filter(page="dashboard:customer-merge").values_list("person_id", "key")
    assert sorted(looks) == sorted((one.pk, str(one.pk)) for one in pair)
    assert set(Access.objects.values_list("person_mark", flat=True)) == {mark_of(one.email) for one in pair}


def test_who_looked_at_an_account_is_still_told_when_it_was_merged_or_has_another_address(
    as_role: Callable[[str], Client], service: Client, pair: tuple[User, User]
) -> None:
    kept, gone = pair
    service.get(reverse("dashboard:customer", args=[gone.pk]))
    guest = Access.objects.create(
        deed=LOOK, kind="order", key="K1", by=make_user("c@example.org", is_staff=True), by_name="c@example.org",
        person_mark=mark_of("frueher@example.org"),
    )  # fmt: skip
    sent(service, kept, gone)
    note_change(
        kind_name="customer",
        key=str(gone.pk),
        changed={"email": ("frueher@example.org", gone.email)},
        by=None,
    )
    log = as_role("manager")
    for filters in ({"person": str(kept.pk)}, {"q": kept.email}):
        rows = [one["row"] for one in log.get(reverse("dashboard:accesses"), filters).context["rows"]]
        assert guest in rows
        assert [row.page for row in rows if row.person_id == gone.pk and row.deed == LOOK][-1:] == [
            "dashboard:customer"
        ], filters


def test_the_other_account_is_named_by_its_address(service: Client, pair: tuple[User, User]) -> None:
    kept, gone = pair
    address = reverse("dashboard:customer-merge-pick", args=[kept.pk])
    assert service.post(address, {"email": "ERIKA.MUSTER@example.org"}).url == page(kept, gone)
    for wrong in ("niemand@example.org", kept.email, ""):
        assert service.post(address, {"email": wrong}).status_code == 422
