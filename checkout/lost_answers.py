"""The answer to the order button got lost: the line broke, or a process ended after the order and before its session
was kept. The order is there, its mail is on the way, and the browser knows nothing of it but the signed cookie that
names the basket it was. By that the browser is given the order back, before anybody orders a second time."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from shop.kernel.clock import now

LOST_FOR = dt.timedelta(hours=1)  #: so long the cookie of a basket leads to the order it became


def named_by_browser(request: HttpRequest) -> int | None:
    """The basket that a guest's signed cookie names, open or not; None without one, and for one we did not sign."""
    try:
        return int(Signer().unsign(request.COOKIES[settings.OSCAR_BASKET_COOKIE_OPEN]))
    except (KeyError, BadSignature, ValueError):
        return None


def bring_back(request: HttpRequest) -> None:
    """Where the basket of this guest's cookie became an order that their session does not know: they may see it from
    now on, and are told so once. One query."""
    from checkout.order import access
    from checkout.order.actions.place import placed_from

    from . import session

    basket_id = named_by_browser(request)
    order = placed_from(basket_id) if basket_id is not None else None
    if order is None or order.user_id or order.date_placed < now() - LOST_FOR:
        return
    if access.may_see(request, order):
        return
    access.grant(request, order)
    session.forget(request)
    text = _("Your order %(number)s has reached us.") % {"number": order.number}
    page = reverse("orders:detail", kwargs={"number": order.number})
    link = format_html(' <a href="{}">{}</a>', page, _("To the order"))
    messages.success(request, format_html("{}{}", text, link), extra_tags="stays", fail_silently=True)
