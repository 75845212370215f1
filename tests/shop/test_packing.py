"""Pages travel compressed with a random length; where a length could tell a secret they travel as they are."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories.people import make_staff
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db
TAKES = {"accept-encoding": "gzip, deflate, br"}


def add(client: Client) -> None:
    client.post("/basket/add/", {"product_id": make_variant().product_id, "quantity": 1})


@pytest.mark.parametrize("url", ["/basket/", "/en/basket/", "/checkout/"])
def test_basket_and_checkout_travel_compressed_for_who_takes_it(client: Client, url: str) -> None:
    add(client)
    plain, packed = client.get(url), client.get(url, headers=TAKES)
    assert "Content-Encoding" not in plain.headers and packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    assert b"</html>" in gzip.decompress(packed.content)


def test_lengths_and_the_token_of_forms_differ_from_answer_to_answer(client: Client) -> None:
    """What BREACH measures is noise: the padding is random, and the token never looks the same twice."""
    add(client)
    pages = [client.get("/basket/", headers=TAKES) for _ in range(12)]
    assert len({len(page.content) for page in pages}) > 3
    assert len({_token(gzip.decompress(page.content).decode()) for page in pages}) == len(pages)


def _token(text: str) -> str:
    return text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]


def test_a_page_kept_for_everybody_is_packed_for_who_has_a_basket_too(client: Client) -> None:
    add(client)
    assert client.get("/", headers=TAKES)["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("url", ["/accounts/login/", "/en/accounts/login/", "/dashboard/orders/?q=Erika"])
def test_doors_of_accounts_and_pages_of_staff_travel_as_they_are(client: Client, url: str) -> None:
    if "dashboard" in url:
        client.force_login(make_staff(is_superuser=True))
    answer: Any = client.get(url, headers=TAKES)
    assert answer.status_code == 200 and "Content-Encoding" not in answer.headers


def test_the_server_in_front_compresses_nothing_of_its_own() -> None:
    assert "encode" not in (Path(settings.BASE_DIR) / "docker" / "Caddyfile").read_text().split()
