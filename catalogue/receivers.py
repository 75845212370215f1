"""Seam of Oscar: its own receivers (image files go with their rows), and what is remembered is read anew: the tree of
categories, the campaigns."""

from django.db.models.signals import post_delete, post_save
from oscar.apps.catalogue.receivers import *  # noqa: F403
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer

from shop.kernel.sharing import RULES, when_changed

from . import actions, campaigns, picture_files, tree
from .models import Category, ProductImage

post_save.connect(tree.forget, sender=Category, dispatch_uid="tree of categories changed")
post_delete.connect(tree.forget, sender=Category, dispatch_uid="tree of categories shrank")


def _its_picture_may_be_new(sender: object, instance: Category, raw: bool = False, **_signal: object) -> None:
    if not raw and not picture_files.is_followed(instance):
        actions.ask_for_sizes()


post_save.connect(_its_picture_may_be_new, sender=Category, dispatch_uid="picture of a category is new")


def _sizes_go_too(sender: object, instance: ProductImage, **_signal: object) -> None:
    picture_files.forget(instance)


post_delete.connect(_sizes_go_too, sender=ProductImage, dispatch_uid="sizes of a picture go with it")

for changed in (ConditionalOffer, Benefit, Condition):
    for signal in (post_save, post_delete):
        signal.connect(
            campaigns.forget, sender=changed, dispatch_uid=f"campaigns {changed.__name__} {id(signal)}"
        )
when_changed(campaigns.forget, RULES)
