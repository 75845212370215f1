"""Addresses of the sizes of a picture: asked of the store once where they differ in nothing but their ends."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

from catalogue.picture_sizes import AVIF, JPEG, PAGE, WEBP, nearest
from catalogue.pictures import CARD, Picture, as_shown, rendition_name

WIDTHS = [400, 800, 1600]


class Counted(FileSystemStorage):
    """A store that counts what it is asked for; ``signed`` puts something after each name."""

    def __init__(self, signed: str = "") -> None:
        super().__init__(base_url="/media/")
        self.signed, self.asked = signed, 0

    def url(self, name: Any) -> str:
        self.asked += 1
        return f"{super().url(name)}{self.signed}"


@pytest.mark.parametrize("name", ["images/a b/größe.1@x.png", "plain.jpg", "deep/@400.avif/x@400.jpeg"])
@pytest.mark.parametrize("signed", ["", "?signed=1"])
def test_each_address_is_the_one_that_the_store_gives(name: str, signed: str) -> None:
    store, other = Counted(signed), Counted(signed)
    shown = as_shown(store, name, WIDTHS, alt="a")

    def url(width: int, ending: str) -> str:
        return other.url(rendition_name(name, width, ending))

    page = nearest(WIDTHS, PAGE)
    assert shown == Picture(
        url=url(page, JPEG),
        thumb_url=url(nearest(WIDTHS, CARD), WEBP),
        alt="a",
        width=page,
        height=page,
        zoom_url=url(1600, JPEG),
        avif=", ".join(f"{url(width, AVIF)} {width}w" for width in WIDTHS),
        webp=", ".join(f"{url(width, WEBP)} {width}w" for width in WIDTHS),
    )
    assert store.asked == (1 if not signed else other.asked), (
        "asking for each was a tenth of a page with pictures"
    )
