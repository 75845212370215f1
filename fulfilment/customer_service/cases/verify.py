"""Invariants of the room, for ``manage.py verify``."""

from __future__ import annotations

import datetime as dt

from django.core.files.storage import storages
from django.db.models import Max, OuterRef, Subquery

from shop.kernel.clock import now

from .models import Case, Message, Picture
from .states import CLOSED

MAIL_WITHIN = dt.timedelta(minutes=10)


def every_case_begins_with_the_customer() -> list[str]:
    """A case has a first message, and knows its last one."""
    last = (
        Message.objects.filter(case=OuterRef("pk"))
        .order_by()
        .values("case")
        .annotate(last=Max("pk"))
        .values("last")
    )
    rows = Case.objects.annotate(last=Subquery(last)).order_by("pk")
    return [
        f"case {row.number}: its last message is {row.last}, not {row.last_message_id}"
        for row in rows.iterator(1000)
        if row.last != row.last_message_id
    ]


def every_answer_has_its_mail() -> list[str]:
    """What staff answered was written to the customer."""
    late = Message.objects.filter(side=Message.STAFF, mail_id=None, at__lt=now() - MAIL_WITHIN)
    return [f"answer {row.pk} of case {row.case_id} has no mail" for row in late.order_by("pk")]


def pictures_are_kept() -> list[str]:
    """The store has every picture."""
    place = storages["documents"]
    return [
        f"picture {row.pk} of message {row.message_id} is missing in the store"
        for row in Picture.objects.order_by("pk").iterator(1000)
        if not place.exists(row.key)
    ]


def closed_cases_wait_for_nothing() -> list[str]:
    """A closed case owes no answer."""
    rows = Case.objects.filter(state=CLOSED, answer_due_at__isnull=False).order_by("pk")
    return [f"case {row.number} is closed and owes an answer" for row in rows]


CHECKS = [
    ("every case begins with its customer and knows its last message", every_case_begins_with_the_customer),
    ("every answer to a customer has its mail", every_answer_has_its_mail),
    ("pictures of cases are kept", pictures_are_kept),
    ("closed cases owe no answer", closed_cases_wait_for_nothing),
]
