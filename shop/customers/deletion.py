"""Verbs of deleting an account: ask, take back, do it for good (Art. 17 GDPR). What the law makes us keep stays where
it is (Art. 17 (3) b): orders, invoices and what was written about them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import IntegrityError
from oscar.apps.address.models import UserAddress

from shop.audit.actions import note_change
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from . import newsletter
from .events import AccountDeleted, AccountMailRequested
from .models import AccountDeletion, CustomerNote, User

GRACE = dt.timedelta(days=14)
CALLED = "deleted-{pk}@deleted.invalid"  #: what a deleted account is called (RFC 2606)
REASON = "deleted at the customer's own wish"
#: What belongs to the person alone and goes: model, its field.
GOES: tuple[tuple[str, str], ...] = (
    ("wishlists.WishList", "owner"),
    ("customer.ProductAlert", "user"),
    ("stock_alerts.StockAlert", "user"),
    ("basket.Basket", "owner"),
    ("analytics.UserRecord", "user"),
    ("analytics.UserProductView", "user"),
    ("analytics.UserSearch", "user"),
    ("communication.Notification", "recipient"),
    ("communication.Email", "user"),
    ("reviews.Vote", "user"),
)


def ask(*, person: User, by: Any = None) -> AccountDeletion:
    """The person wants the account deleted; it will be after ``GRACE``. A second click finds the first wish."""

    def work() -> AccountDeletion:
        known = open_wish(person)
        if known is not None:
            return known
        moment = now()
        wish = AccountDeletion.objects.create(user=person, asked_at=moment, due_at=moment + GRACE)
        _noted(person, ("", wish.due_at.date().isoformat()))
        record(
            AccountMailRequested(
                key=f"deletion:{wish.pk}",
                template="account/email/deletion_asked",
                email=person.email,
                language=person.language,
                user_id=person.pk,
                facts={"due": wish.due_at.isoformat()},
                subject="",
                text="",
            )
        )
        return wish

    try:
        return retrying(work)
    except IntegrityError:  # two clicks in one moment
        found = open_wish(person)
        assert found is not None
        return found


def take_back(*, person: User, by: Any = None) -> bool:
    """The account stays after all. False when there was nothing to take back, or it was done already."""

    def work() -> bool:
        rows = AccountDeletion.objects.filter(user=person, taken_back_at=None, done_at=None)
        changed = bool(rows.update(taken_back_at=now()))
        if changed:
            _noted(person, ("asked for", ""))
        return changed

    return retrying(work)


def open_wish(person: Any) -> AccountDeletion | None:
    """The deletion that waits. One query."""
    return AccountDeletion.objects.filter(user=person, taken_back_at=None, done_at=None).first()


def due() -> list[AccountDeletion]:
    """Wishes whose time to take them back is over, also of an account that was closed meanwhile: a closed account is no
    deleted one. One that was merged is emptied with the account that stayed."""
    rows = AccountDeletion.objects.filter(
        taken_back_at=None, done_at=None, due_at__lte=now(), user__merged_into=None, user__is_staff=False
    )
    return list(rows.select_related("user").order_by("pk"))


def carry_out(*, wish: AccountDeletion, by: Any = None) -> bool:
    """Make the account nobody's, for good: name, address, phone, ways to sign in and everything that is the person's
    alone go, also of the accounts that were merged into it; the rows stay as numbers that papers point to.

    False when it was taken back in this moment.
    """

    def work() -> bool:
        mine = AccountDeletion.objects.filter(pk=wish.pk, taken_back_at=None, done_at=None)
        if not mine.update(done_at=now()):
            return False
        person = User.objects.get(pk=wish.user_id)
        accounts = [person, *User.objects.filter(merged_into=person).order_by("pk")]
        _end_by_address(accounts)
        for one in accounts:
            _empty(one)
            record(AccountDeleted(one.pk))
        _noted(person, ("", "done"))
        return True

    return retrying(work)


def _end_by_address(accounts: list[User]) -> None:
    """Newsletter and alerts of every address that these accounts have shown to be theirs. One that was only
    typed in may be a stranger's."""
    rows = EmailAddress.objects.filter(user__in=accounts, verified=True)
    emails = {email.lower() for email in rows.values_list("email", flat=True)}
    for email in sorted(emails):
        newsletter.leave(email=email, place="", via="deletion")
    apps.get_model("stock_alerts.StockAlert").objects.filter(email__in=emails).delete()


def _empty(person: User) -> None:
    """Take from one account all that is the person's alone, and the ways to sign in."""
    for model, field in GOES:
        apps.get_model(model).objects.filter(**{field: person.pk}).delete()
    for rows in (UserAddress, EmailAddress, Authenticator, CustomerNote):
        rows.objects.filter(user=person).delete()
    person.email = CALLED.format(pk=person.pk)
    person.first_name = person.last_name = person.phone = ""
    person.is_active, person.closed_reason = False, REASON
    person.set_unusable_password()  # every open session ends with it
    person.save()


def _noted(person: User, change: tuple[str, str]) -> None:
    note_change(
        kind_name="customer",
        key=str(person.pk),
        changed={"deletion": change},
        by=None,
        person=(person.pk, person.email),
    )
