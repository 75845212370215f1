"""Seam of Oscar: its own receivers (image files go with their rows), and the remembered range is read anew."""

from django.db.models.signals import post_delete, post_save
from oscar.apps.catalogue.receivers import *  # noqa: F403

from . import picture_files, tree
from .models import Category, ProductImage

post_save.connect(tree.forget, sender=Category, dispatch_uid="tree of categories changed")
post_delete.connect(tree.forget, sender=Category, dispatch_uid="tree of categories shrank")


def _sizes_go_too(sender: object, instance: ProductImage, **_signal: object) -> None:
    picture_files.forget(instance)


post_delete.connect(_sizes_go_too, sender=ProductImage, dispatch_uid="sizes of a picture go with it")
