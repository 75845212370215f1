"""Who may open a view."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from shop.kernel.access import PUBLIC, SHOPPER, public, shopper_view, staff_view


def page(request: HttpRequest) -> HttpResponse:
    """Any page."""
    return HttpResponse("open")


def ask(view: object, user: object, rf: RequestFactory) -> HttpResponse:
    """Open the page as ``user``."""
    request = rf.get("/dashboard/x/?a=1")
    request.user = user  # type: ignore[assignment]
    return view(request)  # type: ignore[operator,no-any-return]


def test_every_mark_is_readable_from_the_view() -> None:
    assert public(lambda request: HttpResponse()).access == PUBLIC  # type: ignore[attr-defined]
    assert shopper_view(page).access == SHOPPER  # type: ignore[attr-defined]
    assert staff_view("kernel.view_operations")(page).access == "kernel.view_operations"  # type: ignore[attr-defined]


def test_strangers_are_sent_to_the_login_and_come_back(db: None, rf: RequestFactory) -> None:
    for view in (shopper_view(page), staff_view("kernel.view_operations")(page)):
        answer = ask(view, AnonymousUser(), rf)
        assert answer.status_code == 302
        assert "next=/dashboard/x/%3Fa%3D1" in answer["Location"]


@pytest.mark.parametrize(
    ("is_staff", "is_active", "permitted", "opens"),
    [
        (True, True, True, True),
        (True, True, False, False),
        (False, True, True, False),
        (True, False, True, False),
    ],
)
def test_staff_pages_need_active_staff_with_the_permission(
    db: None,
    rf: RequestFactory,
    django_user_model: type,
    is_staff: bool,
    is_active: bool,
    permitted: bool,
    opens: bool,
) -> None:
    user = django_user_model.objects.create(email="a@example.com", is_staff=is_staff, is_active=is_active)
    if permitted:
        user.user_permissions.add(Permission.objects.get(codename="view_operations"))
    view = staff_view("kernel.view_operations")(page)
    if opens:
        assert ask(view, user, rf).content == b"open"
    else:
        with pytest.raises(PermissionDenied):
            ask(view, user, rf)
