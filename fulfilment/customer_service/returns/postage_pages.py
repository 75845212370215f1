"""Staff page: who pays for the way back, per reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shop.kernel.access import staff_view

from . import postage
from .models import PAYERS

CHANGE = "cases.change_macros"


class PostageForm(forms.Form):
    """One choice per reason; where the law decides, there is none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for reason, usual in postage.USUAL.items():
            if usual.may_change:
                self.fields[reason] = forms.ChoiceField(
                    label=postage.TITLES[reason],
                    choices=PAYERS,
                    initial=postage.payer_for(reason)[0],
                    help_text=usual.source,
                )


@staff_view(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def return_postage(request: HttpRequest) -> HttpResponse:
    """Show and change it. What is announced already keeps what its customer was told."""
    form = PostageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        for reason, payer in form.cleaned_data.items():
            postage.set_payer(reason=reason, payer=payer, by=request.user)
        messages.success(request, _("Saved. Returns that are announced from now on follow it."))
        return redirect("service:return-postage")
    fixed = [
        (postage.TITLES[reason], dict(PAYERS)[usual.payer], usual.source)
        for reason, usual in postage.USUAL.items()
        if not usual.may_change
    ]
    context = {"form": form, "fixed": fixed}
    return render(request, "dashboard/service/postage.html", context, status=422 if form.errors else 200)


urlpatterns = [path("return-postage/", return_postage, name="return-postage")]
