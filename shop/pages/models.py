"""Pages that people write: the home page and texts to read (imprint, terms, ...), in every language of the shop."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF
from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.blocks import CharBlock, ChoiceBlock, StructBlock
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from shop.ui.addresses import named

from .blocks import Sections
from .sections import SectionPicture, hero, sections_of

TEASERS = 8  #: products on the home page
ICONS = [
    ("truck", _("Delivery")),
    ("return", _("Return")),
    ("shield", _("Guarantee")),
    ("shoe", _("Shoe")),
    ("care", _("Care")),
    ("check", _("Check mark")),
]
#: Texts every shop must have (law.md), in the order in which the foot of each page links them.
KEYS = [
    ("shipping", _("Shipping and payment")),
    ("withdrawal", _("Right of withdrawal")),
    ("withdrawal-form", _("Model withdrawal form")),
    ("terms", _("Terms and conditions")),
    ("privacy", _("Privacy")),
    ("environment", _("Batteries and packaging")),
    ("accessibility", _("Accessibility")),
    ("imprint", _("Imprint")),
]


class Translated(Page):
    """A page that knows its address in the other languages."""

    class Meta:
        abstract = True

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Adds ``language_urls`` for the language switch, and ``alternates`` for search engines.

        Where a page is not translated, the switch leads to the home page of the language.
        """
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        live = self.get_translations(inclusive=True).live().select_related("locale")
        written = {page.locale.language_code: page.get_url(request) for page in live}
        context["alternates"] = named(written)
        context["language_urls"] = {code: _home(code) for code, _name in settings.LANGUAGES} | written
        return context

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """The page as it would be; the editor may show it beside the form, in a frame of our own."""
        response: HttpResponse = super().serve_preview(request, mode_name)
        response._csp_replace = {"frame-ancestors": [SELF]}  # type: ignore[attr-defined]
        return response


def _home(code: str) -> str:
    with override(code):
        return reverse("home")


class HomePage(Translated):
    """The start page. Prices and stock on it are read at each visit, never stored."""

    headline = models.CharField(_("Headline"), max_length=120, blank=True)
    introduction = models.CharField(_("Introduction"), max_length=300, blank=True)
    hero_picture = models.ForeignKey(
        "wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    hero_picture_alt = models.CharField(_("What the picture shows"), max_length=200, blank=True)
    story_title = models.CharField(_("Headline of the story"), max_length=120, blank=True)
    story = RichTextField(_("Story"), blank=True, features=["bold", "italic", "link", "ul"])
    promise_blocks = StreamField(
        [
            (
                "promise",
                StructBlock(
                    [
                        ("icon", ChoiceBlock(choices=ICONS, default="check")),
                        ("title", CharBlock(max_length=60)),
                        ("text", CharBlock(max_length=160)),
                    ]
                ),
            )
        ],
        blank=True,
    )

    body = StreamField(Sections(), blank=True, verbose_name=_("Blocks"))

    template = "storefront/home_page.html"
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["pages.ContentPage", "pages.LandingPage"]
    content_panels = [
        *Page.content_panels,
        MultiFieldPanel(
            [
                FieldPanel("headline"),
                FieldPanel("introduction"),
                FieldPanel("hero_picture"),
                FieldPanel("hero_picture_alt"),
            ],
            heading=_("Top of the page"),
        ),
        FieldPanel("body"),
        FieldPanel("promise_blocks"),
        MultiFieldPanel([FieldPanel("story_title"), FieldPanel("story")], heading=_("Story")),
    ]

    class Meta:
        verbose_name = _("Home page")

    @cached_property
    def hero(self) -> SectionPicture | None:
        """The picture at the top in the sizes made when it was published; None without one."""
        return hero(self.hero_picture) if self.hero_picture is not None else None

    @property
    def hero_picture_url(self) -> str:
        """The same as one address that every browser and preview can show; empty without one."""
        return self.hero.url if self.hero else ""

    @property
    def promises(self) -> list[dict[str, str]]:
        """What the shop promises: icon, title, text."""
        return [dict(block.value) for block in self.promise_blocks]

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Adds ``sections``, its blocks; on a page without any ``teasers``: the newest products to be had now."""
        context = super().get_context(request, *args, **kwargs)
        context["sections"] = sections_of(self.body, request)
        context["teasers"] = [] if context["sections"] else teasers()
        return context


class LandingPage(Translated):
    """A page of blocks: a season, a campaign, a brand. Prices and stock on it are read at each visit."""

    introduction = models.CharField(_("Introduction"), max_length=300, blank=True)
    body = StreamField(Sections(), blank=True, verbose_name=_("Blocks"))

    template = "storefront/landing_page.html"
    parent_page_types = ["pages.HomePage"]
    subpage_types: list[str] = []
    content_panels = [*Page.content_panels, FieldPanel("introduction"), FieldPanel("body")]

    class Meta:
        verbose_name = _("Landing page")
        verbose_name_plural = _("Landing pages")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Adds ``sections``."""
        context = super().get_context(request, *args, **kwargs)
        context["sections"] = sections_of(self.body, request)
        return context


class ContentPage(Translated):
    """A text to read; with a ``key`` it is one of the texts the law asks for."""

    key = models.CharField(_("Which legal text"), max_length=20, blank=True, choices=KEYS, db_index=True)
    introduction = models.CharField(_("Introduction"), max_length=300, blank=True)
    body = RichTextField(_("Text"), blank=True)

    template = "storefront/content_page.html"
    parent_page_types = ["pages.HomePage", "pages.ContentPage"]
    subpage_types = ["pages.ContentPage"]
    content_panels = [
        *Page.content_panels,
        FieldPanel("key"),
        FieldPanel("introduction"),
        FieldPanel("body"),
    ]

    class Meta:
        verbose_name = _("Text page")
        verbose_name_plural = _("Text pages")


def languages() -> list[tuple[str, str]]:
    """The languages of the shop; a new one changes no table."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


class GuaranteeNotice(models.Model):
    """The European Commission's own graphic of the notice on the legal guarantee, in one language.

    Annex I of Regulation (EU) 2025/1960: it may not be edited, so the shop shows the file as it was uploaded.
    """

    language = models.CharField(_("Language"), max_length=8, unique=True, choices=languages)
    picture = models.ForeignKey(
        "wagtailimages.Image",
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("Graphic"),
        help_text=_("In colour, as the Commission offers it in this language, neither cut nor changed."),
    )

    panels = [FieldPanel("language"), FieldPanel("picture")]

    class Meta:
        verbose_name = _("EU notice on the legal guarantee")
        verbose_name_plural = _("EU notices on the legal guarantee")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} ({self.language})"


class PictureTrouble(models.Model):
    """Sizes of a picture that are begun or could not be made; gone when they are there (pictures.py)."""

    image = models.OneToOneField("wagtailimages.Image", on_delete=models.CASCADE, related_name="+")
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="of what cannot be read; given up after some"
    )
    waits = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="failures of something else: not given up"
    )
    next_at = models.DateTimeField(null=True, blank=True, help_text="not begun before")
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("Picture whose sizes are missing")
        verbose_name_plural = _("Pictures whose sizes are missing")

    def __str__(self) -> str:
        return f"{self.image_id}: {self.trouble}"


class LegalVersion(models.Model):
    """A legal text as it was published: kept for ever, once per wording, so that each order can show its own."""

    sha256 = models.CharField(max_length=64, help_text="of the HTML")
    key = models.CharField(max_length=20)
    language = models.CharField(max_length=8)
    title = models.CharField(max_length=255)
    html = models.TextField(help_text="heading, introduction and text, as html_of() writes them")
    page_id = models.BigIntegerField(help_text="the page it was published on; a plain number: pages may go")
    kept_at = models.DateTimeField(_("Published"))

    class Meta:
        verbose_name = _("Version of a legal text")
        verbose_name_plural = _("Versions of legal texts")
        ordering = ["-kept_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["sha256", "key", "language"], name="pages_one_wording_once")
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.kept_at:%Y-%m-%d}"


def teasers() -> list[Any]:
    """Cards for the home page. Four queries."""
    from catalogue.cards import cards
    from catalogue.queries import newest

    return cards(newest(TEASERS))
