"""Walking the shopper's door in tests: what each step sends, and what its page carries on."""

from __future__ import annotations

import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from checkout.order import access as order_access
from checkout.order.models import Order
from tests.factories.cases import picture_bytes
from tests.factories.orders import make_order
from tests.factories.shopping import make_variant
from tests.walks.withdrawing import buttons, form_of

URL = "/help/"


TOKEN = "abcdefghijklmnopqrstuvwxyz123456"


SAID = {"body": "Die Naht ist gerissen.", "name": "Erika Muster", "email": "erika@example.org"}


def everything(**changes: Any) -> dict[str, Any]:
    """What the last step sends."""
    return {"token": TOKEN, "reason": "faulty", "step": "send", **SAID, **changes}


def photo(name: str = "naht.jpg", kind: str = "JPEG", **options: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture_bytes(kind, **options), "image/jpeg")


def seen_order(client: Client) -> Order:
    """An order of two lines that this browser came to by its link."""
    order = shoes_and_polish()
    client.get(reverse("orders:open", kwargs={"token": order_access.token(order)}))
    return order


def shoes_and_polish() -> Order:
    order = make_order((make_variant(), 3), (make_variant(), 2))
    for line, title in zip(order.lines.order_by("pk"), ("Elbschuh", "Schuhcreme"), strict=True):
        order.lines.filter(pk=line.pk).update(title=title)
    return order


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def kept(answer: Any) -> list[str]:
    """Tokens of the pictures the page carries."""
    return re.findall(r'name="kept" value="([^"]+)"', answer.content.decode())


def walk(
    client: Client, *, start: str = "?reason=faulty", goods: dict[str, Any] | None = None, **said: Any
) -> Any:
    """Every step as a browser makes it, from the pages' own fields; returns the last answer."""
    first = client.get(URL + start)
    second = client.post(URL, {**form_of(first), **(goods or {}), "step": "goods"})
    third = client.post(URL, {**form_of(second), **SAID, **said, "step": "what"})
    assert third.status_code == 200, text_of(third)[:3000]
    return client.post(URL, {**form_of(third), "kept": kept(third), "step": buttons(third)["Senden"]})
