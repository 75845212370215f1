"""Addresses behind the payment link of a letter."""

from .public import app_name, urlpatterns

__all__ = ["app_name", "urlpatterns"]
