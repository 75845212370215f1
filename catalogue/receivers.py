"""Seam of Oscar: its own receivers (image files go with their rows), and the remembered range is read anew."""

from django.db.models.signals import post_delete, post_save
from oscar.apps.catalogue.receivers import *  # noqa: F403

from . import tree
from .models import Category

post_save.connect(tree.forget, sender=Category, dispatch_uid="tree of categories changed")
post_delete.connect(tree.forget, sender=Category, dispatch_uid="tree of categories shrank")
