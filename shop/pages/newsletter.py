"""The newsletter: ask for it, confirm it by the link of a mail, leave it by one click (RFC 8058)."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from shop.customers import newsletter
from shop.customers.models import NewsletterConsent
from shop.kernel.access import public, shopper_view

from .limits import owns_address, too_many

ASKED_PER_VISITOR_MAX = 20  #: an hour from one place of the internet
EMAIL_MAX = 150  #: characters
PAGE = "storefront/newsletter.html"


class NewsletterForm(forms.Form):
    """Where to."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=EMAIL_MAX)

    def clean_email(self) -> str:
        """In lower case, as it is kept; some letters become two by that, so the length is looked at once more."""
        email = str(self.cleaned_data["email"]).lower()
        if len(email) > EMAIL_MAX:
            raise forms.ValidationError(_("This address is too long."), code="too_long")
        return email


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask for the newsletter. The answer is the same whether the address has it already."""
    person = getattr(request.user, "email", "")
    form = NewsletterForm(request.POST or None, initial={"email": person})
    if request.method == "POST" and form.is_valid():
        if too_many(request, what="newsletter", most=ASKED_PER_VISITOR_MAX):
            form.add_error(
                None, _("Too many tries from your place of the internet. Please try again in an hour.")
            )
            return render(request, PAGE, _form(form), status=429)
        email = form.cleaned_data["email"]
        newsletter.want(email=email, place=newsletter.shortened(request))
        return render(request, PAGE, {"step": "sent", "email": email})
    return render(request, PAGE, _form(form), status=422 if form.errors else 200)


def _form(form: NewsletterForm) -> dict[str, object]:
    return {"step": "form", "form": form, "words": newsletter.words()}


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: a look changes nothing (mail programs look too), the button confirms."""
    if request.method != "POST":
        return render(request, PAGE, {"step": "confirm"})
    found = newsletter.confirm(token=token, place=newsletter.shortened(request))
    if found is None:
        return render(request, PAGE, {"step": "gone"}, status=410)
    return render(request, PAGE, {"step": "confirmed", "email": found.email})


@csrf_exempt
@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """The link in each newsletter. A look shows a button; a POST ends it, from the button or from a mail program by one
    click (RFC 8058: no cookie, no form token, no login)."""
    email = newsletter.address_of_leave(token)
    if not email:
        return render(request, PAGE, {"step": "gone"}, status=410)
    if request.method != "POST":
        return render(request, PAGE, {"step": "leave", "email": email})
    via = "one-click" if request.POST.get("List-Unsubscribe") == "One-Click" else "link"
    newsletter.leave(email=email, place=newsletter.shortened(request), via=via)
    return render(request, PAGE, {"step": "left"})


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def of_account(request: HttpRequest) -> HttpResponse:
    """Whether one gets it, since when, and the button for the other.

    Who has not shown yet that the address is theirs reads and ends nothing: anybody may sign up with a stranger's.
    """
    email = request.user.email  # type: ignore[union-attr]
    is_theirs = owns_address(request, email)
    if request.method == "POST":
        place = newsletter.shortened(request)
        if request.POST.get("want") == "no" and not is_theirs:
            messages.error(request, _("Please confirm your e-mail address first."))
        elif request.POST.get("want") == "no":
            newsletter.leave(email=email, place=place, via="account")
            messages.success(request, _("You get no newsletter any more."))
        else:
            newsletter.ask(email=email, place=place, via="account")
            text = _("Please confirm by the link in the mail that we have sent to %(email)s.")
            messages.success(request, text % {"email": email})
        return redirect("account:newsletter")
    context = {
        "is_theirs": is_theirs,
        "latest": newsletter.newest(email) if is_theirs else None,
        "steps": list(NewsletterConsent.objects.filter(email=email.lower())[:20]) if is_theirs else [],
        "words": newsletter.words(),
    }
    return render(request, "account/newsletter.html", context)
