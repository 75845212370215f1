"""Where a request comes from: behind servers of ours, in front of nobody's lie, and IPv6 by its network."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import RequestFactory

from shop.customers.adapter import AccountAdapter
from shop.kernel.checks import proxies_are_addresses, the_server_in_front_is_named
from shop.kernel.visitors import place_of
from shop.pages.limits import too_many

OURS = ["10.0.0.0/8", "203.0.113.7", "fd00::/8"]


def asked(remote: str, forwarded: str | None = None) -> Any:
    more = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=remote, **more)


@pytest.mark.parametrize(
    ("remote", "forwarded", "place"),
    [
        ("8.8.8.8", None, "8.8.8.8"),
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),  # not from a server of ours: anybody can send the header
        ("10.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("10.0.0.1", "9.9.9.9, 8.8.8.8", "8.8.8.8"),  # the visitor wrote the first, our server the second
        ("10.0.0.1", "8.8.8.8, 203.0.113.7", "8.8.8.8"),  # two servers, one behind the other
        ("10.0.0.1", "8.8.8.8:1234", "8.8.8.8"),
        ("10.0.0.1", "[2a02:8108:1:2:3:4:5:6]:1234", "2a02:8108:1:2::/64"),
        ("fd00::1", "2a02:8108:1:2::1", "2a02:8108:1:2::/64"),
        ("2a02:8108:1:2:ffff::9", None, "2a02:8108:1:2::/64"),
        ("::ffff:8.8.8.8", None, "8.8.8.8"),
        ("10.0.0.1", None, ""),  # the server itself is never counted
        ("10.0.0.1", "10.0.0.2", ""),
        ("10.0.0.1", "unknown", ""),
        ("10.0.0.1", "8.8.8.8, <script>", ""),
        ("192.168.0.4", "8.8.8.8", ""),
        ("", "8.8.8.8", ""),
    ],
)
def test_the_place_is_the_last_address_that_is_no_server_of_ours(
    settings: LazySettings, remote: str, forwarded: str | None, place: str
) -> None:
    settings.TRUSTED_PROXIES = OURS
    assert place_of(asked(remote, forwarded)) == place


def test_without_servers_of_ours_the_header_means_nothing(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = []
    assert place_of(asked("10.0.0.1", "8.8.8.8")) == ""
    assert place_of(asked("8.8.8.8", "9.9.9.9")) == "8.8.8.8"


@pytest.mark.django_db
def test_behind_one_server_each_visitor_has_a_limit_of_their_own(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = OURS
    cache.clear()

    def more(visitor: str) -> bool:
        return too_many(asked("10.0.0.1", visitor), what="test", most=2)

    assert [more("8.8.8.8") for _ in range(3)] == [False, False, True]
    assert not more("9.9.9.9")
    assert [more(f"2a02:8108:1:2::{number}") for number in range(3)] == [False, False, True]


def test_signing_in_is_counted_by_the_same_place(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = OURS
    assert AccountAdapter().get_client_ip(asked("10.0.0.1", "9.9.9.9, 8.8.8.8")) == "8.8.8.8"
    assert AccountAdapter().get_client_ip(asked("127.0.0.1")) == "127.0.0.1"


def test_the_deploy_check_asks_for_the_server_in_front_where_there_must_be_one(
    settings: LazySettings,
) -> None:
    settings.TRUSTED_PROXIES, settings.SITE_URL = [], "http://127.0.0.1:8000"
    assert the_server_in_front_is_named(None) == []
    settings.SITE_URL = "https://kontor.example"
    assert [one.id for one in the_server_in_front_is_named(None)] == ["kernel.W110"]
    settings.TRUSTED_PROXIES = OURS
    assert the_server_in_front_is_named(None) == [] == proxies_are_addresses(None)


def test_what_is_no_address_stops_the_start(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "our-proxy"]
    [wrong] = proxies_are_addresses(None)
    assert wrong.id == "kernel.E109" and "our-proxy" in wrong.msg
