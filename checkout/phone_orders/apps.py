"""Orders that a colleague takes on the phone: a basket of their own, kept until it is placed or dropped."""

from django.apps import AppConfig


class PhoneOrdersConfig(AppConfig):
    name = "checkout.phone_orders"
    label = "phone_orders"
    default_auto_field = "django.db.models.BigAutoField"
