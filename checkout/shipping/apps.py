"""Fork of oscar.shipping. Why: home delivery by weight and country, and pick-up in the store, as data."""

from oscar.apps.shipping import apps


class ShippingConfig(apps.ShippingConfig):
    name = "checkout.shipping"
