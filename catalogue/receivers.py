"""Seam of Oscar: its own receivers (image files go with their rows)."""

from oscar.apps.catalogue.receivers import *  # noqa: F403
