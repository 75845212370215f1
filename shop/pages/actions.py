"""Verbs of the written pages: set up the trees of all languages, write a page. Safe to repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from wagtail.models import Locale, Page, Site

from .models import ContentPage, HomePage, LandingPage
from .queries import forget


def write_home(*, texts: Mapping[str, Mapping[str, Any]], by: Any = None) -> dict[str, HomePage]:
    """Write the home page in each language: ``{"de": {"title": ..., "headline": ..., ...}, "en": {...}}``.

    Makes the trees: one home page per language below Wagtail's root, the default language's being the site's root.
    ``promises`` may be a list of (icon, title, text). Returns the pages by language.
    """
    with transaction.atomic():
        homes = {language: _home(language) for language in _languages(texts)}
        default = homes[settings.LANGUAGE_CODE]
        for language, page in homes.items():
            page.translation_key = default.translation_key
            fields = dict(texts[language])
            promises = fields.pop("promises", None)
            if promises is not None:
                fields["promise_blocks"] = [
                    ("promise", {"icon": icon, "title": title, "text": text})
                    for icon, title, text in promises
                ]
            _fill(page, fields, by)
        _make_root(default)
    forget()
    return homes


def write_page(
    *, texts: Mapping[str, Mapping[str, Any]], key: str = "", publish: bool = True, by: Any = None
) -> dict[str, ContentPage]:
    """Write a text page in each language: ``{"de": {"slug": ..., "title": ..., "body": html}, "en": {...}}``.

    Found again by slug below the language's home page, which ``write_home`` must have made. ``publish`` False leaves
    it a draft for somebody to fill in. Returns the pages.
    """
    pages: dict[str, ContentPage] = {}
    with transaction.atomic():
        for language in _languages(texts):
            home = HomePage.objects.get(locale__language_code=language, depth=2)
            slug = texts[language]["slug"]
            page = ContentPage.objects.child_of(home).filter(slug=slug).first()
            if page is None:
                page = ContentPage(
                    title=texts[language]["title"], slug=slug, locale=home.locale, live=publish
                )
                if pages:
                    page.translation_key = next(iter(pages.values())).translation_key
                home.add_child(instance=page)
            _fill(page, {**texts[language], "key": key}, by, publish)
            pages[language] = page
    forget()
    return pages


def write_landing(*, texts: Mapping[str, Mapping[str, Any]], by: Any = None) -> dict[str, LandingPage]:
    """Write a page of blocks in each language: ``{"de": {"slug": ..., "title": ..., "body": [(block, value), ...]}}``.

    Found again by slug below the language's home page, which ``write_home`` must have made. Returns the pages.
    """
    pages: dict[str, LandingPage] = {}
    with transaction.atomic():
        for language in _languages(texts):
            home = HomePage.objects.get(locale__language_code=language, depth=2)
            page = LandingPage.objects.child_of(home).filter(slug=texts[language]["slug"]).first()
            if page is None:
                page = LandingPage(
                    title=texts[language]["title"], slug=texts[language]["slug"], locale=home.locale
                )
                if pages:
                    page.translation_key = next(iter(pages.values())).translation_key
                home.add_child(instance=page)
            _fill(page, texts[language], by)
            pages[language] = page
    return pages


def _languages(texts: Mapping[str, Any]) -> list[str]:
    """Languages to write, the default one first; ValueError when that is missing."""
    if settings.LANGUAGE_CODE not in texts:
        raise ValueError(f"texts in {settings.LANGUAGE_CODE!r}, the default language, are missing")
    return sorted(texts, key=lambda language: language != settings.LANGUAGE_CODE)


def _home(language: str) -> HomePage:
    locale, _made = Locale.objects.get_or_create(language_code=language)
    page = HomePage.objects.filter(locale=locale, depth=2).first()
    if page is None:
        slug = "home" if language == settings.LANGUAGE_CODE else f"home-{language}"
        if Page.objects.filter(depth=2, slug=slug).exists():  # Wagtail's own welcome page
            slug = f"start-{language}"
        page = HomePage(title="Kontor", slug=slug, locale=locale)
        Page.get_first_root_node().add_child(instance=page)
    return page


def _fill(page: Page, fields: Mapping[str, Any], by: Any, publish: bool = True) -> None:
    for name, value in fields.items():
        setattr(page, name, value)
    page.save()
    revision = page.save_revision(user=by, changed=not publish)
    if publish:
        revision.publish(user=by)


def _make_root(page: HomePage) -> None:
    """Let the site begin at the page; Wagtail's welcome page goes when nothing of ours is below it."""
    site = Site.objects.filter(is_default_site=True).first() or Site(
        hostname="localhost", is_default_site=True
    )
    before = site.root_page if site.pk else None
    site.root_page, site.site_name = page, settings.WAGTAIL_SITE_NAME
    site.save()
    if (
        before
        and before.pk != page.pk
        and before.specific_class is Page
        and not before.get_children().exists()
    ):
        before.delete()
