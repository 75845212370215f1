"""What we offer. Oscar's product tree with what a German shop must say about each thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.abstract_models import (
    AbstractCategory,
    AbstractProduct,
    AbstractProductImage,
)

from .exclusions import CHOICES, exclusion_text


class Localised(models.Model):
    """Texts in further languages: ``texts = {"en": {"title": ...}}``; the columns hold the default language."""

    texts = models.JSONField(_("Texts in other languages"), default=dict, blank=True)

    class Meta:
        abstract = True

    def text(self, field: str, language: str | None = None) -> str:
        """The field in the reader's language, else in the default language."""
        chosen = (language or get_language() or "").split("-")[0]
        return str(self.texts.get(chosen, {}).get(field) or getattr(self, field) or "")


class Colour(Localised):
    """A colour as the shopper names it; ``hex`` is for the swatch."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    hex = models.CharField(max_length=7, default="#888888")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def name_local(self) -> str:
        """The name in the reader's language."""
        return self.text("name")


class Maker(models.Model):
    """Brand and manufacturer: who answers for the product's safety, Regulation (EU) 2023/988 Art. 19."""

    brand = models.CharField(max_length=80, unique=True)
    company = models.CharField(max_length=160)
    postal_address = models.TextField()
    electronic_address = models.CharField(max_length=200)
    eu_responsible = models.TextField(
        blank=True, help_text=_("Only where the manufacturer is outside the EU")
    )

    class Meta:
        ordering = ["brand"]

    def __str__(self) -> str:
        return self.brand


class SizedPicture(models.Model):
    """A picture whose sizes are made by a task. ``widths``: those that are made; none yet: the original is shown."""

    cut = False  #: whether its squares are cut out of the middle, instead of holding all of it

    widths = models.JSONField(default=list, blank=True, editable=False)
    made_at = models.DateTimeField(null=True, editable=False)
    #: what cannot be read: given up after some (picture_faults.py)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    #: failures of something else: not given up
    waits = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    next_at = models.DateTimeField(null=True, editable=False)  #: not begun before
    trouble = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        abstract = True


class Category(AbstractCategory, Localised):  # type: ignore[django-manager-missing]
    """A node of the range."""

    @property
    def name_local(self) -> str:
        """The name in the reader's language."""
        return self.text("name")

    @property
    def description_local(self) -> str:
        """The description in the reader's language."""
        return self.text("description")

    def get_absolute_url(self, *args: Any, **kwargs: Any) -> str:
        """The category's page; the slug is for people, the id decides."""
        return reverse("catalogue:category", kwargs={"slug": self.slug, "pk": self.pk})


class Product(AbstractProduct, Localised):  # type: ignore[django-manager-missing]
    """A product or variant. Variants (children) carry colour, size and stock; the parent texts and pictures."""

    VAT_CLASSES = [("standard", _("standard")), ("reduced", _("reduced")), ("zero", _("zero"))]
    CONTENT_UNITS = [("ml", "ml"), ("g", "g"), ("cm", "cm"), ("m2", "m²")]

    maker = models.ForeignKey(Maker, null=True, blank=True, on_delete=models.PROTECT, related_name="products")
    colour = models.ForeignKey(
        Colour, null=True, blank=True, on_delete=models.PROTECT, related_name="products"
    )
    size = models.CharField(_("Size"), max_length=20, blank=True)
    weight_g = models.PositiveIntegerField(_("Weight in grams"), default=0)
    vat_class = models.CharField(_("VAT class"), max_length=20, choices=VAT_CLASSES, default="standard")
    content_amount = models.PositiveIntegerField(
        _("Content"), null=True, blank=True, help_text=_("For the unit price, §§ 4, 5 PAngV")
    )
    content_unit = models.CharField(_("Unit of content"), max_length=3, blank=True, choices=CONTENT_UNITS)
    material = models.CharField(_("Material"), max_length=200, blank=True)
    warnings = models.TextField(_("Warnings"), blank=True)
    producer_guarantee_months = models.PositiveSmallIntegerField(
        _("Producer's guarantee in months"), default=0
    )
    withdrawal_exclusion = models.CharField(
        _("No right of withdrawal"),
        max_length=20,
        blank=True,
        choices=CHOICES,
        help_text=_(
            "§ 312g (2) BGB; the shop says it before the order. Empty: 14 days, as for nearly everything."
        ),
    )
    search_text = models.TextField(blank=True, editable=False, default="")
    review_count = models.PositiveIntegerField(
        default=0, editable=False, help_text="published reviews; ``rating`` is their average"
    )

    @property
    def own_or_parent(self) -> Product:
        """The product that holds texts and pictures: the parent of a variant, else itself."""
        return self.parent if self.is_child and self.parent else self

    @property
    def title_local(self) -> str:
        """Title in the reader's language; a variant adds colour and size."""
        base = self.own_or_parent.text("title")
        extra = [part for part in (self.colour.name_local if self.colour else "", self.size) if part]
        return f"{base}, {', '.join(extra)}" if self.is_child and extra else base

    @property
    def excluded_because(self) -> str:
        """Why it cannot be withdrawn from, in the reader's language; "" where it can. A variant's own word first."""
        return exclusion_text(self.withdrawal_exclusion or self.own_or_parent.withdrawal_exclusion)

    @property
    def description_local(self) -> str:
        """Description in the reader's language."""
        return self.own_or_parent.text("description")

    @property
    def material_local(self) -> str:
        """Material in the reader's language."""
        return self.own_or_parent.text("material")

    def get_absolute_url(self) -> str:
        """The page of the product (of the parent for a variant)."""
        shown = self.own_or_parent
        return reverse("catalogue:detail", kwargs={"slug": shown.slug, "pk": shown.pk})


class CategoryPicture(SizedPicture):
    """The picture of a category (``Category.image``) and its sizes, by its file: a category that gets another file has
    another row, however it got it (picture_files.py)."""

    cut = True  #: as a tile shows the original
    original = models.ImageField(max_length=255, unique=True, editable=False)

    def __str__(self) -> str:
        return self.original.name or ""


class ProductImage(SizedPicture, AbstractProductImage):
    """A picture, of one colour or of all."""

    colour = models.ForeignKey(Colour, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta(AbstractProductImage.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["tries"], condition=Q(made_at=None), name="catalogue_picture_to_make")
        ]


class BoughtTogether(models.Model):
    """How many orders of the last year held both products (parents of variants), one row per direction.

    Counted each night by ``checkout/order/together.py``, the most frequent of each product.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    orders = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "other"], name="catalogue_together_once"),
            models.CheckConstraint(condition=~Q(product=F("other")), name="catalogue_together_two"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} with {self.other_id}: {self.orders}"


from oscar.apps.catalogue.models import *  # noqa: E402, F403

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """For mypy alone: Oscar's remaining classes come by the star above, made at import time."""
