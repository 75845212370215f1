"""Fork of oscar.customer. Why: the user model is ours (e-mail as name, language, room for roles) and accounts come from
django-allauth; Oscar's login and register views are not used."""

from oscar.apps.customer import apps


class CustomerConfig(apps.CustomerConfig):
    name = "shop.customers"

    def ready(self) -> None:
        """Views and URLs are our own; Oscar's are not loaded. Sessions end and factors are noted by signals."""
        from . import second_factor, sessions  # noqa: F401
