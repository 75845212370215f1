"""The guards around every request."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.mark.parametrize("name", ["sessionid", "oscar_open_basket", "django_language", "csrftoken"])
def test_a_cookie_that_no_database_can_look_for_counts_as_absent(name: str, client: Client) -> None:
    odd = {"cookie": f'{name}="abcdefghij\\000klmnop"'}  # quoted octal: a NUL when it is read
    assert client.get("/basket/", headers=odd).status_code == 200
    assert client.get("/account/", headers=odd).status_code == 302
