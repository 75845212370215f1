"""Keep for later and estimate delivery: the buttons of the basket page beside those of the lines."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalogue.models import Product
from checkout import session
from checkout.forms import EstimateForm
from checkout.shipping.queries import countries
from shop.kernel.access import public

from . import later
from .actions import Refused
from .later import keeper_of
from .undo import DROPPED, KEPT, Undo, address
from .views import actor_of, basket_of, gone, known_id, whole_number


@public
@require_POST
def keep(request: HttpRequest, line_id: int) -> HttpResponse:
    """Keep a line for later; the basket page then offers to put it back."""
    try:
        line = later.keep(
            basket=basket_of(request),
            line_id=known_id(line_id),
            keeper=keeper_of(request),
            by=actor_of(request),
        )
    except LookupError:
        answer = gone(request, line_id)
        later.remember_line(request, answer, line_id)
        return answer
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("basket:summary")
    answer = redirect(address(Undo(KEPT, line.pk, line.quantity, line.product.title_local)))
    later.remember(request, answer, line.basket_id)
    return answer


@public
@require_POST
def take_back(request: HttpRequest, line_id: int) -> HttpResponse:
    """Put what was kept into the basket."""
    try:
        title = later.take_back(
            basket=basket_of(request),
            line_id=known_id(line_id),
            keeper=keeper_of(request),
            by=actor_of(request),
        )
    except (LookupError, Product.DoesNotExist):
        raise Http404 from None
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(title)s is in your basket again.") % {"title": title})
    return redirect("basket:summary")


@public
@require_POST
def drop(request: HttpRequest, line_id: int) -> HttpResponse:
    """Throw away what was kept; the basket page then offers to keep it again."""
    try:
        product_id, quantity, title = later.drop(
            line_id=known_id(line_id), keeper=keeper_of(request), by=actor_of(request)
        )
    except LookupError:
        raise Http404 from None
    return redirect(address(Undo(DROPPED, product_id, quantity, title)))


@public
@require_POST
def keep_again(request: HttpRequest) -> HttpResponse:
    """Keep what was just thrown away."""
    try:
        line = later.keep_again(
            product_id=whole_number(request, "product_id", _("Please choose a size first.")),
            quantity=whole_number(request, "quantity", _("Please give the quantity as a whole number.")),
            strategy=request.strategy,  # type: ignore[attr-defined]
            keeper=keeper_of(request),
            by=actor_of(request),
        )
    except Product.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("basket:summary")
    answer = redirect("basket:summary")
    later.remember(request, answer, line.basket_id)
    return answer


@public
@require_POST
def estimate(request: HttpRequest) -> HttpResponse:
    """Reckon what delivery to a country and postcode costs; the checkout then begins with them."""
    form = EstimateForm(request.POST, countries=countries())
    if form.is_valid():
        request.session[session.ESTIMATE] = {
            name: form.cleaned_data[name] for name in ("country", "postcode") if form.cleaned_data[name]
        }
    else:
        request.session[session.ESTIMATE_TYPED] = {
            name: request.POST.get(name, "")[: session.TYPED_MAX] for name in form.fields
        }
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("basket:summary")
