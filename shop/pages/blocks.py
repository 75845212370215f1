"""The pieces an editor builds a page from: products, a range, text, pictures, a teaser."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.blocks import (
    CharBlock,
    ChoiceBlock,
    ListBlock,
    PageChooserBlock,
    RichTextBlock,
    StreamBlock,
    StructBlock,
    TextBlock,
)
from wagtail.images.blocks import ImageChooserBlock

PRODUCTS_MAX = 12  #: in one block
PICTURES_MAX = 6
BLOCKS_MAX = 30  #: on one page: more is a catalogue, and that the shop has
NEWEST, REDUCED = "newest", "reduced"
FEATURES = ["h3", "bold", "italic", "link", "ol", "ul"]


class ProductChoosers(ChooserViewSet):
    """Choosing a product with a page of its own: what is hidden or a variant is not offered."""

    model = "catalogue.Product"
    icon = "tag"
    choose_one_text = _("Choose a product")
    choose_another_text = _("Choose another product")
    register_widget = False

    def get_object_list(self) -> Any:
        """Public products, the newest first."""
        from catalogue.models import Product

        return Product.objects.filter(parent=None, is_public=True).order_by("-pk")


class CategoryChoosers(ChooserViewSet):
    """Choosing a category."""

    model = "catalogue.Category"
    icon = "list-ul"
    choose_one_text = _("Choose a category")
    choose_another_text = _("Choose another category")
    register_widget = False

    def get_object_list(self) -> Any:
        """In the order of the tree."""
        from catalogue.models import Category

        return Category.objects.filter(is_public=True).order_by("path")


product_choosers = ProductChoosers("product_chooser")
category_choosers = CategoryChoosers("category_chooser")
ProductBlock = product_choosers.get_block_class(name="ProductBlock", module_path="shop.pages.blocks")
CategoryBlock = category_choosers.get_block_class(name="CategoryBlock", module_path="shop.pages.blocks")


class Products(StructBlock):
    """Chosen products with their prices of the moment."""

    title = CharBlock(label=_("Headline"), max_length=80, required=False)
    products = ListBlock(ProductBlock(), label=_("Products"), min_num=1, max_num=PRODUCTS_MAX)

    class Meta:
        icon = "tag"
        label = _("Products")


class Range(StructBlock):
    """Products that the shop chooses: the newest or the reduced ones, of a category or of all."""

    title = CharBlock(label=_("Headline"), max_length=80, required=False)
    category = CategoryBlock(label=_("Category"), required=False, help_text=_("Empty: the whole range"))
    order = ChoiceBlock(
        label=_("Which"), choices=[(NEWEST, _("The newest")), (REDUCED, _("Reduced ones"))], default=NEWEST
    )
    number = ChoiceBlock(label=_("How many"), choices=[("4", "4"), ("8", "8"), ("12", "12")], default="4")

    class Meta:
        icon = "list-ul"
        label = _("From the range")


class Text(StructBlock):
    """Something to read."""

    title = CharBlock(label=_("Headline"), max_length=80, required=False)
    body = RichTextBlock(label=_("Text"), features=FEATURES)

    class Meta:
        icon = "pilcrow"
        label = _("Text")


class OnePicture(StructBlock):
    """A picture and what it shows."""

    picture = ImageChooserBlock(label=_("Picture"))
    alt = CharBlock(
        label=_("What the picture shows"),
        max_length=200,
        required=False,
        help_text=_("For people who do not see it; empty for decoration"),
    )
    caption = CharBlock(label=_("Caption"), max_length=160, required=False)

    class Meta:
        icon = "image"
        label = _("Picture")


class Pictures(StructBlock):
    """One picture, or several side by side."""

    title = CharBlock(label=_("Headline"), max_length=80, required=False)
    pictures = ListBlock(OnePicture(), label=_("Pictures"), min_num=1, max_num=PICTURES_MAX)

    class Meta:
        icon = "image"
        label = _("Pictures")


class Teaser(StructBlock):
    """A picture with words that leads somewhere; to a product with its price of the moment."""

    title = CharBlock(label=_("Headline"), max_length=80)
    text = TextBlock(label=_("Text"), max_length=300, required=False, rows=3)
    picture = ImageChooserBlock(label=_("Picture"), required=False, help_text=_("Empty: that of the product"))
    alt = CharBlock(label=_("What the picture shows"), max_length=200, required=False)
    product = ProductBlock(label=_("Leads to the product"), required=False)
    category = CategoryBlock(label=_("or to the category"), required=False)
    page = PageChooserBlock(label=_("or to the page"), required=False)
    label = CharBlock(label=_("Words of the link"), max_length=40, required=False)

    class Meta:
        icon = "pick"
        label = _("Teaser")


class Sections(StreamBlock):
    """All of them, in any order."""

    products = Products()
    range = Range()
    text = Text()
    pictures = Pictures()
    teaser = Teaser()

    class Meta:
        max_num = BLOCKS_MAX
        required = False
