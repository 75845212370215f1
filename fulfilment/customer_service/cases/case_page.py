"""One case: its thread, what is known about it, and what staff do with it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from checkout.order.models import Order
from fulfilment.customer_service.withdrawals.models import Withdrawal
from shop.kernel import clock
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.states import StateError

from . import actions, forms, macros, panels, pictures
from .models import Case, Picture
from .states import CASE

VIEW, HANDLE = "cases.view_cases", "cases.handle_cases"
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,48}")
OTHERS_MAX = 8  #: further cases, orders and withdrawals of the person that are listed


@staff_view(VIEW, shows="case")
@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """The case; ``?macro=`` fills in a ready answer."""
    return _page(request, _case(number))


def _case(number: str) -> Case:
    rows = Case.objects.select_related("order__billing_address", "order__user", "assignee", "user")
    return get_object_or_404(rows, number=number)


def _page(request: HttpRequest, found: Case, *, status: int = 200, **given: Any) -> HttpResponse:
    person: Any = request.user
    may = person.has_perm(HANDLE)
    ready = macros.fitting(found) if may else []
    context = {
        "case": found,
        "thread": list(found.messages.select_related("by").prefetch_related("pictures")),
        "story": _story(found),
        "others": _others(found),
        "panels": panels.panels_of(request, found),
        "macros": ready,
        "also_here": actions.see_writing(case=found, user=person) if may and found.is_open else [],
        "now": clock.now(),
        "token": secrets.token_urlsafe(24),
        "crumbs": [
            {"title": _("Cases"), "url": reverse("service:cases")},
            {"title": found.number, "url": ""},
        ],
        "may": may,
        "not_theirs": found.order is not None and not forms.is_theirs(found.order, found),
        **_forms(found, _words(request, ready, found)),
        **given,
    }
    return render(request, "dashboard/service/case.html", context, status=status)


def _forms(found: Case, words: str) -> dict[str, django_forms.Form]:
    return {
        "answer_form": forms.AnswerForm(initial={"body": words, "then": forms.WAIT}),
        "note_form": forms.NoteForm(auto_id="note_%s"),
        "assign_form": forms.AssignForm(initial={"to": found.assignee_id}),
        "priority_form": forms.PriorityForm(initial={"priority": found.priority}),
        "decide_form": forms.DecideForm(case=found, auto_id="decide_%s"),
        "close_form": forms.WhyForm(auto_id="close_%s"),
        "order_form": forms.OrderForm(case=found),
    }


def _words(request: HttpRequest, ready: list[Any], found: Case) -> str:
    wanted = request.GET.get("macro", "")
    macro = next((one for one in ready if str(one.pk) == wanted), None)
    return macros.fill(macro, found, request.user) if macro else ""


def _story(found: Case) -> list[dict[str, Any]]:
    """Its moves, in order of time. One query."""
    events: list[dict[str, Any]] = [{"title": _("Received"), "at": found.opened_at, "icon": "mail"}]
    for change in StateChange.objects.filter(machine=CASE.name, thing_id=found.pk).select_related("by"):
        by = (change.by.get_full_name() or change.by.email) if change.by else ""
        events.append({"title": str(CASE.labels[change.new]), "at": change.at, "by": by, "text": change.why})
    return events


def _others(found: Case) -> dict[str, list[Any]]:
    """What else the person has with us. Three queries."""
    orders = Order.objects.filter(guest_email__iexact=found.email)
    if found.user_id:
        orders = orders | Order.objects.filter(user=found.user_id)
    return {
        "cases": list(
            Case.objects.filter(email=found.email).exclude(pk=found.pk).order_by("-pk")[:OTHERS_MAX]
        ),
        "orders": list(orders.order_by("-date_placed")[:OTHERS_MAX]),
        "withdrawals": list(Withdrawal.objects.filter(email=found.email).order_by("-pk")[:OTHERS_MAX]),
    }


def _bad(request: HttpRequest, found: Case, name: str, form: django_forms.Form) -> HttpResponse:
    return _page(request, found, status=422, **{name: form})


def _done(request: HttpRequest, found: Case, work: Callable[[], Any], said: str) -> HttpResponse:
    """Do it and say so; what somebody else changed meanwhile is said in words."""
    try:
        work()
    except StateError:
        messages.error(
            request, _("Meanwhile somebody else changed the case. Nothing was changed; please look again.")
        )
    except actions.CaseRefused as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, said)
    return redirect("service:case", found.number)


def _key(request: HttpRequest) -> str:
    given = request.POST.get("token", "")
    return given if TOKEN.fullmatch(given) else secrets.token_urlsafe(24)


@staff_view(HANDLE, shows="case")
@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Answer the customer by mail. Refused, with the text kept, when something was written meanwhile."""
    found, form = _case(number), forms.AnswerForm(request.POST)
    if not form.is_valid():
        return _bad(request, found, "answer_form", form)
    then, seen = form.cleaned_data["then"], request.POST.get("seen", "")
    try:
        actions.answer(
            case=found,
            body=form.cleaned_data["body"],
            key=_key(request),
            seen=int(seen) if seen.isdecimal() and len(seen) < 19 else 0,
            by=request.user,
            wait=then == forms.WAIT,
            done=then == forms.CLOSE,
        )
    except actions.SomebodyWrote as problem:
        form.add_error(None, str(problem))
        return _page(request, _case(number), status=409, answer_form=form)
    except actions.CaseRefused as problem:
        form.add_error(None, str(problem))
        return _bad(request, found, "answer_form", form)
    except StateError:
        form.add_error(
            None, _("Meanwhile somebody else changed the case. Nothing was sent; please look again.")
        )
        return _page(request, _case(number), status=409, answer_form=form)
    actions.stop_writing(case=found, user=request.user)
    messages.success(request, _("Your answer goes to %(email)s now.") % {"email": found.email})
    return redirect(
        "service:cases" if then == forms.CLOSE else "service:case", *([] if then == forms.CLOSE else [number])
    )


@staff_view(HANDLE, shows="case")
@require_POST
def note(request: HttpRequest, number: str) -> HttpResponse:
    """Note something for colleagues."""
    found, form = _case(number), forms.NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return _bad(request, found, "note_form", form)
    words, key = form.cleaned_data["body"], _key(request)
    return _done(
        request,
        found,
        lambda: actions.note(case=found, body=words, key=key, by=request.user),
        _("The note is kept."),
    )


@staff_view(HANDLE, shows="case")
@require_POST
def assign(request: HttpRequest, number: str) -> HttpResponse:
    """Give it to somebody, or to nobody."""
    found, form = _case(number), forms.AssignForm(request.POST)
    if not form.is_valid():
        return _bad(request, found, "assign_form", form)
    to, had = form.cleaned_data["to"], request.POST.get("had", "")
    seen = int(had) if had.isdecimal() and len(had) < 19 else None
    name = (to.get_full_name() or to.email) if to else ""
    said = _("The case is with %(name)s now.") % {"name": name} if to else _("The case is nobody's now.")
    return _done(
        request, found, lambda: actions.assign(case=found, to=to, by=request.user, seen_assignee=seen), said
    )


@staff_view(HANDLE, shows="case")
@require_POST
def priority(request: HttpRequest, number: str) -> HttpResponse:
    """Weigh it anew."""
    found, form = _case(number), forms.PriorityForm(request.POST)
    if not form.is_valid():
        return _bad(request, found, "priority_form", form)
    chosen = form.cleaned_data["priority"]
    return _done(
        request, found, lambda: actions.set_priority(case=found, priority=chosen, by=request.user),
        _("The due times are reckoned anew."),
    )  # fmt: skip


@staff_view(HANDLE, shows="case")
@require_POST
def order(request: HttpRequest, number: str) -> HttpResponse:
    """Say which order it is about."""
    found = _case(number)
    form = forms.OrderForm(request.POST, case=found)
    if not form.is_valid():
        return _bad(request, found, "order_form", form)
    meant = form.cleaned_data["number"]
    return _done(
        request, found, lambda: actions.set_order(case=found, order=meant, by=request.user),
        _("The case is about order %(number)s now.") % {"number": meant.number},
    )  # fmt: skip


@staff_view(HANDLE, shows="case")
@require_POST
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Say what is done for the customer."""
    found = _case(number)
    form = forms.DecideForm(request.POST, case=found, auto_id="decide_%s")
    if not form.is_valid():
        return _bad(request, found, "decide_form", form)
    data = form.cleaned_data
    return _done(
        request, found,
        lambda: actions.decide(case=found, remedy=data["remedy"], by=request.user, why=data["why"]),
        _("It is decided. Please carry it out and tell the customer."),
    )  # fmt: skip


@staff_view(HANDLE, shows="case")
@require_POST
def close(request: HttpRequest, number: str) -> HttpResponse:
    """All is done."""
    return _with_words(
        request, number, actions.close, _("The case is closed. It opens again when the customer writes.")
    )


@staff_view(HANDLE, shows="case")
@require_POST
def reopen(request: HttpRequest, number: str) -> HttpResponse:
    """Go on with it."""
    return _with_words(request, number, actions.reopen, _("The case is in work again."))


def _with_words(request: HttpRequest, number: str, verb: Callable[..., None], said: str) -> HttpResponse:
    found, form = _case(number), forms.WhyForm(request.POST, auto_id="close_%s")
    if not form.is_valid():
        return _bad(request, found, "close_form", form)
    return _done(
        request, found, lambda: verb(case=found, by=request.user, why=form.cleaned_data["why"]), said
    )


@staff_view(HANDLE)
@require_POST
def here(request: HttpRequest, number: str) -> JsonResponse:
    """Who else has the case open, and whether something was written since; asked by the open page."""
    found = _case(number)
    others = actions.see_writing(case=found, user=request.user)
    return JsonResponse({"others": others, "last": found.last_message_id})


@staff_view(VIEW, shows="case")
@require_safe
def picture(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A picture of the case."""
    shown = Picture.objects.filter(pk=pk, message__case__number=number).first()
    if shown is None:
        raise Http404
    return pictures.answer_with(shown)


urlpatterns = [
    path("cases/<slug:number>/", case, name="case"),
    path("cases/<slug:number>/answer/", answer, name="case-answer"),
    path("cases/<slug:number>/note/", note, name="case-note"),
    path("cases/<slug:number>/assign/", assign, name="case-assign"),
    path("cases/<slug:number>/priority/", priority, name="case-priority"),
    path("cases/<slug:number>/order/", order, name="case-order"),
    path("cases/<slug:number>/decide/", decide, name="case-decide"),
    path("cases/<slug:number>/close/", close, name="case-close"),
    path("cases/<slug:number>/reopen/", reopen, name="case-reopen"),
    path("cases/<slug:number>/here/", here, name="case-here"),
    path("cases/<slug:number>/pictures/<row:pk>/", picture, name="case-picture"),
]
