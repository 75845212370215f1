"""Customers with addresses, and one member of staff per role."""

from __future__ import annotations

from functools import cache

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from oscar.apps.address.models import Country, UserAddress

from checkout.payment.models import CustomerCredit
from shop.customers.models import User
from shop.demo.logins import PASSWORD, SHOPPERS, STAFF, Person


def seed_people() -> None:
    """Everybody of ``shop.demo.logins``; passwords of people who are there are not touched."""
    for person in SHOPPERS:
        user = _user(person)
        _address(person, user)
        if person.on_account:
            CustomerCredit.objects.get_or_create(user=user, defaults={"released": True})
    for person in STAFF:
        user = _user(person)
        group, _ = Group.objects.get_or_create(name=person.role)
        user.groups.add(group)


def _user(person: Person) -> User:
    staff = person.role != "shopper"
    facts = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language": person.language,
        "is_staff": staff,
        "is_superuser": person.role == "administrator",
    }
    user, made = User.objects.get_or_create(email=person.email, defaults=facts)
    if made:
        user.password = _hash()
        user.save(update_fields=["password"])
    EmailAddress.objects.get_or_create(
        user=user, email=person.email, defaults={"verified": True, "primary": True}
    )
    return user


@cache
def _hash() -> str:
    """Everybody has the same demo password, so it is hashed once: hashing is slow on purpose."""
    return make_password(PASSWORD)


def _address(person: Person, user: User) -> None:
    if UserAddress.objects.filter(user=user).exists():
        return
    UserAddress.objects.create(
        user=user,
        first_name=person.first_name,
        last_name=person.last_name,
        line1=person.street,
        line4=person.city,
        postcode=person.postcode,
        country=Country.objects.get(iso_3166_1_a2=person.country),
        is_default_for_shipping=True,
        is_default_for_billing=True,
    )
