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
from .pictures import try_again
from .queries import forget
from .sections import images_of
from .tasks import make_pictures as make_sizes

for signal in (post_save, post_delete, page_published, page_unpublished, page_slug_changed):
    signal.connect(forget, sender=ContentPage, dispatch_uid=f"legal links of {id(signal)}")
post_save.connect(forget, sender=MerchantProfile, dispatch_uid="merchant at the foot of pages")


def keep_version(instance: ContentPage, **_signal: Any) -> None:
    """Keep what was published just now."""
    keep(instance)


page_published.connect(keep_version, sender=ContentPage, dispatch_uid="versions of legal texts")
texts.register(of_an_order)


def make_pictures(instance: HomePage | LandingPage, **_signal: Any) -> None:
    """A page was published: a task makes the sizes of its pictures, so that no reader waits and no visit writes."""
    hero = getattr(instance, "hero_picture_id", None)
    _make_soon([*images_of(instance.body), *([hero] if hero else [])])


def make_anew(instance: AbstractImage, created: bool, **_signal: Any) -> None:
    """A picture was changed: its file, or where it is cut. The form deletes the sizes of a former file afterwards."""
    if not created:
        _make_soon([instance.pk])


def _make_soon(ids: list[int]) -> None:
    """Once all of it is written; what failed before has a new chance."""
    if ids:
        try_again(ids)
        transaction.on_commit(make_sizes.delay, robust=True)


post_save.connect(make_anew, sender=get_image_model(), dispatch_uid="picture of a written page")
post_save.connect(make_size, sender=GuaranteeNotice, dispatch_uid="size of the EU notice")
post_delete.connect(forget_graphics, sender=GuaranteeNotice, dispatch_uid="EU notice gone")
for page in (HomePage, LandingPage):
    page_published.connect(make_pictures, sender=page, dispatch_uid=f"pictures of {page.__name__}")
