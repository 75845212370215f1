"""How often somebody may try something: some tries are free, then each further one has to wait longer, never for ever.

Counted in the database, by compare-and-set: all workers count as one, and two tries at the same moment count as two.
Whom a limit must not punish is decided by what is counted: see ``shop/customers/limits.py``.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .clock import now
from .models import Tally

log = logging.getLogger("shop.security")
SALT = "shop.kernel.tries"
ROUNDS_MAX = 10  #: of compare-and-set against others who try the same at the same moment
KEPT = dt.timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """So many tries are ``free``; the next waits ``first_wait_s`` seconds after the last, and each further one twice as
    long, up to ``longest_wait_s``. All is forgotten when nobody tried for ``within_s`` seconds."""

    what: str
    free: int
    within_s: int
    first_wait_s: int = 30
    longest_wait_s: int = 900

    def pause_s(self, tries: int) -> int:
        """Seconds between the last of so many tries and the next."""
        if tries < self.free:
            return 0
        doubled = self.first_wait_s * 2 ** min(tries - self.free, 30)
        return min(doubled, self.longest_wait_s)


Counted = tuple[Limit, str]


def take(counted: Iterable[Counted]) -> int:
    """Try: each limit counts one more for whom it names. Returns 0, or the seconds to wait; then nothing counted."""
    taken: list[Counted] = []
    for limit, who in counted:
        wait = _take(limit, who)
        if wait:
            give_back(taken)
            return wait
        taken.append((limit, who))
    return 0


def count_up(what: str, who: str, *, within_s: int, add: int = 1) -> int:
    """Count ``add`` more. Returns how many that are since the first of them, which is forgotten after ``within_s``."""
    key = _key(Limit(what, 0, within_s), who)
    moment = now()
    Tally.objects.filter(key=key, since__lte=moment - dt.timedelta(seconds=within_s)).delete()
    if not _begin(key, moment, add):
        Tally.objects.filter(key=key).update(count=F("count") + add, last_at=moment)
    return Tally.objects.filter(key=key).values_list("count", flat=True).first() or add


def give_back(counted: Iterable[Counted]) -> None:
    """That was no guess: it does not count."""
    for limit, who in counted:
        Tally.objects.filter(key=_key(limit, who)).update(count=Greatest(F("count") - 1, 0))


def forget(counted: Iterable[Counted]) -> None:
    """Begin anew: whoever tried has shown who they are."""
    Tally.objects.filter(key__in=[_key(limit, who) for limit, who in counted]).delete()


def clear() -> int:
    """Delete tallies that nobody added to for a day. Returns how many."""
    return Tally.objects.filter(last_at__lt=now() - KEPT).delete()[0]


def refusal(request: HttpRequest, wait_s: int) -> HttpResponse:
    """429 in words, with the seconds to wait for programs."""
    minutes = math.ceil(wait_s / 60)
    text = (
        ngettext("Please wait %(n)d minute.", "Please wait %(n)d minutes.", minutes) % {"n": minutes}
        if wait_s > 60
        else ngettext("Please wait %(n)d second.", "Please wait %(n)d seconds.", wait_s) % {"n": wait_s}
    )
    log.warning("too many tries at %s: %s s to wait", request.path, wait_s)
    context = {"error_title": _("That was very often in a short time"), "error_text": text}
    answer = render(request, "429.html", context, status=429)
    answer["Retry-After"] = str(wait_s)
    answer["Cache-Control"] = "no-store"
    return answer


def _take(limit: Limit, who: str) -> int:
    key = _key(limit, who)
    for _round in range(ROUNDS_MAX):
        moment = now()
        row = Tally.objects.filter(key=key).first()
        if row is None:
            if _begin(key, moment):
                return 0
            continue
        is_old = row.last_at <= moment - dt.timedelta(seconds=limit.within_s)
        tries, since = (0, moment) if is_old else (row.count, row.since)
        wait = limit.pause_s(tries) - (moment - row.last_at).total_seconds()
        if wait > 0:
            return math.ceil(wait)
        same = Tally.objects.filter(pk=row.pk, count=row.count, last_at=row.last_at)
        if same.update(count=tries + 1, since=since, last_at=max(moment, row.last_at)):
            return 0
    return max(1, limit.first_wait_s)


def _begin(key: str, moment: dt.datetime, tries: int = 1) -> bool:
    try:
        with transaction.atomic():
            Tally.objects.create(key=key, count=tries, since=moment, last_at=moment)
    except IntegrityError:  # somebody else began at the same moment
        return False
    return True


def _key(limit: Limit, who: str) -> str:
    return salted_hmac(SALT, f"{limit.what}\n{who}", algorithm="sha256").hexdigest()
