"""What got stuck, why, and what is safe to do about it: deliveries, messages from outside, payments, refunds,
mails, pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from catalogue import picture_files
from catalogue.models import CategoryPicture, ProductImage
from catalogue.tasks import make_pictures
from checkout.payment.actions import send_refund, settle, settle_refund
from checkout.payment.actions.refunds import RefundTooLarge, send_again
from checkout.payment.models import CARD, Payment, Refund
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.warehouse.lists import RowId  # noqa: F401  registers <row:...>
from shop.connect.queries import failed_count as failed_pushes
from shop.kernel import attempts, clock, inbox, work
from shop.kernel.access import staff_view
from shop.kernel.models import InboxMessage, TaskTrouble
from shop.kernel.nav import NavEntry
from shop.kernel.outbox import core as outbox
from shop.kernel.states import StateError
from shop.notifications.queries import failed_count as failed_mails
from shop.pages import pictures
from shop.ui.numbers import money_text

from . import upkeep, waiting

PERMISSION = "kernel.view_operations"
SHOWN = 50  #: rows of each kind on the page; the rest is counted
RETRY_MAX = 1000


@dataclass(frozen=True)
class Kind:
    """A kind of stuck work that is tried again the same way: its rows, and who is nudged."""

    rows: Callable[[], QuerySet[Any]]
    nudge: Callable[[int], None]


KINDS = {
    "delivery": Kind(
        lambda: waiting.failed_deliveries() | waiting.overdue_deliveries(), lambda pk: outbox.nudge(pk)
    ),
    "inbox": Kind(
        lambda: InboxMessage.objects.filter(
            Q(state=InboxMessage.DEAD)
            | Q(state=InboxMessage.PENDING, next_attempt_at__lte=clock.now() - waiting.OVERDUE_AFTER)
        ),
        lambda pk: inbox.core.nudge(pk),
    ),
}


@staff_view(PERMISSION, shows="list")
@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """Everything that is stuck on one page. A constant number of queries."""
    deliveries = KINDS["delivery"].rows().select_related("message")
    sections = {
        "deliveries": _some(deliveries.order_by("-state", "next_attempt_at")),
        "inbox": _some(KINDS["inbox"].rows().order_by("-state", "next_attempt_at")),
        "payments": _some(waiting.stuck_payments().select_related("order").order_by("created_at")),
        "tasks": _some(work.troubles()),
        "pictures": _some(pictures.stuck()),
        "range_pictures": _some(picture_files.all_stuck()),
        "refunds": _some(stuck_refunds().select_related("payment__order").order_by("created_at")),
    }
    counts = {"mails": failed_mails(), "pushes": failed_pushes()}
    context: dict[str, Any] = {
        **sections,
        **counts,
        "signs": upkeep.signs(request.user),
        "fine": not any(counts.values()) and not any(section["rows"] for section in sections.values()),
        "now": clock.now(),
    }
    return render(request, "dashboard/operations/index.html", context)


def stuck_refunds() -> QuerySet[Refund]:
    """Card refunds that failed, or that have been waiting although they are due."""
    late = Q(state="requested", next_attempt_at__lte=clock.now() - waiting.STUCK_AFTER)
    unheard = Q(state="sent", created_at__lte=clock.now() - waiting.STUCK_AFTER)
    return Refund.objects.filter(Q(state="failed") | late | unheard, payment__method=CARD, by_transfer=False)


def _some(rows: QuerySet[Any]) -> dict[str, Any]:
    """The first rows, and whether there are more. One query."""
    found = list(rows[: SHOWN + 1])
    return {"rows": found[:SHOWN], "more": len(found) > SHOWN}


@staff_view(PERMISSION)
@require_POST
def retry(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Try one again, with its count begun anew."""
    row = get_object_or_404(_kind(kind).rows().model, pk=pk)
    if attempts.retry(type(row), row.pk):
        _kind(kind).nudge(row.pk)
        messages.success(request, _("It is tried again now. Look again in a minute."))
    else:
        messages.info(request, _("It was done meanwhile."))
    return redirect("dashboard:operations")


@staff_view(PERMISSION)
@require_POST
def retry_all(request: HttpRequest, kind: str) -> HttpResponse:
    """Try all of a kind again."""
    rows = _kind(kind).rows()
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:RETRY_MAX])
    done = sum(attempts.retry(rows.model, pk) for pk in ids)
    for pk in ids:
        _kind(kind).nudge(pk)
    text = ngettext("%(n)d is tried again now.", "%(n)d are tried again now.", done)
    messages.success(request, text % {"n": done})
    return redirect("dashboard:operations")


@staff_view(PERMISSION)
@require_POST
def run_task(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a task by the clock that failed run now instead of after its rest; safe at any time."""
    row = TaskTrouble.objects.filter(pk=pk).first()
    if row is not None and work.again_now(row.task):
        messages.success(request, _("It is tried again now. Look again in a minute."))
    else:
        messages.info(request, _("It was done meanwhile."))
    return redirect("dashboard:operations")


@staff_view(PERMISSION)
@require_POST
def picture_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the sizes of a product's picture that was given up, or rests, be made now; safe at any time."""
    return _picture_again(request, pk, ProductImage)


@staff_view(PERMISSION)
@require_POST
def category_picture_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for the picture of a category."""
    return _picture_again(request, pk, CategoryPicture)


def _picture_again(request: HttpRequest, pk: int, kind: picture_files.Kind) -> HttpResponse:
    if picture_files.try_again(pk, kind):
        transaction.on_commit(
            make_pictures.delay, robust=True
        )  # without a queue the clock asks within a minute
        messages.success(request, _("It is tried again now. Look again in a minute."))
    else:
        messages.info(request, _("It was done meanwhile."))
    return redirect("dashboard:operations")


@staff_view(PERMISSION)
@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the provider what became of a payment; safe at any time."""
    payment = get_object_or_404(Payment, pk=pk, method=CARD)
    try:
        found = settle(payment_id=payment.pk, by=request.user)
    except (ProviderDown, ProviderRefused) as error:
        messages.error(request, _provider(error))
    else:
        words = {"state": found.get_state_display()}
        messages.success(request, _("The provider was asked; the payment is now: %(state)s.") % words)
    return redirect("dashboard:operations")


@staff_view(PERMISSION)
@require_POST
def refund(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a refund again, or ask about one that was sent. One whose answer was lost keeps its key, so that money never
    goes back twice; one that failed asks anew."""
    row = get_object_or_404(Refund, pk=pk, payment__method=CARD)
    try:
        if row.state == "sent" and row.psp_id:
            settle_refund(psp_id=row.psp_id, by=request.user)
        else:
            if row.state == "failed":
                send_again(refund=row, by=request.user)
            send_refund(refund_id=row.pk)
    except (ProviderDown, ProviderRefused) as error:
        messages.error(request, _provider(error))
    except StateError:
        messages.info(request, _("It was done meanwhile."))
    except RefundTooLarge as error:
        left = {"left": money_text(error.left_minor, row.currency)}
        messages.error(request, _("Only %(left)s of the payment are left to give back.") % left)
    else:
        row.refresh_from_db()
        words = {"state": row.state, "cause": row.failure_text}
        if row.state in ("sent", "succeeded"):
            messages.success(request, _("The provider took the refund."))
        else:
            messages.error(request, _("The provider did not take it: %(cause)s") % words)
    return redirect("dashboard:operations")


def _provider(error: Exception) -> str:
    if isinstance(error, ProviderDown):
        return _("The payment provider cannot be reached. Nothing was changed; it is asked again by itself.")
    return _("The payment provider refuses: %(cause)s") % {"cause": str(error)[:200]}


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise Http404(name)
    return KINDS[name]


urlpatterns = [
    path("operations/", operations, name="operations"),
    path("operations/payments/<row:pk>/ask/", ask, name="ask-payment"),
    path("operations/tasks/<row:pk>/run/", run_task, name="run-task"),
    path("operations/pictures/<row:pk>/again/", picture_again, name="picture-again"),
    path(
        "operations/category-pictures/<row:pk>/again/", category_picture_again, name="category-picture-again"
    ),
    path("operations/refunds/<row:pk>/again/", refund, name="refund-again"),
    path("operations/<slug:kind>/all/", retry_all, name="retry-all"),
    path("operations/<slug:kind>/<row:pk>/", retry, name="retry"),
]
NAV = [
    NavEntry("operations", gettext_lazy("What is stuck"), "dashboard:operations", PERMISSION, "warning", 5)
]
