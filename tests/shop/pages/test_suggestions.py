"""Written pages among what the search field suggests: those that everybody may read, in the reader's language."""

from __future__ import annotations

import pytest
from django.test import Client
from wagtail.models import PageViewRestriction

from catalogue.search.suggest import PAGES
from shop.pages.actions import write_home, write_page
from shop.pages.models import ContentPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def care() -> dict[str, ContentPage]:
    write_home(
        texts={"de": {"title": "Pflege", "headline": "Moin"}, "en": {"title": "Care", "headline": "Hi"}}
    )
    return write_page(
        texts={
            "de": {"slug": "pflege", "title": "Schuhe richtig pflegen", "body": "<p>Mit Wachs</p>"},
            "en": {"slug": "care", "title": "Taking care of shoes", "body": "<p>With wax</p>"},
        }
    )


def pages(q: str, language: str = "") -> list[tuple[str, str]]:
    answer = Client().get(f"{language}/catalogue/search/suggestions/", {"q": q})
    assert answer.status_code == 200
    return [(one.title, one.url) for one in answer.context["suggestions"].pages]


def test_a_page_is_suggested_by_its_title_in_the_readers_language(care: dict[str, ContentPage]) -> None:
    assert pages("pfleg") == [("Schuhe richtig pflegen", "/pflege/")]
    assert pages("PFLEG") == pages("pfleg")
    assert pages("car") == []
    assert pages("car", "/en") == [("Taking care of shoes", "/en/care/")]
    assert pages("pfleg", "/en") == []


def test_drafts_private_pages_and_the_home_page_are_not_suggested(care: dict[str, ContentPage]) -> None:
    assert [title for title, _url in pages("pflege")] == [
        "Schuhe richtig pflegen"
    ]  # not "Pflege", the home page
    write_page(texts={"de": {"slug": "entwurf", "title": "Pflegeentwurf", "body": ""}}, publish=False)
    assert len(pages("pflege")) == 1
    restriction = PageViewRestriction.objects.create(
        page=care["de"], restriction_type="password", password="x"
    )
    assert pages("pfleg") == []
    restriction.delete()
    care["de"].unpublish()
    assert pages("pfleg") == []


def test_many_pages_are_cut_and_odd_letters_break_nothing(care: dict[str, ContentPage]) -> None:
    for n in range(PAGES + 2):
        write_page(texts={"de": {"slug": f"p{n}", "title": f"Pflege {n}", "body": ""}})
    assert len(pages("pflege")) == PAGES
    for q in ("%%", "__", "\\\\", "'\"", "<b>", "ß" * 200):
        pages(q)
