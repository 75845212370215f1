"""Addresses that staff set for pushes lead to no machine of ours, however they are written; and what anybody puts into
a page's address leads nobody away from the shop."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from shop.connect import net
from shop.dashboard.roles import sync_roles
from tests.factories.people import make_user
from tests.factories.shopping import make_user as make_member
from tests.factories.shopping import make_variant
from tests.shop.dashboard.test_methods import ALL, taken
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db

#: Ways to write an address of ours. What is no IP address by its form is one for the resolver of the system.
INSIDE = [
    "127.0.0.1", "127.9.9.9", "[::1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost",
    "169.254.169.254", "[fe80::1]", "[fc00::1]", "[fec0::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::1]", "[2002:a9fe:a9fe::]",
    "[::ffff:0:127.0.0.1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[ff02::1]", "[::]", "192.168.0.1", "10.1.1.1",
    "172.31.0.1", "100.64.0.1", "198.18.0.1", "192.0.2.1", "240.0.0.1", "255.255.255.255", "224.0.0.1",
]  # fmt: skip
EVIL = [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "/\t/evil.example", "\t//evil.example", "https:evil.example", "http:/evil.example", "javascript:alert(1)",
    "data:text/html,<script>", "https://testserver@evil.example/", "https://testserver.evil.example/",
    "//evil.example%2f@testserver/", " https://evil.example", "/\r\nLocation: https://evil.example/",
]  # fmt: skip
PARAMETERS = ("next", "back", "return", "return_url", "redirect_to", "redirect", "url", "to", "from")


@pytest.fixture
def public_shop(settings: Any) -> None:
    """A shop that does not live on its own machine alone: loopback is inside then."""
    settings.SITE_URL = "https://shop.example.org"
    settings.CONNECT_ALLOW_PRIVATE = False


@pytest.mark.parametrize("host", INSIDE)
def test_no_way_to_write_an_inner_address_is_pushed_to(host: str, public_shop: None) -> None:
    with pytest.raises((net.AddressRefused, net.NotReached)) as refused:
        net.resolve(net.check(f"http://{host}/"))
    assert "evil" not in str(refused.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """One that we sign ourselves, for the right name: the connection ends before anything is sent."""
    key, paper = tmp_path / "key.pem", tmp_path / "paper.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    asked = [
        *made,
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        key,
        "-out",
        paper,
    ]
    subprocess.run([str(one) for one in asked], check=True, capture_output=True)
    receiver = Receiver()
    papers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    papers.load_cert_chain(paper, key)
    receiver.server.socket = papers.wrap_socket(receiver.server.socket, server_side=True)
    with receiver.running(), pytest.raises(net.NotReached, match=r"(?i)certificate"):
        net.post(f"https://localhost:{receiver.server.server_port}/", b"{}", {})
    assert receiver.requests == []


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"]
)
def test_addresses_of_the_world_are_pushed_to(address: str, public_shop: None) -> None:
    assert net.allowed(address)


def test_the_connection_goes_to_the_address_that_was_looked_at(
    public_shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that turns inside after it was looked at (DNS rebinding): it is asked once, and never by the client."""
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    asked, dialled = [], []

    def lookup(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        asked.append(host)
        found = next(answers) if host == "turns.example" else host
        return [(2, 1, 6, "", (found, port))]

    def dial(address: Any, *args: Any, **options: Any) -> Any:
        dialled.append(address[0])
        raise OSError("no network in tests")

    monkeypatch.setattr(net.socket, "getaddrinfo", lookup)
    monkeypatch.setattr(net.urllib3.util.connection, "create_connection", dial)
    monkeypatch.setattr(net, "forbid_network_in_transaction", lambda what: None)
    with pytest.raises(net.NotReached):
        net.post("http://turns.example/", b"{}", {})
    assert asked == ["turns.example"]
    assert dialled == ["93.184.216.34"]


def leads_outside(location: str) -> bool:
    """Whether a browser leaves the shop: it takes a backslash for a slash and drops tabs and line breaks."""
    read = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    parts = urlsplit(read)
    return (parts.hostname or "testserver") != "testserver" or parts.scheme not in ("", "http", "https")


@pytest.mark.parametrize("evil", EVIL)
def test_after_signing_in_nobody_is_led_away(evil: str) -> None:
    person = make_member("anna@example.org")
    for address in ("/accounts/login/", "/cms/login/", "/_util/login/"):
        for given in ({"next": evil}, {"next": "/"}):
            client = Client()
            answer = client.post(
                f"{address}?next=/" if given["next"] == "/" else address,
                {"login": person.email, "username": person.email, "password": "test-password"}
                | {"next": evil},
            )
            assert not leads_outside(answer.headers.get("Location", "/")), (address, answer.headers)


@pytest.mark.parametrize("evil", EVIL)
def test_neither_language_basket_nor_sign_out_lead_away(evil: str) -> None:
    record = make_variant()
    asks = [
        ("/i18n/setlang/", {"language": "en", "next": evil}),
        ("/basket/add/", {"product_id": record.product_id, "quantity": 1, "next": evil}),
        (
            "/accounts/signup/",
            {"email": "neu@example.org", "password1": "ein-langes-kennwort-7", "next": evil},
        ),
        ("/accounts/logout/", {"next": evil}),
    ]
    for address, data in asks:
        client = Client()
        if "logout" in address:
            client.force_login(make_member("b@example.org"))
        answer = client.post(address, data, headers={"Referer": "https://evil.example/"})
        assert not leads_outside(answer.headers.get("Location", "/")), (address, answer.headers["Location"])


def test_no_parameter_of_any_page_leads_away() -> None:
    sync_roles()
    client = Client(raise_request_exception=False)
    client.force_login(make_user("alles@example.org", is_staff=True, is_superuser=True))
    given, away = dict.fromkeys(PARAMETERS, "//evil.example/x"), []
    for name, address, _access in ALL:
        ways = [client.get(address, given)] if "GET" in taken()[name] else []
        if "POST" in taken()[name]:
            ways.append(client.post(address, given))
        away += [
            f"{name}: {one['Location']}" for one in ways if leads_outside(one.headers.get("Location", "/"))
        ]
    assert not away


@pytest.mark.parametrize(
    "path", ["//evil.example/account/", "//evil.example/dashboard", "/\\evil.example/account"]
)
def test_an_address_that_begins_like_another_host_stays_here(path: str, client: Client) -> None:
    answer = client.generic("GET", path)
    assert not leads_outside(answer.headers.get("Location", "/"))
