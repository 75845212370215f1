"""Staff pages: endpoints of other systems, and the log of what was pushed to them."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.states import look_of

from . import actions, queries
from .forms import EndpointForm, PushSearch
from .models import Endpoint, Push

MANAGE, VIEW, RETRY = "connect.manage_endpoints", "connect.view_pushes", "connect.retry_pushes"
SHOW_ONCE = "connect_secret_to_show"  #: session key: (endpoint id, secret) for the next page only
SORT = {"created": "created_at", "event": "event", "endpoint": "endpoint__name", "attempts": "attempts"}


@staff_view(VIEW, shows="list")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The delivery log, newest first."""
    form = PushSearch(request.GET)
    rows = queries.search(q=form.value("q"), state=form.value("state"), event=form.value("event"))
    rows = sorted_by(request, rows, SORT, ["-created_at", "-pk"])
    if wants_csv(request):
        return _csv(rows)
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "may_manage": request.user.has_perm(MANAGE),
        "filtered": any(form.value(name) for name in ("q", "state", "event")),
    }
    return render(request, "dashboard/connect/index.html", context, status=form.status)


def _csv(rows: Any) -> HttpResponse:
    head = [_("Written"), _("Event"), _("About"), _("Endpoint"), _("State"), _("Attempts"), _("Answer"), _("Reason"),
            _("Delivery id")]  # fmt: skip
    cells = (
        [
            push.created_at.isoformat(timespec="seconds"),
            push.event,
            push.subject,
            push.endpoint.name,
            look_of(push.shown_state).label,
            push.attempts,
            push.response_status,
            push.last_error,
            push.delivery_id,
        ]
        for push in rows[:CSV_ROWS_MAX]
    )
    return csv_file("pushes", head, cells)


@staff_view(VIEW, shows="push")
@require_safe
def push(request: HttpRequest, pk: int) -> HttpResponse:
    """One push: what was sent, what came back, every try."""
    found = get_object_or_404(Push.objects.select_related("endpoint").prefetch_related("tries"), pk=pk)
    context = {
        "push": found,
        "body": json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
        "may_retry": request.user.has_perm(RETRY) and found.state != Push.DONE,
        "may_manage": request.user.has_perm(MANAGE),
        "crumbs": [{"title": _("Pushes"), "url": reverse("connect:index")}],
    }
    return render(request, "dashboard/connect/push.html", context)


@staff_view(RETRY)
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Push again."""
    found = get_object_or_404(Push, pk=pk)
    try:
        if actions.retry(push=found, by=request.user):
            messages.success(request, _("It is pushed again now."))
        else:
            messages.info(request, _("It had already been acknowledged."))
    except actions.StillSending:
        messages.info(request, _("It is being pushed at this moment."))
    return redirect("connect:push", pk=pk)


@staff_view(MANAGE)
@require_safe
def endpoints(request: HttpRequest) -> HttpResponse:
    """Addresses of other systems."""
    context = {
        "endpoints": queries.endpoints(),
        "crumbs": [{"title": _("Pushes"), "url": reverse("connect:index")}],
    }
    return render(request, "dashboard/connect/endpoints.html", context)


@staff_view(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Enter an address; its secret is shown on the next page, once."""
    form = EndpointForm(request.POST or None, initial={"active": True})
    if request.method == "POST" and form.is_valid():
        endpoint = actions.add_endpoint(**form.cleaned_data, by=request.user)
        request.session[SHOW_ONCE] = [endpoint.pk, endpoint.secret]
        messages.success(request, _("The endpoint was added."))
        return redirect("connect:endpoint", pk=endpoint.pk)
    return _endpoint_page(request, form, None)


@staff_view(MANAGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an endpoint."""
    found = get_object_or_404(Endpoint, pk=pk)
    known = {"name": found.name, "url": found.url, "events": found.events, "active": found.active}
    form = EndpointForm(request.POST or None, initial=known, endpoint=found)
    if request.method == "POST" and form.is_valid():
        actions.change_endpoint(endpoint=found, **form.cleaned_data, by=request.user)
        messages.success(request, _("Saved."))
        return redirect("connect:endpoint", pk=pk)
    return _endpoint_page(request, form, found)


def _endpoint_page(request: HttpRequest, form: EndpointForm, found: Endpoint | None) -> HttpResponse:
    secret = ""
    if found is not None and request.method == "GET":
        shown_for, kept = request.session.pop(SHOW_ONCE, (None, ""))
        secret = kept if shown_for == found.pk else ""
    context = {
        "form": form,
        "endpoint": found,
        "secret": secret,
        "crumbs": [
            {"title": _("Pushes"), "url": reverse("connect:index")},
            {"title": _("Endpoints"), "url": reverse("connect:endpoints")},
        ],
    }
    return render(request, "dashboard/connect/endpoint.html", context, status=400 if form.errors else 200)


@staff_view(MANAGE)
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret, shown on the next page, once."""
    found = get_object_or_404(Endpoint, pk=pk)
    request.session[SHOW_ONCE] = [found.pk, actions.rotate_secret(endpoint=found, by=request.user)]
    messages.success(request, _("The secret was changed. The old one is valid for one more day."))
    return redirect("connect:endpoint", pk=pk)


@staff_view(MANAGE)
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Push a test; its page shows what comes back."""
    found = get_object_or_404(Endpoint, pk=pk)
    if not found.active:
        messages.error(request, _("This endpoint is switched off. Activate it first."))
        return redirect("connect:endpoint", pk=pk)
    sent = actions.send_test(endpoint=found, by=request.user)
    messages.info(request, _("The test is on its way. Reload this page in a moment to see the answer."))
    return redirect("connect:push", pk=sent.pk)


urlpatterns = [
    path("", index, name="index"),
    path("<int:pk>/", push, name="push"),
    path("<int:pk>/retry/", retry, name="retry"),
    path("endpoints/", endpoints, name="endpoints"),
    path("endpoints/new/", add, name="add"),
    path("endpoints/<int:pk>/", endpoint, name="endpoint"),
    path("endpoints/<int:pk>/secret/", rotate, name="rotate"),
    path("endpoints/<int:pk>/test/", test, name="test"),
]

NAV = [
    NavEntry(
        room="operations",
        title=gettext_lazy("Pushes to other systems"),
        url_name="connect:index",
        permission=VIEW,
        icon="plug",
        order=20,
        count=queries.failed_count,
    )
]
