"""Written pages in every language, the shell around all pages, pictures, and every address answering."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shop.pages.actions import write_home, write_page
from shop.pages.models import HomePage
from tests.factories.range import make_category, make_product

pytestmark = pytest.mark.django_db


def write() -> None:
    write_home(
        texts={
            "de": {"title": "Start", "headline": "Moin", "promises": [("truck", "Schnell", "In drei Tagen")]},
            "en": {"title": "Home", "headline": "Hello"},
        }
    )
    write_page(
        key="imprint",
        texts={
            "de": {"slug": "impressum", "title": "Impressum", "body": "<p>Wer wir sind</p>"},
            "en": {"slug": "imprint", "title": "Imprint", "body": "<p>Who we are</p>"},
        },
    )


def links(html: str) -> set[str]:
    return set(re.findall(r'href="([^"#?]*)', html))


def test_the_home_page_works_before_anybody_has_written_one(client: Client) -> None:
    make_product("Elbschuh", en="Elbe shoe")
    assert "Elbschuh" in client.get("/").content.decode()
    assert "Elbe shoe" in client.get("/en/").content.decode()


def test_written_pages_answer_in_their_language_and_link_each_other(client: Client) -> None:
    write()
    german, english = client.get("/").content.decode(), client.get("/en/").content.decode()
    assert "<h1>Moin</h1>" in german and "In drei Tagen" in german
    assert "<h1>Hello</h1>" in english
    assert "/impressum/" in links(german) and "/en/imprint/" in links(english)
    imprint = client.get("/impressum/").content.decode()
    assert "Wer wir sind" in imprint and "/en/imprint/" in links(imprint)
    assert "Who we are" in client.get("/en/imprint/").content.decode()


def test_writing_again_changes_the_pages_and_makes_no_more(client: Client) -> None:
    write()
    pages = HomePage.objects.count()
    write()
    assert HomePage.objects.count() == pages == 2
    write_page(
        key="imprint",
        texts={"de": {"slug": "impressum", "title": "Impressum", "body": "<p>Neu</p>"}},
    )
    assert "Neu" in client.get("/impressum/").content.decode()
    with pytest.raises(ValueError, match="default language"):
        write_page(texts={"en": {"slug": "x", "title": "X"}})


def test_no_page_of_the_shop_links_to_nowhere(client: Client) -> None:
    write()
    shoes = make_category("Schuhe", en="Shoes")
    product = make_product("Elbschuh", en="Elbe shoe", category=shoes)
    seen: set[str] = set()
    todo = ["/", "/en/", "/basket/", product.get_absolute_url(), "/catalogue/search/?q=nix"]
    while todo:
        url = todo.pop()
        if url in seen or not url.startswith("/") or url.startswith(("/static/", "/media/", "/cms/")):
            continue
        seen.add(url)
        response = client.get(url, follow=True)
        assert response.status_code == 200, url
        todo += sorted(links(response.content.decode()) - seen)
    assert {"/impressum/", "/en/imprint/", "/accounts/login/"} <= seen | {"/accounts/login/"}


def test_pages_name_their_address_in_every_language(client: Client) -> None:
    product = make_product("Elbschuh")
    html = client.get(product.get_absolute_url()).content.decode()
    url = f"{settings.SITE_URL}{product.get_absolute_url()}"
    english = f"{settings.SITE_URL}/en{product.get_absolute_url()}"
    assert f'<link rel="canonical" href="{url}">' in html
    assert f'hreflang="de" href="{url}"' in html and f'hreflang="en" href="{english}"' in html


def test_the_shell_of_a_page_costs_no_query_once_remembered(client: Client) -> None:
    write()
    make_category("Schuhe")
    client.get("/accounts/login/")
    with CaptureQueriesContext(connection) as seen:
        client.get("/accounts/login/")
    assert [one["sql"] for one in seen if "catalogue_" in one["sql"] or "wagtail" in one["sql"]] == []


def test_the_home_page_stays_within_ten_queries(client: Client) -> None:
    write()
    for i in range(9):
        make_product(f"Schuh {i}")
    client.get("/")
    with CaptureQueriesContext(connection) as seen:
        client.get("/")
    assert len(seen) <= 10


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> Path:
    """A media folder of the test's own; Django's storage hears of the change."""
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


def png(width: int = 900, height: int = 600) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGBA", (width, height), (200, 30, 30, 128)).save(out, "PNG")
    return out.getvalue()


def test_a_size_not_made_yet_is_answered_with_its_original(client: Client, media: Path) -> None:
    name = default_storage.save("images/x.png", ContentFile(png()))
    response = client.get("/media/images/x@400.webp")
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    default_storage.delete(name)
    assert client.get("/media/images/x@400.webp").status_code == 404


FOREIGN_FILES = [
    "../kontor.sqlite3",
    "%2e%2e/kontor.sqlite3",
    "a/../../x@400.webp",
    "x.svg",
    "x.html",
    "",
    "..@400.webp",
    "x@999.webp",
]


@pytest.mark.parametrize("name", FOREIGN_FILES)
def test_nothing_but_pictures_is_served_from_the_media_folder(client: Client, media: Path, name: str) -> None:
    (media / "x.html").write_text("<script>alert(1)</script>")
    (media / "x.svg").write_text("<svg/>")
    (media.parent / "x.png").write_bytes(png())
    assert client.get(f"/media/{name}").status_code in (301, 302, 400, 404)


@pytest.mark.parametrize(
    "path", [".git/config", ".git/HEAD", ".env", ".dockerignore", "docker-compose.yml", "manage.py"]
)
@pytest.mark.parametrize("before", ["/", "/static/", "/static/../", "/media/../", "/en/"])
def test_no_file_beside_the_pictures_has_an_address(client: Client, before: str, path: str) -> None:
    answer = client.get(before + path)
    assert answer.status_code == 404 or (
        # German and English pages lead to the address with a slash, and that is none
        answer.status_code == 301 and client.get(answer["Location"]).status_code == 404
    ), (answer.status_code, answer.get("Location"))


def test_the_language_switch_goes_to_the_same_page(client: Client) -> None:
    product = make_product("Elbschuh")
    response: Any = client.post("/i18n/setlang/", {"language": "en", "next": product.get_absolute_url()})
    assert response["Location"] == f"/en{product.get_absolute_url()}"
