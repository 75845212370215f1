"""Every address says who may open it. A new view without it fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.urls import URLPattern, URLResolver, get_resolver

from shop.kernel.access import PUBLIC, SHOPPER
from tests.architecture.source import modules

#: Libraries guard these themselves; their modules, and why they are open to whom.
GUARDED_BY_LIBRARY = {
    "wagtail": "its editor asks for its own permission (access_admin), its pages ask their view restrictions",
    "allauth": "accounts: log in, sign up, second factor; each view asks what it needs",
    "django": "static, JavaScript catalogue, language switch",
}


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every (address, view)."""
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def origin(view: object) -> str:
    """The top package a view comes from, through decorators."""
    cls = getattr(view, "view_class", None)
    return (cls or view).__module__.split(".")[0]


def ours() -> list[tuple[str, object]]:
    """Addresses whose view is of our own."""
    return [
        (address, view)
        for address, view in walk(get_resolver().url_patterns)
        if origin(view) not in GUARDED_BY_LIBRARY
    ]


def test_there_are_addresses_to_check() -> None:
    assert len(ours()) > 10


def test_every_view_of_ours_says_who_may_open_it() -> None:
    open_to_whom = [
        f"/{address} ({view.__module__}.{getattr(view, '__qualname__', view)}) says nothing"
        for address, view in ours()
        if not getattr(view, "access", None)
    ]
    assert not open_to_whom, (
        "\n".join(open_to_whom)
        + "\nRemedy: decorate the view with @public, @shopper_view or @staff_view('app.permission')"
    )


def test_a_view_of_a_library_is_only_where_a_library_is_mounted() -> None:
    allowed = ("cms/", "documents/", "accounts/", "i18n/", "jsi18n/", "_util/")
    strangers = [
        f"/{address}: {view.__module__}"
        for address, view in walk(get_resolver().url_patterns)
        if origin(view) in GUARDED_BY_LIBRARY
        and not address.startswith(allowed)
        and not getattr(view, "access", None)
        and view.__module__ != "wagtail.views"  # pages, last of all
        and "wagtail_serve" not in getattr(view, "__name__", "")
    ]
    assert not strangers, (
        "\n".join(strangers) + "\nRemedy: mount it under a prefix named here, or wrap it in a view of ours"
    )


def test_staff_addresses_ask_for_a_permission() -> None:
    wrong = [
        f"/{address} is open to {view.access}"  # type: ignore[attr-defined]
        for address, view in ours()
        if "dashboard/" in address and getattr(view, "access", PUBLIC) in (PUBLIC, SHOPPER)
    ]
    assert not wrong, "\n".join(wrong) + "\nRemedy: staff pages use @staff_view('app.permission')"


def test_permissions_that_views_ask_for_exist(db: None) -> None:
    known = {
        f"{app}.{code}" for app, code in Permission.objects.values_list("content_type__app_label", "codename")
    }
    asked = {getattr(view, "access", "") for _, view in ours()} - {PUBLIC, SHOPPER, ""}
    missing = sorted(asked - known)
    assert not missing, (
        f"{missing}: add them to Meta.permissions of a model of that app, and make a migration"
    )


@pytest.mark.both_databases
def test_strangers_get_into_no_staff_page(db: None, client: object) -> None:
    """Asked for real, where the address has no parts to fill in."""
    for address, view in ours():
        if getattr(view, "access", PUBLIC) in (PUBLIC, SHOPPER) or "<" in address or "(" in address:
            continue
        path = "/" + address.removeprefix("^").removesuffix("$")
        answer = client.get(path)  # type: ignore[attr-defined]
        if answer.status_code == 401 and answer["Content-Type"] == "application/json":
            continue  # a phone that asks for data is told so in words
        assert answer.status_code in (302, 403, 405), f"{path} answers {answer.status_code} to a stranger"


#: They mean GET and not HEAD: a key or a secret that is shown once is not used up by a program that only looks.
GET_ALONE = {"shop/pages/keys.py", "shop/connect/dashboard.py"}


def test_what_is_no_form_is_read_only() -> None:
    """A view that tells a form by "not GET" would take HEAD for one, and no token is asked of HEAD."""
    wrong = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.name not in GET_ALONE and "/standin/" not in module.name
        for node in module.walk(ast.Compare)
        if getattr(node, "lineno", 0)
        and ast.unparse(node) in ("request.method == 'GET'", "request.method != 'GET'")
    ]
    assert not wrong, f"{wrong}: ask whether it is POST; HEAD is reading too"
