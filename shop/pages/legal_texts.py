"""The legal texts through time: every published version is kept, and an order knows which ones it was placed under.

A version is what a reader saw: heading, introduction and text. It is named by the SHA-256 of its HTML, so that the same
words are one version, whoever published them and how often.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.utils.html import escape

from checkout.order.texts import SeenText
from fulfilment.finance.invoicing.merchant import profile
from shop.kernel.clock import now

from .models import ContentPage, LegalVersion
from .texts import KEYS, LANGUAGES, default_text

#: What the page with the order button links and the contract rests on.
OF_AN_ORDER = ("terms", "withdrawal", "privacy")


def html_of(page: ContentPage) -> str:
    """The text of a page as it is kept and sent: it begins with its heading."""
    introduction = f"<p>{escape(page.introduction)}</p>\n" if page.introduction else ""
    return f"<h1>{escape(page.title)}</h1>\n{introduction}{page.body}"


def digest(html: str) -> str:
    """The name of a version: SHA-256 as hex."""
    return hashlib.sha256(html.encode()).hexdigest()


def keep(page: ContentPage) -> LegalVersion | None:
    """Keep the version of a page as it is published now; the same words are kept once. None for a page without key."""
    if not page.key:
        return None
    html = html_of(page)
    language = page.locale.language_code
    version, _made = LegalVersion.objects.get_or_create(
        sha256=digest(html),
        key=page.key,
        language=language,
        defaults={"title": page.title, "html": html, "page_id": page.pk, "kept_at": now()},
    )
    return version


def keep_all() -> int:
    """Keep the present version of every published legal text; safe to repeat. Returns how many there are."""
    pages = ContentPage.objects.live().exclude(key="").select_related("locale")
    return sum(keep(page) is not None for page in pages)


def of_an_order(language: str) -> list[SeenText]:
    """The texts that apply to an order placed now, in its language, else in the shop's own. One query."""
    languages = (language, settings.LANGUAGE_CODE)
    pages = ContentPage.objects.live().filter(key__in=OF_AN_ORDER, locale__language_code__in=languages)
    best: dict[str, ContentPage] = {}
    for page in sorted(pages.select_related("locale"), key=lambda one: one.locale.language_code == language):
        best[page.key] = page
    return [
        SeenText(key, best[key].locale.language_code, best[key].title, digest(html_of(best[key])))
        for key in OF_AN_ORDER
        if key in best
    ]


def versions(seen: Iterable[dict[str, str]]) -> list[LegalVersion]:
    """The kept versions that an order names, in its order; one that is not kept is left out. One query."""
    names = [row["sha256"] for row in seen]
    kept = {(row.sha256, row.key): row for row in LegalVersion.objects.filter(sha256__in=names)}
    found = [kept.get((row["sha256"], row["key"])) for row in seen]
    return [row for row in found if row is not None]


def seller_facts() -> dict[str, str]:
    """What the default texts say of the seller, from the base data; "" for what is not entered."""
    seller = profile()
    directors = seller.managers
    return {
        "company": seller.name,
        "street": seller.street,
        "postcode": seller.postcode,
        "city": seller.city,
        "email": seller.email,
        "phone": seller.phone,
        "directors": directors,
        "first_director": directors.split(",")[0].strip(),
        "register": seller.register,
        "vat_id": seller.vat_id,
        "iban_text": " ".join(seller.iban[i : i + 4] for i in range(0, len(seller.iban), 4)),
        "account_holder": seller.name,
    }


def write_defaults() -> dict[str, bool]:
    """Write the default text of each page that is not there yet, in German and English.

    What has no blanks is published; what has some is kept as a draft until somebody fills it in. What is there stays.
    Returns the keys of new pages with whether they are published.
    """
    from .actions import write_home, write_page
    from .models import HomePage

    if not HomePage.objects.filter(depth=2).exists():
        write_home(texts={language: {"title": settings.WAGTAIL_SITE_NAME} for language in LANGUAGES})
    facts, legal = seller_facts(), dict(ContentPage._meta.get_field("key").choices or [])
    made = {}
    for key in KEYS:
        texts = {language: default_text(key, language, facts) for language in LANGUAGES}
        if ContentPage.objects.filter(slug__in=[text.slug for text in texts.values()]).exists():
            continue
        if key in legal and ContentPage.objects.filter(key=key).exists():
            continue
        ready = not any(text.has_blanks for text in texts.values())
        write_page(
            key=key if key in legal else "",
            publish=ready,
            texts={tongue: {"slug": t.slug, "title": t.title, "body": t.body} for tongue, t in texts.items()},
        )
        made[key] = ready
    return made
