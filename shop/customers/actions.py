"""Verbs about a person. Each change is kept with what it was before (``shop.audit``), who changed it and why."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError
from django.utils.translation import gettext as _
from oscar.apps.address.models import UserAddress

from shop.audit.actions import note_change
from shop.kernel.outbox import record
from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

from .events import AccountMailRequested
from .models import NOTE_MAX, CustomerNote, DistinctCustomers, User
from .sessions import end_sessions

FIELDS = ("email", "first_name", "last_name", "phone", "language")
ADDRESS_FIELDS = ("first_name", "last_name", "line1", "line2", "line4", "postcode", "country_id")
ADDRESSES_MAX = 30  #: that one person keeps
PINNED_WORDS_MAX = 60  #: of a note, where its pinning is written down
FREED = "merged-{pk}@merged.invalid"  #: what a merged account is called when its address is needed (RFC 2606)


class NotChanged(ValueError):
    """Nothing was changed; the text says why, for the person who tried."""


class AddressTaken(NotChanged):
    """Somebody has an account under this e-mail address already; the text says so."""

    def __init__(self, email: str) -> None:
        super().__init__(
            _("There is an account with the e-mail address %(email)s already.") % {"email": email}
        )
        self.email = email


class ChangedMeanwhile(NotChanged):
    """Somebody else changed the person since the page was opened."""

    def __init__(self) -> None:
        super().__init__(
            _("Meanwhile somebody else changed this customer. Nothing was changed; please look at it again.")
        )


def register(
    *, email: str, first_name: str, last_name: str, phone: str = "", language: str = "de", by: Any
) -> User:
    """Staff make an account for a customer, without a password: it opens when the person sets one by "forgot password",
    which proves that the address is theirs. Raises AddressTaken, also for another spelling of a known address."""
    address = clean_line(email).lower()

    def work() -> User:
        if _is_taken(address):
            raise AddressTaken(address)
        person = User(
            email=address,
            first_name=clean_line(first_name),
            last_name=clean_line(last_name),
            phone=clean_line(phone),
            language=language,
        )
        person.set_unusable_password()
        person.save()
        EmailAddress.objects.create(user=person, email=address, primary=True, verified=False)
        return person

    try:
        return retrying(work)
    except IntegrityError:  # registered in this very moment
        raise AddressTaken(address) from None


def version_of(person: User) -> str:
    """What a page shows of a person, as a short mark: it differs as soon as anybody changed something."""
    values = [str(getattr(person, name)) for name in FIELDS]
    return hashlib.sha256("\0".join([*values, str(person.is_active)]).encode()).hexdigest()[:16]


def change(*, person: User, seen: str, why: str, by: Any, **fields: str) -> User:
    """Staff change name, e-mail address, phone or language (``fields``) of a customer and say why.

    ``seen``: version_of() as the page showed it. A new e-mail address is told to the old one, and must be confirmed
    anew by the person (the caller sends that mail); it may be that of an account merged into this one.
    Raises NotChanged, ChangedMeanwhile, AddressTaken in words, and TypeError for an unknown field.
    """
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"no field of a customer: {', '.join(sorted(unknown))}")
    reason, new = _reason(why), _cleaned(fields)

    def work() -> User:
        row = User.objects.filter(pk=person.pk, is_staff=False, merged_into=None).first()
        if row is None or version_of(row) != seen:
            raise ChangedMeanwhile()
        old = {name: str(getattr(row, name)) for name in FIELDS}
        wanted = old | new
        if wanted == old:
            raise NotChanged(_("Nothing was changed."))
        if wanted["email"] != old["email"] and _is_taken(wanted["email"], except_for=row.pk):
            raise AddressTaken(wanted["email"])
        if wanted["email"] != old["email"]:
            _free(row, wanted["email"], by, reason)
        # Of two who both saw the same the second finds no row: on SQLite and PostgreSQL alike.
        if not User.objects.filter(pk=row.pk, is_active=row.is_active, **old).update(**wanted):
            raise ChangedMeanwhile()
        if wanted["email"] != old["email"]:
            _move_address(row, old["email"], wanted["email"])
        _noted(row, {name: (old[name], wanted[name]) for name in FIELDS}, by, reason, wanted["email"])
        row.refresh_from_db()
        return row

    try:
        return retrying(work)
    except IntegrityError:  # somebody registered with it in this very moment
        raise AddressTaken(new.get("email", "")) from None


def _cleaned(fields: dict[str, str]) -> dict[str, str]:
    new = {name: clean_line(str(value)) for name, value in fields.items()}
    if "email" in new:
        new["email"] = new["email"].lower()
        try:
            validate_email(new["email"])
        except ValidationError:
            raise NotChanged(_("This is no e-mail address.")) from None
    if new.get("language", "de") not in dict(settings.LANGUAGES):
        raise NotChanged(_("We do not speak this language yet."))
    for name, most in (("first_name", 150), ("last_name", 150), ("phone", 40), ("email", 150)):
        if len(new.get(name, "")) > most:
            raise NotChanged(_("One of the fields is too long."))
    return new


def _is_taken(email: str, except_for: int = 0) -> bool:
    """Whether somebody else has the address: not the person themselves, nor an account that was merged into theirs."""
    others = User.objects.exclude(pk=except_for).exclude(merged_into=except_for)
    return (
        others.filter(email__iexact=email).exists()
        or others.filter(emailaddress__email__iexact=email).exists()
    )


def _free(person: User, email: str, by: Any, why: str) -> None:
    """Take the address off an account that was merged into ``person``'s: the one that stays may have it again."""
    for row in User.objects.filter(merged_into=person, email__iexact=email):
        called = FREED.format(pk=row.pk)
        User.objects.filter(pk=row.pk).update(email=called)
        _noted(row, {"email": (row.email, called)}, by, why, row.email)
    EmailAddress.objects.filter(user__merged_into=person, email__iexact=email).delete()


def _move_address(person: User, old: str, new: str) -> None:
    """The address people sign in with is the new one, unconfirmed; the old one opens nothing any more and is told."""
    EmailAddress.objects.filter(user=person).delete()
    EmailAddress.objects.create(user=person, email=new, primary=True, verified=False)
    asked = AccountMailRequested(
        key=f"changed:{person.pk}:{hashlib.sha256(f'{old}>{new}'.encode()).hexdigest()[:12]}:{_turn(person)}",
        template="account/email/email_changed",
        email=old,
        language=person.language,
        user_id=person.pk,
        facts={"from_email": old, "to_email": new},
        subject="",
        text="",
    )
    record(asked)


def _turn(person: User) -> int:
    """How often the address was changed before: each change is told."""
    from shop.audit.models import CHANGE, Access

    return Access.objects.filter(deed=CHANGE, kind="customer", key=str(person.pk)).count()


def close(*, person: User, why: str, by: Any) -> None:
    """Nobody signs in to the account any more, and nobody orders with it; orders go on. Raises NotChanged."""
    reason = _reason(why)

    def work() -> None:
        rows = User.objects.filter(pk=person.pk, is_staff=False, is_active=True)
        if not rows.update(is_active=False, closed_reason=reason):
            raise NotChanged(_("The account is closed already."))
        end_sessions([person.pk])
        _noted(person, {"closed": ("", reason)}, by, reason, person.email)

    retrying(work)


def reopen(*, person: User, why: str, by: Any) -> None:
    """The account may be used again. Raises NotChanged for one that is open, or was merged into another."""
    reason = _reason(why)

    def work() -> None:
        rows = User.objects.filter(pk=person.pk, is_staff=False, is_active=False, merged_into=None)
        old = rows.values_list("closed_reason", flat=True).first()
        if old is None or not rows.update(is_active=True, closed_reason=""):
            raise NotChanged(_("The account is open, or was merged into another one."))
        end_sessions([person.pk])
        _noted(person, {"closed": (old, "")}, by, reason, person.email)

    retrying(work)


def save_address(
    *,
    person: User,
    address_id: int | None,
    seen: dict[str, str] | None,
    data: dict[str, str],
    why: str,
    by: Any,
) -> UserAddress:
    """Add an address (``address_id`` None) or change one. ``data``: ADDRESS_FIELDS; ``seen``: the same as the page
    showed them. Raises NotChanged and ChangedMeanwhile in words; LookupError for an address of somebody else."""
    reason = _reason(why)

    def work() -> UserAddress:
        if address_id is None:
            if UserAddress.objects.filter(user=person).count() >= ADDRESSES_MAX:
                raise NotChanged(_("A customer keeps %(most)d addresses at most.") % {"most": ADDRESSES_MAX})
            row, old = UserAddress(user=person), None
        else:
            row = _own_address(person, address_id)
            old = address_parts(row)
            if seen is not None and seen != old:
                raise ChangedMeanwhile()
        for name in ADDRESS_FIELDS:
            setattr(row, name, clean_line(str(data.get(name, ""))))
        if address_parts(row) == old:
            raise NotChanged(_("Nothing was changed."))
        row.save()
        _noted(person, {"address": (old, address_parts(row))}, by, reason, person.email)
        return row

    try:
        return retrying(work)
    except IntegrityError:
        raise NotChanged(_("The customer has this address already.")) from None


def remove_address(*, person: User, address_id: int, why: str, by: Any) -> None:
    """Take an address out of the book; orders keep their own copy. Raises NotChanged without a reason, LookupError."""
    reason = _reason(why)

    def work() -> None:
        row = _own_address(person, address_id)
        old = address_parts(row)
        row.delete()
        _noted(person, {"address": (old, None)}, by, reason, person.email)

    retrying(work)


def _own_address(person: User, address_id: int) -> UserAddress:
    row = UserAddress.objects.filter(user=person, pk=address_id).first()
    if row is None:
        raise LookupError(address_id)
    return row


def address_parts(address: Any) -> dict[str, str]:
    """An address as plain values, as it is remembered."""
    return {name: str(getattr(address, name) or "") for name in ADDRESS_FIELDS}


def write_note(
    *, user: User | None, email: str = "", text: str, pinned: bool = False, by: Any, **facts: Any
) -> CustomerNote:
    """Staff write down what colleagues should know of an account, or of a guest by ``email``. Raises NotChanged."""
    words = "\n".join(clean_line(line) for line in text.splitlines()).strip()
    if not words or len(words) > NOTE_MAX:
        raise NotChanged(_("Please write a note of at most %(most)d characters.") % {"most": NOTE_MAX})
    return CustomerNote.objects.create(
        user=user, email="" if user else email.lower(), text=words, pinned=pinned, by=by, facts=facts
    )


def pin_note(*, note_id: int, pinned: bool, by: Any, number: str = "") -> bool:
    """Keep a note at the top of the file, or no longer; who did it is kept. ``number``: of an order of the guest whom
    the note is about. Returns whether that changed anything."""

    def work() -> bool:
        rows = CustomerNote.objects.filter(pk=note_id, pinned=not pinned)
        if not rows.update(pinned=pinned):
            return False
        row = CustomerNote.objects.select_related("user").get(pk=note_id)
        words = row.text.splitlines()[0][:PINNED_WORDS_MAX]
        note_change(
            kind_name="customer" if row.user else "order",
            key=str(row.user_id) if row.user else number,
            changed={"pinned": ("", words) if pinned else (words, "")},
            by=by,
            person=(row.user_id, row.user.email if row.user else row.email),
        )
        return True

    return retrying(work)


def keep_apart(*, one: int, other: int, why: str, by: Any) -> bool:
    """Two accounts (ids) are not the same person's: they are not proposed again. False when that was known. Raises
    NotChanged without a reason, and for an account with itself."""
    if one == other:
        raise NotChanged(_("This is one account, not two."))
    first, second = sorted((one, other))
    if DistinctCustomers.objects.filter(first_id=first, second_id=second).exists():
        return False
    _row, made = DistinctCustomers.objects.get_or_create(
        first_id=first, second_id=second, defaults={"why": _reason(why), "by": by}
    )
    return made


def _reason(why: str) -> str:
    reason = clean_line(why)[:300]
    if not reason:
        raise NotChanged(_("Please say why."))
    return reason


def _noted(person: User, changed: dict[str, tuple[Any, Any]], by: Any, why: str, email: str) -> None:
    note_change(
        kind_name="customer", key=str(person.pk), changed=changed, by=by, why=why, person=(person.pk, email)
    )
