from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Whoever wants to know when a sold-out article is back."""

    name = "catalogue.alerts"
    label = "stock_alerts"
    default_auto_field = "django.db.models.BigAutoField"
