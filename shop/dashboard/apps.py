"""Fork of oscar.dashboard. Why: shell, navigation, roles and start pages are ours; a forked sub-dashboard is silently
ignored unless the dashboard itself is forked."""

from oscar.apps.dashboard import apps


class DashboardConfig(apps.DashboardConfig):
    name = "shop.dashboard"

    def ready(self) -> None:
        """Roles become groups after every migrate, the access log learns whose things are; Oscar's views stay away."""
        from . import audit_kinds, receivers, service_acts  # noqa: F401

        audit_kinds.register_all()
        service_acts.register_all()
