"""When sessions end: all of a person's at a change of rights or password, and those of staff after some hours.

Each session is checked at each request against a keyed hash of the password and of ``User.sessions_version``. One more
of the latter, and every session made before is no longer the person's; no table of sessions has to be searched.

The database counts it up by itself wherever rights are written (triggers.py). What stands here beside it keeps whoever
changes their own rights signed in, and holds also while a migration has taken the triggers away.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from allauth.account.signals import password_reset
from allauth.core import context
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import F
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.dispatch import receiver
from django.http import HttpRequest

from .devices import words_of
from .limits import begin_anew
from .models import User

SINCE, SEEN = (
    "staff_since",
    "staff_seen",
)  #: in the session: seconds of the real clock, as Django counts sessions
#: A customer in the middle of something (sending a form, in the checkout) may finish it for so long after the end.
FINISHING_S = 4 * 3600
DEVICE = "device"  #: in the session: what it was opened with, in words (devices.py)
SEEN_EVERY_S = 60  #: so exactly it is kept when somebody was last here: writing it at each click would cost


def end_sessions(ids: Iterable[int], *, of: User | None = None) -> int:
    """End all sessions of these people; whoever does it to themselves goes on in theirs, under a new key.

    of: the row in hand of one of them, which then knows. Returns how many people that were.
    """
    wanted = set(ids)
    done = (
        User.objects.filter(pk__in=wanted).update(sessions_version=F("sessions_version") + 1) if wanted else 0
    )
    if of is not None and done:
        of.refresh_from_db(fields=["sessions_version"])
    request = context.request
    acting = getattr(request, "user", None)
    if acting is not None and acting.pk in wanted:
        acting.refresh_from_db(fields=["sessions_version"])
        update_session_auth_hash(request, acting)
    return done


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
def _own_rights_changed(instance: Any, action: str, reverse: bool, pk_set: Any, **rest: Any) -> None:
    """A person got or lost a role or a permission of their own."""
    if action == "pre_clear":
        instance._losing = list(instance.user_set.values_list("pk", flat=True)) if reverse else [instance.pk]
    elif action == "post_clear":
        end_sessions(instance._losing, of=None if reverse else instance)
    elif action in ("post_add", "post_remove") and pk_set:
        end_sessions(pk_set if reverse else [instance.pk], of=None if reverse else instance)


@receiver(m2m_changed, sender=Group.permissions.through)
def _role_changed(instance: Any, action: str, reverse: bool, pk_set: Any, **rest: Any) -> None:
    """A role got or lost a permission: so did everybody who has it."""
    if action == "pre_clear":
        groups = instance.group_set.all() if reverse else Group.objects.filter(pk=instance.pk)
        instance._losing = _members(groups)
    elif action == "post_clear":
        end_sessions(instance._losing)
    elif action in ("post_add", "post_remove") and pk_set:
        end_sessions(_members(Group.objects.filter(pk__in=pk_set if reverse else [instance.pk])))


def _members(groups: Any) -> list[int]:
    return list(User.objects.filter(groups__in=groups).values_list("pk", flat=True))


@receiver(pre_delete, sender=Group)
def _role_goes(instance: Any, **rest: Any) -> None:
    """A role is about to be taken away from everybody."""
    instance._losing = _members([instance])


@receiver(post_delete, sender=Group)
def _role_gone(instance: Any, **rest: Any) -> None:
    """It was."""
    end_sessions(instance._losing)


def _editor_changed(instance: Any, **rest: Any) -> None:
    """A role may do more or less with pages, files or sites of the editor."""
    end_sessions(User.objects.filter(groups=instance.group_id).values_list("pk", flat=True))


for _kind in ("GroupPagePermission", "GroupCollectionPermission", "GroupSitePermission"):
    for _signal in (post_save, post_delete):
        _signal.connect(_editor_changed, sender=f"wagtailcore.{_kind}", dispatch_uid=f"sessions.{_kind}")


@receiver(password_reset)
def _chosen_anew(request: HttpRequest, user: User, **rest: Any) -> None:
    """Whoever reads the mails of the address is its owner."""
    begin_anew(request, user)


@receiver(user_logged_in)
def _begin(request: HttpRequest, user: User, **rest: Any) -> None:
    """From now on the hours of a session of staff count; its owner sees with what it was opened."""
    moment = time.time()
    request.session[SINCE] = request.session[SEEN] = moment
    request.session[DEVICE] = words_of(request.META.get("HTTP_USER_AGENT", ""))


@receiver(user_logged_out)
def _left(request: HttpRequest | None, user: User | None, **rest: Any) -> None:
    """Signing out empties what the browser keeps of a customer (shop/policies.py). Not of staff: what they scanned
    without network waits there to be sent (docs/decisions/0040)."""
    if request is not None and user is not None and not (user.is_staff or user.is_superuser):
        request.empties_browser = True  # type: ignore[attr-defined]


def lasted_too_long(request: HttpRequest, *, is_busy: bool) -> bool:
    """Whether a customer signed in so long ago that they do so again (ASVS 7.3.2). One from before that was written
    down begins now.

    is_busy: they are in the middle of something that the end of the session would lose; it ends FINISHING_S later.
    """
    moment = time.time()
    since: float = request.session.setdefault(SINCE, moment)
    return moment - since > settings.CUSTOMER_SESSION_LASTS_S + (FINISHING_S if is_busy else 0)


def is_over(request: HttpRequest) -> bool:
    """Whether this session of staff was left alone, or lasted, too long. Notes that somebody was here."""
    moment = time.time()
    since = request.session.setdefault(SINCE, moment)
    seen = request.session.setdefault(SEEN, moment)
    if moment - seen > settings.STAFF_SESSION_IDLE_S or moment - since > settings.STAFF_SESSION_LASTS_S:
        return True
    if moment - seen >= SEEN_EVERY_S:
        request.session[SEEN] = moment
    return False
