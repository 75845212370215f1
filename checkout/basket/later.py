"""Kept for later: lines that left the basket without being thrown away. They lie in a second basket in state ``Saved``,
which belongs to the account, or to a guest's browser by a signed cookie. It promises nothing and is never ordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from shop.kernel.transactions import retrying

from .actions import MAX_PER_LINE, Refused, hold, offered, put
from .models import Basket, Line  # type: ignore[attr-defined]

MAX_LATER = 50  #: lines one person keeps
_SIGNER = Signer(salt="checkout.basket.later")


@dataclass(frozen=True)
class Keeper:
    """Whose things: an account's (``owner_id``), or those of a guest's browser (``basket_id``, 0: none yet)."""

    owner_id: int | None = None
    basket_id: int = 0

    @property
    def lines(self) -> Q | None:
        """Which lines are kept; None when there can be none."""
        if self.owner_id is not None:
            return Q(basket__owner_id=self.owner_id, basket__status=Basket.SAVED)
        if self.basket_id:
            return Q(basket_id=self.basket_id, basket__owner=None, basket__status=Basket.SAVED)
        return None


def keeper_of(request: HttpRequest) -> Keeper:
    """Who looks. No query; a forged cookie keeps nothing."""
    if request.user.is_authenticated:
        return Keeper(owner_id=request.user.pk)
    return Keeper(basket_id=of_cookie(request))


def of_cookie(request: HttpRequest) -> int:
    """Which basket this browser keeps things in; 0 for none, and for a forged cookie."""
    try:
        text = _SIGNER.unsign(request.COOKIES.get(settings.BASKET_LATER_COOKIE_NAME, ""))
    except BadSignature:
        return 0
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def remember(request: HttpRequest, response: HttpResponse, basket_id: int) -> None:
    """Let a guest's browser find what it keeps; an account needs no cookie."""
    if request.user.is_authenticated or basket_id == of_cookie(request):
        return
    response.set_cookie(
        settings.BASKET_LATER_COOKIE_NAME,
        _SIGNER.sign(str(basket_id)),
        max_age=settings.OSCAR_BASKET_COOKIE_LIFETIME,
        secure=settings.OSCAR_BASKET_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def remember_line(request: HttpRequest, response: HttpResponse, line_id: int) -> None:
    """Let a guest's browser find a line of its own basket that lies on a shelf by now (the caller saw its mark)."""
    found = Line.objects.filter(pk=line_id, basket__owner=None, basket__status=Basket.SAVED)
    basket_id = found.values_list("basket_id", flat=True).first()
    if basket_id is not None:
        remember(request, response, basket_id)


def keep(*, basket: Any, line_id: int, keeper: Keeper, by: Any = None) -> Line:
    """Move a line out of the basket to what is kept. Returns it there.

    Raises LookupError for a line of another basket, Refused when nothing more can be kept.
    """

    def work() -> Line:
        hold(basket)
        line = basket.lines.filter(pk=line_id).first() if basket.pk else None
        if line is None:
            raise LookupError(line_id)
        kept = shelf(keeper)
        same = kept.lines.filter(line_reference=line.line_reference)
        if not same.exists():
            _see_room(kept)
        there = lay(line, kept)
        basket.reset_offer_applications()
        return Line.objects.select_related("product__parent", "product__colour").get(pk=there)

    return retrying(work)


def _see_room(kept: Basket) -> None:
    if kept.lines.count() >= MAX_LATER:
        raise Refused(
            _("You can keep %(most)d articles for later. Please delete one first.") % {"most": MAX_LATER}
        )


def lay(line: Line, kept: Basket) -> int:
    """Move a line onto a shelf (``shelf()``, in the same transaction); where the article lies there already, its pieces
    are added to that line. Returns the id of the line it is now."""
    same = kept.lines.filter(line_reference=line.line_reference).first()
    if same is None:
        Line.objects.filter(pk=line.pk).update(basket=kept)
        return int(line.pk)
    pieces = min(MAX_PER_LINE, same.quantity + line.quantity)
    Line.objects.filter(pk=same.pk).update(quantity=pieces)
    Line.objects.filter(pk=line.pk).delete()
    return int(same.pk)


def take_back(*, basket: Any, line_id: int, keeper: Keeper, by: Any = None) -> str:
    """Put a kept line into the basket again, with as many pieces as it had. Returns its title.

    Raises LookupError for what is not kept here, Refused in words when it cannot be had; it then stays kept.
    """

    def work() -> str:
        hold(basket)
        line = _own(keeper, line_id)
        record = line.stockrecord
        if not Line.objects.filter(pk=line.pk).delete()[0]:  # a second click in the same moment was faster
            raise LookupError(line_id)
        pieces = line.quantity if record.backorderable else min(line.quantity, max(1, record.available))
        return put(basket=basket, variant_id=line.product_id, quantity=pieces).title

    return retrying(work)


def drop(*, line_id: int, keeper: Keeper, by: Any = None) -> tuple[int, int, str]:
    """Throw a kept line away. Returns product id, quantity and title, with which it can be kept again.

    Raises LookupError for what is not kept here.
    """
    line = _own(keeper, line_id)
    Line.objects.filter(pk=line.pk).delete()
    return line.product_id, line.quantity, line.product.title_local


def keep_again(*, product_id: int, quantity: int, strategy: Any, keeper: Keeper, by: Any = None) -> Line:
    """Keep what was just thrown away. Raises Product.DoesNotExist for what is not offered, Refused for odd pieces and
    when nothing more can be kept."""
    if not 1 <= quantity <= MAX_PER_LINE:
        raise Refused(_("Please give a number of pieces from 1 to %(most)d.") % {"most": MAX_PER_LINE})

    def work() -> Line:
        product = offered(product_id)
        kept = shelf(keeper)
        if not kept.lines.filter(product=product).exists():
            _see_room(kept)
        kept.strategy = strategy
        line, _made = kept.add_product(product, quantity)
        Line.objects.filter(pk=line.pk, quantity__gt=MAX_PER_LINE).update(quantity=MAX_PER_LINE)
        return line

    return retrying(work)


def merge(*, owner_id: int, guest: Keeper) -> int:
    """What a guest kept belongs to the account now. Returns how many lines came along; safe to repeat."""
    if not guest.basket_id or guest.lines is None:
        return 0
    lines = guest.lines

    def work() -> int:
        moved = 0
        mine = shelf(Keeper(owner_id=owner_id))
        known = set(mine.lines.values_list("line_reference", flat=True))
        for line in Line.objects.filter(lines).order_by("pk"):
            if line.line_reference not in known and len(known) < MAX_LATER:
                known.add(line.line_reference)
                moved += Line.objects.filter(pk=line.pk).update(basket=mine)
        return moved

    return retrying(work)


def _own(keeper: Keeper, line_id: int) -> Line:
    rows = Line.objects.select_related("stockrecord", "product__parent", "product__colour")
    found = rows.filter(keeper.lines, pk=line_id).first() if keeper.lines is not None else None
    if found is None:
        raise LookupError(line_id)
    return found


def shelf(keeper: Keeper) -> Basket:
    """The basket in which this person keeps things; made when there is none. In a transaction: it is held until
    the end, so that two windows do not lay the same article there twice."""
    if keeper.owner_id is not None:
        rows = Basket.objects.filter(owner_id=keeper.owner_id, status=Basket.SAVED).order_by("pk")
    else:
        rows = Basket.objects.filter(pk=keeper.basket_id, owner=None, status=Basket.SAVED)
    found = rows.first()
    if found is None:
        return Basket.objects.create(owner_id=keeper.owner_id, status=Basket.SAVED)
    Basket.objects.filter(pk=found.pk).update(status=Basket.SAVED)
    return found
