"""A lost second factor is taken away by another person, never by oneself: then the next sign-in sets up a new one."""

from __future__ import annotations

import uuid

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _

from shop.audit.actions import note_change
from shop.kernel.outbox import record
from shop.kernel.transactions import retrying

from .events import AccountMailRequested
from .models import User
from .sessions import end_sessions

WHY_MAX = 300


class NotReset(ValueError):
    """Refused; the text says why, in words for staff."""


def reset_second_factors(*, person: User, why: str, by: User) -> int:
    """Take away all second factors of a colleague (app, passkeys, recovery codes), end their sessions, write it into
    the access log and tell the colleague by mail. Returns how many there were.

    Raises NotReset for one's own, for somebody with more rights than oneself, without a reason, or where there is none.
    """
    reason = why.strip()[:WHY_MAX]
    if person.pk == by.pk:
        raise NotReset(_("Your own second factor is taken away by somebody else, so that two have looked."))
    if person.is_superuser and not by.is_superuser:
        raise NotReset(_("Only an administrator takes this away from an administrator."))
    if not reason:
        raise NotReset(_("Please say why: how do you know that it is really them?"))

    def work() -> int:
        kinds = sorted(Authenticator.objects.filter(user=person.pk).values_list("type", flat=True))
        if not kinds:
            raise NotReset(_("There is no second factor to take away."))
        Authenticator.objects.filter(user=person.pk).delete()
        end_sessions([person.pk])
        note_change(
            kind_name="colleague",
            key=str(person.pk),
            changed={"second_factors": (", ".join(kinds), "")},
            by=by,
            why=reason,
            person=(person.pk, person.email),
        )
        record(
            AccountMailRequested(
                key=uuid.uuid4().hex,
                template="mfa/email/second_factor_reset",
                email=person.email,
                language=person.language,
                user_id=person.pk,
                facts={},
                subject="",
                text="",
            )
        )
        return len(kinds)

    return retrying(work)
