"""Links of our mails that lead past the order page: they carry the order's signed token as ``key``."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import cache_control

from checkout.order import access
from checkout.order.models import Order

KEY = "key"

#: For forms of several steps: kept by this browser alone and asked for anew each time, but the back button finds the
#: step as it was left. ``never_cache`` forbids that, and the browser would say that the form has expired.
back_button_works = cache_control(private=True, no_cache=True, max_age=0)


def opened_by_key(request: HttpRequest) -> HttpResponse | None:
    """Answer to an address with a key: this browser may see the order from now on, and the key leaves the address.

    None when there is none. A key that is forged, too old or made to work once opens nothing: the page then asks.
    """
    key = request.GET.get(KEY)
    if key is None:
        return None
    if request.method == "GET":  # a mail scanner looks with HEAD and gets to see nothing
        found = access.read_token(key)
        order = Order.objects.filter(pk=found["o"]).first() if found and not found.get("n") else None
        if order is not None:
            access.grant(request, order)
    rest = request.GET.copy()
    del rest[KEY]
    return redirect(f"{request.path}?{rest.urlencode()}" if rest else request.path)


def link_with_key(name: str, order: Order, *, base: str, **query: str) -> str:
    """The address of the page ``name`` for a mail about ``order``: choices of it are offered without logging in."""
    wanted = "".join(f"&{key}={value}" for key, value in query.items())
    return f"{base}{reverse(name)}?order={order.number}{wanted}&{KEY}={access.token(order)}"
