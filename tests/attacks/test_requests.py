"""Odd requests to every door: foreign hosts, line breaks in what becomes a mail, messages too deep or too long."""

from __future__ import annotations

import json
import re
import time
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings

from fulfilment.warehouse.dispatch.door import HEADER
from shop.dashboard.roles import sync_roles
from shop.notifications.actions import write
from shop.notifications.letter import Letter, Paragraph
from shop.notifications.models import OutgoingMail
from shop.notifications.sending import compose
from tests.factories.people import make_user
from tests.factories.shopping import make_user as make_member
from tests.walks.withdrawing import form_of

pytestmark = pytest.mark.django_db
#: What a mail of the shop has above its text, and nothing else.
HEADS = {
    "Content-Type", "MIME-Version", "Subject", "From", "To", "Message-ID", "Date", "Auto-Submitted", "Content-Language",
    "X-Kontor-Kind", "Content-Transfer-Encoding",
}  # fmt: skip
BREAKS = ["\r\n", "\n", "\r", "%0d%0a", "\u2028", "\x0b", "\x85", "\x00"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "testserver@evil.example"},
        {"Host": "testserver:80@evil.example"},
        {"Host": "evil.example", "X-Forwarded-Host": "testserver"},
        {"Host": ""},
        {"Host": "testserver\r\nX: y"},
    ],
)
def test_a_foreign_host_gets_nothing_and_no_mail_leads_there(headers: dict[str, str], outbox: Any) -> None:
    make_member("anna@example.org")
    client = Client(raise_request_exception=False)
    for path in ("/", "/accounts/login/", "/healthz", "/sitemap.xml"):
        if headers["Host"] or path != "/healthz":
            assert client.get(path, headers=headers).status_code == 400
    client.post("/accounts/password/reset/", {"email": "anna@example.org"}, headers=headers)
    outbox.drain()
    assert "evil.example" not in "".join(OutgoingMail.objects.values_list("text", flat=True))
    assert not mail.outbox


def test_what_a_proxy_says_about_the_host_is_not_believed(outbox: Any) -> None:
    make_member("anna@example.org")
    Client().post(
        "/accounts/password/reset/",
        {"email": "anna@example.org"},
        headers={
            "X-Forwarded-Host": "evil.example",
            "Forwarded": "host=evil.example",
            "X-Host": "evil.example",
        },
    )
    outbox.drain()
    texts = "".join(OutgoingMail.objects.values_list("text", flat=True))
    assert "/accounts/password/reset/" in texts and "evil.example" not in texts


@pytest.mark.parametrize("broken", BREAKS)
def test_a_line_break_in_an_address_or_a_name_begins_no_header(broken: str, outbox: Any) -> None:
    evil = f"anna@example.org{broken}Bcc: all@evil.example"
    name = f"Anna{broken}Bcc: all@evil.example"
    client = Client()
    asks: list[tuple[str, dict[str, Any]]] = [
        ("/accounts/signup/", {"email": evil, "password1": "ein-langes-kennwort-7"}),
        ("/accounts/password/reset/", {"email": evil}),
        ("/newsletter/", {"email": evil, "consent": "on"}),
        ("/orders/", {"number": name, "email": evil}),
        ("/withdrawal/", {"name": name, "contract": name, "email": evil, "step": "send"}),
        ("/withdrawal/", {"name": name, "contract": name, "email": "anna@example.org", "step": "send"}),
        ("/help/", {"name": name, "email": evil, "body": name, "step": "send", "reason": "faulty"}),
        ("/alerts/", {"email": evil, "product": "1"}),
    ]
    for path, data in asks:
        assert client.post(path, data).status_code < 500, path
    outbox.drain()
    for one in OutgoingMail.objects.all():
        assert "evil.example" not in one.recipient
        assert not set("\r\n\x0b\x0c\x00\x85\u2028\u2029") & set(one.subject + one.recipient)


@pytest.mark.parametrize("broken", BREAKS)
def test_a_line_break_in_a_name_that_is_written_to_begins_no_header(broken: str, outbox: Any) -> None:
    """The mail is composed as it goes out: what was typed is in it, and begins no line of its head."""
    client, evil = Client(), f"Anna{broken}Bcc: all@evil.example"
    first = client.get("/withdrawal/")
    said = {"name": evil, "contract": f"K1{broken}Bcc: all@evil.example", "email": "anna@example.org"}
    second = client.post("/withdrawal/", {**form_of(first), **said, "step": "declare"})
    if "confirm" in second.content.decode() and form_of(second).get("name"):
        client.post("/withdrawal/", {**form_of(second), "step": "confirm"})
    member = make_member("anna@example.org")
    type(member).objects.filter(pk=member.pk).update(first_name=evil[:30], last_name=evil[:30])
    client.post("/accounts/password/reset/", {"email": member.email})
    outbox.drain()
    written = list(OutgoingMail.objects.filter(recipient="anna@example.org"))
    assert written, "none would show nothing"
    with transaction.atomic():
        letter = Letter(evil, "", evil, "", [Paragraph(evil)])
        write(letter, kind="account", source="test:evil", recipient="anna@example.org", language="de")
    for one in OutgoingMail.objects.filter(recipient="anna@example.org"):
        made = message_from_bytes(compose(one).message().as_bytes())
        assert made["Bcc"] is None and made["To"] == "anna@example.org"
        assert {name for name, _said in made.items()} <= HEADS


@pytest.fixture
def phone() -> Client:
    """The phone of a picker."""
    sync_roles()
    client = Client(raise_request_exception=False)
    client.force_login(make_user("lager@example.org", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"walk": ' + "[" * 20_000 + "]" * 20_000 + ', "scans": []}',
        '{"scans": ' + "[" * 5_000 + "]" * 5_000 + "}",
        "9" * 100_000,
        '{"walk": 1e999, "scans": [1]}',
        '{"walk": "\\ud800", "scans": [{"id": "\\u0000"}]}',
        "\ufeff{}",
        "",
    ],
    ids=[
        "deep",
        "deep object",
        "deep walk",
        "deep scans",
        "long number",
        "infinite",
        "half a sign",
        "mark",
        "empty",
    ],
)
def test_no_message_is_too_deep_or_too_odd_to_be_refused_in_words(body: str, phone: Client) -> None:
    answer = phone.post(
        "/dashboard/warehouse/scans/", body.encode("utf-8", "surrogatepass"), content_type="application/json"
    )
    assert answer.status_code in (400, 404, 413)
    assert answer.json()["error"]


@pytest.mark.parametrize("body", ["[" * 50_000, '{"a":' * 9_000, "9" * 5_000, "nothing", "[]", '"x"', "null"])
def test_a_signed_message_of_a_carrier_that_is_odd_is_kept_and_is_no_error(
    body: str, client: Client, outbox: Any, settings: Any
) -> None:
    import hashlib
    import hmac

    settings.CARRIER_WEBHOOK_SECRET = "whsec_of_a_test"
    moment = int(time.time())
    signed = hmac.new(b"whsec_of_a_test", f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    answer = client.post(
        "/carriers/dhl/webhook",
        body.encode(),
        content_type="application/json",
        headers={HEADER: f"t={moment},v1={signed}"},
    )
    assert answer.status_code in (200, 400, 413)
    outbox.drain()
    again = client.post("/carriers/dhl/webhook", body.encode(), content_type="application/json")
    assert again.status_code in (400, 413), "without its signature it is nothing"


@pytest.mark.parametrize(
    "path", ["/payments/stripe/webhook", "/carriers/dhl/webhook", "/basket/add/", "/help/"]
)
def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    path: str, client: Client, settings: Any
) -> None:
    settings.CARRIER_WEBHOOK_SECRET = "whsec_of_a_test"
    client.raise_request_exception = False
    body = json.dumps({"x": "y" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}).encode()
    answer = client.post(path, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (400, 413)
    many = "&".join(f"a{n}=1" for n in range(2_100))
    assert client.post(path, many, content_type="application/x-www-form-urlencoded").status_code == 400


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "９", "9" * 40])
def test_a_length_that_is_no_number_is_no_error(length: str) -> None:
    client = Client(raise_request_exception=False)
    with override_settings(CARRIER_WEBHOOK_SECRET="whsec_of_a_test"):
        for path in ("/payments/stripe/webhook", "/carriers/dhl/webhook"):
            answer = client.post(path, b"{}", content_type="application/json", CONTENT_LENGTH=length)
            assert answer.status_code in (400, 413), path


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{% debug %}", "{% load static %}", "${7*7}", "#{7*7}", "{0.__class__}"]
)
def test_what_looks_like_a_template_is_shown_as_it_was_typed(text: str, client: Client) -> None:
    for path, data in (
        ("/catalogue/search/", {"q": text}),
        ("/help/", {"reason": text, "number": text}),
        ("/withdrawal/", {"number": text, "name": text}),
    ):
        page = client.get(path, data).content.decode()
        assert "49" not in [word.strip("„“\"'<>") for word in page.split()] and "__class__'" not in page
    shown = client.get("/catalogue/search/", {"q": "{{ 7*7 }}"}).content.decode()
    assert "{{ 7*7 }}" in shown


def test_what_is_encoded_twice_is_decoded_once(client: Client) -> None:
    shown = client.get("/catalogue/search/?q=%253Cb%253E%2526amp%253B").content.decode()
    assert "%3Cb%3E%26amp%3B" in shown and "<b>" not in shown.partition("<main")[2].partition("</main")[0]
    for path in (
        "/media/%252e%252e/%252e%252e/manage.py",
        "/media/..%2f..%2fmanage.py",
        "/static/%252e%252e/manage.py",
    ):
        answer = client.get(path)
        assert answer.status_code in (301, 302, 400, 404) and b"DJANGO_SETTINGS" not in answer.content


def test_what_a_form_takes_does_not_come_from_the_address_and_of_two_one_counts(client: Client) -> None:
    person = make_member("erika@example.org", first_name="Erika")
    client.force_login(person)
    client.post("/account/profile/?first_name=Mallory&last_name=M&language=de", {})
    client.post(
        "/account/profile/?first_name=Mallory",
        {
            "first_name": ["Eins", "Zwei"],
            "last_name": "B",
            "language": "de",
            "is_staff": "on",
            "email": "m@example.org",
        },
    )
    person.refresh_from_db()
    assert (person.first_name, person.is_staff, person.email) == ("Zwei", False, "erika@example.org")


def test_scripts_keep_what_came_from_outside_in_no_object_that_has_a_prototype() -> None:
    """A key "__proto__" would reach every object: maps and lists are used, and nothing is merged deeply."""
    folder = Path(__file__).resolve().parents[2] / "static" / "js"
    written = [path for path in folder.rglob("*.js") if "vendor" not in path.parts]
    assert len(written) > 20
    found = [
        f"{path.name}: {line.strip()}"
        for path in written
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"__proto__|for \((?:const|let) \w+ in |Object\.assign\([^)]*JSON|setPrototypeOf", line)
    ]
    assert not found


def test_scripts_write_text_and_no_markup() -> None:
    folder = Path(__file__).resolve().parents[2] / "static" / "js"
    said = {
        path.name: path.read_text(encoding="utf-8")
        for path in folder.rglob("*.js")
        if "vendor" not in path.parts
    }
    writes = r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\("
    assert not [name for name, text in said.items() if re.search(writes, text)]


@pytest.mark.parametrize(
    "path", ["/", "/account/", "/catalogue/search/suggestions/?q=schuh", "/nothing/", "/static/nothing.js"]
)
def test_no_page_allows_another_origin(client: Client, path: str) -> None:
    for method in (client.get, client.options):
        answer = method(
            path, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        )
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
