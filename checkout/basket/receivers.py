"""What happens to the basket when somebody signs in: what they chose before is theirs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import m2m_changed
from django.dispatch import receiver
from django.utils.functional import SimpleLazyObject, empty

from .counting import count_pieces, note_count
from .later import Keeper, of_cookie
from .later import merge as merge_kept
from .models import Basket


@receiver(
    m2m_changed, sender=Basket.vouchers.through, dispatch_uid="lines say whether their basket has vouchers"
)
def read_lines_anew(instance: Any, **kwargs: Any) -> None:
    """A voucher was put on a basket, or taken off: its lines, which say whether there is one, are read anew."""
    if isinstance(instance, Basket):
        instance.forget_lines()


@receiver(user_logged_in, dispatch_uid="basket of the guest is merged")
def take_guest_basket_along(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """Merge the guest's basket, and what the guest kept for later, into the person's own at once, so that the very next
    page shows it."""
    guest = Keeper(basket_id=of_cookie(request)) if hasattr(request, "COOKIES") else Keeper()
    if guest.basket_id:
        merge_kept(owner_id=user.pk, guest=guest)
    basket = getattr(request, "basket", None)
    if settings.OSCAR_BASKET_COOKIE_OPEN not in getattr(request, "COOKIES", {}) or basket is None:
        return
    if isinstance(basket, SimpleLazyObject):
        basket._wrapped = empty
    request._basket_cache = None
    note_count(request, count_pieces(request.basket))
