"""How often one place of the internet may do something that costs us or fills a stranger's mailbox."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.http import HttpRequest

from shop.kernel.tries import count_up
from shop.kernel.visitors import place_of

HOUR_S = 3600
PICTURES_PER_VISITOR_MAX = 120  #: pictures an hour from one place of the internet


def too_many_pictures(request: HttpRequest) -> bool:
    """Count the pictures of this form; whether they are too many. Asked before any is drawn: that is what costs."""
    sent = len(request.FILES.getlist("pictures"))
    return sent > 0 and too_many(request, what="help-pictures", most=PICTURES_PER_VISITOR_MAX, add=sent)


def too_many(request: HttpRequest, *, what: str, most: int, add: int = 1) -> bool:
    """Count ``add`` more of ``what`` for the visitor's place; whether that is more than ``most`` within an hour.

    Addresses inside our own network are not counted: there a server of ours stands before everybody, and whom it
    speaks for is known only when ``TRUSTED_PROXIES`` names it.
    """
    place = place_of(request)
    if not place:
        return False
    return count_up(what, place, within_s=HOUR_S, add=add) > most


def owns_address(request: HttpRequest, email: str) -> bool:
    """Whether who is signed in has confirmed this address already. At most one query."""
    if not request.user.is_authenticated:
        return False
    return EmailAddress.objects.filter(user=request.user, email__iexact=email, verified=True).exists()
