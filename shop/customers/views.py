"""Pages of a person's own data. What is bought is shown further up, in shop.pages.account."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from shop.audit.actions import note_change
from shop.kernel.access import shopper_view
from shop.kernel.tries import refusal

from . import first_factor, own_sessions, security_log
from .forms import ProfileForm
from .models import User
from .second_factor import has_one, is_wanted


def _save(form: ProfileForm, person: User) -> None:
    """Write the data, and what they were before: staff then see who changed what."""
    changed = {name: (form.initial[name], form.cleaned_data[name]) for name in form.changed_data}
    with transaction.atomic():
        form.save()
        note_change(
            kind_name="customer",
            key=str(person.pk),
            changed=changed,
            by=None,
            person=(person.pk, person.email),
        )


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Where staff are led who have no second factor yet: why, and which there are. A POST mails the link to it."""
    person = User.objects.get(pk=request.user.pk)
    if request.method == "POST" and not has_one(person):
        wait = first_factor.send_link(person)
        if wait:
            return refusal(request, wait)
        messages.success(
            request,
            _("We have sent a link to %(email)s. Open it in this browser; it works for an hour.")
            % {"email": person.email},
        )
        return redirect("second_factor")
    context = {
        "has_one": has_one(person),
        "proved": first_factor.is_proved(request) or not is_wanted(person),
        "email": person.email,
    }
    return render(request, "account/second_factor.html", context)


@shopper_view
@never_cache
@require_safe
def first_factor_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: in this session the first second factor may be set up. HEAD, by which programs look at
    links of mails, proves nothing."""
    if request.method == "HEAD":
        return HttpResponse()
    person = User.objects.get(pk=request.user.pk)
    if not first_factor.prove(request.session, person, token):
        messages.error(
            request,
            _("This link is too old, or was meant for somebody else. Have a new one sent to you."),
        )
    return redirect("second_factor")


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, phone, language. After a change of language the page goes on in the new one."""
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        _save(form, person)
        with override(person.language):
            messages.success(request, _("Your data have been saved."))
            response = redirect(reverse("account:profile"))
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            person.language,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response
    return render(request, "account/profile.html", {"form": form}, status=422 if form.errors else 200)


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in; a POST ends one of these (``end``: its mark) or all others. Ending asks for the password
    or the second factor again, unless that was shown just now: whoever found an open screen throws nobody out."""
    person = User.objects.get(pk=request.user.pk)
    here = request.session.session_key
    if request.method == "POST":
        raise_if_reauthentication_required(request, app="shop.customers")
        mark = request.POST.get("end", "")
        if mark == "others":
            own_sessions.end_others(person=person, by=person)
            messages.success(request, _("You are signed out everywhere else."))
        elif own_sessions.end_one(person=person, mark=mark, here=here, by=person):
            messages.success(request, _("That device is signed out."))
        else:
            messages.info(request, _("That device is signed out already."))
        security_log.note(
            "sessions ended", request=request, person=person, which="others" if mark == "others" else "one"
        )
        return redirect("account:sessions")
    opened = own_sessions.opened(person=person, here=here)
    return render(request, "account/sessions.html", {"opened": opened})
