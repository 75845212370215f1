"""A page was written, published or taken back: the links at the foot are read anew, a published legal text is kept."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from wagtail.images import get_image_model
from wagtail.images.models import AbstractImage
from wagtail.signals import page_published, page_slug_changed, page_unpublished

from checkout.order import texts
from fulfilment.finance.invoicing.models import MerchantProfile

from .guarantee import forget as forget_graphics
from .guarantee import make_size
from .legal_texts import keep, of_an_order
from .models import ContentPage, GuaranteeNotice, HomePage, LandingPage
from .queries import forget
from .sections import make_hero, make_sizes

for signal in (post_save, post_delete, page_published, page_unpublished, page_slug_changed):
    signal.connect(forget, sender=ContentPage, dispatch_uid=f"legal links of {id(signal)}")
post_save.connect(forget, sender=MerchantProfile, dispatch_uid="merchant at the foot of pages")


def keep_version(instance: ContentPage, **_signal: Any) -> None:
    """Keep what was published just now."""
    keep(instance)


page_published.connect(keep_version, sender=ContentPage, dispatch_uid="versions of legal texts")
texts.register(of_an_order)


def make_pictures(instance: HomePage | LandingPage, **_signal: Any) -> None:
    """The sizes of the pictures of a published page, so that no reader waits for them and no visit writes."""
    make_sizes(instance.body)
    make_hero(getattr(instance, "hero_picture", None))


def make_hero_anew(instance: AbstractImage, created: bool, **_signal: Any) -> None:
    """The picture of the home page was changed (its file, where it is cut): no reader waits for the new size.

    At the end of the transaction: the form deletes the sizes of a former file after it has saved.
    """
    if not created and HomePage.objects.filter(hero_picture=instance).exists():
        transaction.on_commit(lambda: make_hero(instance))


post_save.connect(make_hero_anew, sender=get_image_model(), dispatch_uid="picture of the home page")
post_save.connect(make_size, sender=GuaranteeNotice, dispatch_uid="size of the EU notice")
post_delete.connect(forget_graphics, sender=GuaranteeNotice, dispatch_uid="EU notice gone")
for page in (HomePage, LandingPage):
    page_published.connect(make_pictures, sender=page, dispatch_uid=f"pictures of {page.__name__}")
