"""Kontor: the house around the shop. The Celery app is loaded with it so that shared tasks find their queue."""

from .celery import app as celery_app

__all__ = ["celery_app"]
