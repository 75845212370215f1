"""The addresses that libraries bring (editor, sign-in, documents): shut for who has no business there, whatever the
method, and never an error for who has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.messages.storage.base import BaseStorage
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import resolve

from shop.dashboard.roles import ROLES
from tests.factories.people import make_user
from tests.shop.dashboard.test_doors import LIBRARIES, is_of_a_library, others
from tests.shop.dashboard.test_methods import EVERY_METHOD, people  # noqa: F401

pytestmark = pytest.mark.django_db
#: Stands in every part of an address; 9 of the tree of pages and of users is nobody.
PARTS = {"int": "9", "row": "9", "slug": "wagtailcore", "str": "page", "path": "x", "uuid": "0" * 32}
#: Addresses of the editor that anybody may read: its words, its icons.
OPEN = ("cms/jsi18n/", "cms/sprite/")
NO_ERROR = {200, 204, 301, 302, 303, 304, 400, 401, 403, 404, 405, 409, 410, 429}


def address(pattern: str) -> str:
    """The pattern with parts filled in."""
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda found: PARTS[found[1] or "str"], pattern)
    filled = re.sub(r"\(\?P<\w+>([^()]*)\)", "9", filled)
    return "/" + re.sub(r"[\^$\\]", "", filled).replace("(d+)/(.*)", "9/x").replace("((?:[w-]+/)*)", "")


ADDRESSES = sorted({address(pattern) for _name, pattern, _view in others() if is_of_a_library(pattern)})
EDITOR = [one for one in ADDRESSES if one.startswith("/cms/") and not one[1:].startswith(OPEN)]
INSIDE = {"superuser", *(LIBRARIES["cms/"] or ())}


#: Who comes in, of the addresses for signing in and of the files of pages, by name. Without a row it fails below.
EVERYBODY, SIGNED_IN, NOBODY = "everybody", "signed in", "nobody, as nothing is there"
ROWS = {
    EVERYBODY: """
        account_login account_logout account_inactive account_signup account_email_verification_sent
        account_confirm_email account_reset_password account_reset_password_done account_reset_password_from_key
        account_reset_password_from_key_done wagtailcore_login""",
    SIGNED_IN: """
        second_factor first_factor account_reauthenticate account_email account_change_password account_set_password
        account_confirm_login_code mfa_index mfa_authenticate mfa_reauthenticate mfa_activate_totp mfa_deactivate_totp
        mfa_view_recovery_codes mfa_generate_recovery_codes mfa_download_recovery_codes mfa_list_webauthn
        mfa_add_webauthn mfa_reauthenticate_webauthn mfa_remove_webauthn mfa_edit_webauthn mfa_login_webauthn""",
    NOBODY: """
        wagtaildocs_serve wagtaildocs_authenticate_with_password wagtailcore_authenticate_with_password""",
}
WHO = {name: who for who, names in ROWS.items() for name in names.split()}
DOORS_OF_LIBRARIES = sorted(
    (name.removeprefix(":"), address(pattern))
    for name, pattern, _view in others()
    if pattern.startswith(("accounts/", "documents/", "_util/"))
)


def test_every_address_for_signing_in_and_of_files_has_a_row() -> None:
    assert sorted(name for name, _one in DOORS_OF_LIBRARIES) == sorted(WHO)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_nobody_comes_in_where_the_row_says_so(method: str, db: None) -> None:
    wrong = []
    for name, one in DOORS_OF_LIBRARIES:
        answer = Client(raise_request_exception=False).generic(method, one)
        at_login = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
        found = SIGNED_IN if at_login else NOBODY if answer.status_code == 404 else EVERYBODY
        is_a_key = (
            name in ("account_confirm_email", "account_reset_password_from_key") and answer.status_code == 404
        )
        if found != WHO[name] and not is_a_key:
            wrong.append(f"{method} {name} {one}: {answer.status_code} {answer.get('Location', '')}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ["customer", *ROLES, "superuser"])
def test_whoever_comes_in_may_ask_for_the_head_and_for_what_is_taken(
    who: str,
    people: dict[str, Any],  # noqa: F811
) -> None:
    wrong = []
    for name, one in DOORS_OF_LIBRARIES:
        client = Client(raise_request_exception=False)
        client.force_login(people[who])
        for method in ("HEAD", "OPTIONS"):
            answer = client.generic(method, one)
            at_login = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
            is_gone = WHO[name] == NOBODY and answer.status_code != 404
            if (
                answer.status_code not in NO_ERROR
                or at_login
                or is_gone
                or (method == "HEAD" and answer.content)
            ):
                wrong.append(f"{method} {name} {one} as {who}: {answer.status_code}")
        assert client.get("/").wsgi_request.user.is_authenticated, f"looking at {name} signed {who} out"
    assert not wrong, "\n".join(wrong)


class Ignored(BaseStorage):
    """Messages that nobody reads."""

    def _get(self, *args: Any, **kwargs: Any) -> tuple[list[Any], bool]:
        return [], True

    def _store(self, *args: Any, **kwargs: Any) -> list[Any]:
        return []


def test_the_libraries_bring_what_we_think() -> None:
    unknown = [one for one in ADDRESSES if not one[1:].startswith(tuple(LIBRARIES)) and one != "/"]
    assert not unknown
    assert len(EDITOR) > 150
    assert {one.split("/")[1] for one in ADDRESSES} == {"", "cms", "accounts", "documents", "_util"}


@pytest.mark.parametrize("who", ["nobody", "customer", *sorted(set(ROLES) - INSIDE)])
def test_no_method_opens_the_editor_to_who_edits_nothing(who: str, people: dict[str, Any]) -> None:  # noqa: F811
    inside = []
    for one in EDITOR:
        found = resolve(one)
        for method in EVERY_METHOD:
            request = RequestFactory().generic(method, one)
            request.user, request.session = people[who], {}
            request._messages = Ignored(request)  # type: ignore[attr-defined]
            try:
                answer = found.func(request, *found.args, **found.kwargs)
            except (PermissionDenied, Http404):
                continue
            leads = answer.status_code == 302 and answer["Location"].startswith(("/cms/login/", "/accounts/"))
            if not leads and answer.status_code not in (403, 404, 405):
                inside.append(f"{method} {one}: {answer.status_code}")
    assert not inside, "\n".join(inside)


@pytest.mark.parametrize("who", ["nobody", "customer", "superuser"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_of_a_library_ends_in_an_error(
    method: str,
    who: str,
    people: dict[str, Any],  # noqa: F811
) -> None:
    client = Client(raise_request_exception=False)
    wrong = []
    for one in ADDRESSES:
        if who != "nobody" and "_auth_user_id" not in client.session:
            client.force_login(people[who])  # the last address ended it
        status = client.generic(method, one).status_code
        if status not in NO_ERROR:
            wrong.append(f"{method} {one} as {who}: {status}")
    assert not wrong, "\n".join(wrong)


def test_forms_of_the_sign_in_need_a_token(people: dict[str, Any]) -> None:  # noqa: F811
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["customer"])
    taken = []
    for one in ADDRESSES:
        if one.startswith(("/accounts/", "/cms/login/", "/cms/password_reset/", "/_util/")):
            status = client.post(one).status_code
            if status not in (403, 404, 405):
                taken.append(f"{one}: {status}")
    assert not taken


@pytest.mark.parametrize(
    ("one", "data", "expected"),
    [
        ("/cms/pages/1/move/1/confirm/", {}, 404),
        ("/cms/pages/1/set_position/", {}, 404),
        ("/cms/pages/1/lock/", {}, 404),
        ("/cms/pages/1/unlock/", {}, 404),
        ("/cms/choose-external-link/", {}, 400),
        ("/cms/choose-external-link/", {"external-link-chooser-url": "javascript:alert(1)"}, 200),
        ("/cms/product_chooser/create/", {}, 404),
        ("/cms/snippets/choose/pages/guaranteenotice/create/", {}, 404),
        ("/cms/redirects/import/process/", {}, 400),
        ("/cms/redirects/import/process/", {"import_file_name": "x", "input_format": "x"}, 400),
        ("/cms/failwhale/", {}, 404),
    ],
)
def test_what_the_editor_cannot_digest_is_refused_before_it(
    one: str,
    data: dict[str, str],
    expected: int,
    people: dict[str, Any],  # noqa: F811
) -> None:
    client = Client()
    client.force_login(people["superuser"])
    answer = client.post(one, data)
    assert answer.status_code == expected
    assert (
        b"javascript:alert" not in answer.content or b"prefer_this_title_as_link_text" not in answer.content
    )


def test_the_editor_has_no_door_of_its_own() -> None:
    """It would take passwords without our limits, and without a second factor."""
    person = make_user("erika@example.org")
    person.set_password("hafen-kontor-26")
    person.save()
    client = Client()
    answer = client.post("/cms/login/", {"username": person.email, "password": "hafen-kontor-26"})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    assert "_auth_user_id" not in client.session
    for one in ("/cms/password_reset/", "/cms/password_reset/confirm/MQ/set-password/"):
        assert client.get(one)["Location"] == "/accounts/password/reset/"
