"""Figures for who runs the shop, reckoned by the clock (shop/figures.py)."""

from celery import shared_task

from shop import figures


@shared_task(name="dashboard.count", ignore_result=True)
def count() -> None:
    """Count orders, payments, refunds and what was given up. Runs every minute."""
    figures.take("counts")


@shared_task(name="dashboard.add_up_stock", ignore_result=True)
def add_up_stock() -> None:
    """Recompute all stock from its movements. Runs every ten minutes."""
    figures.take("stock")
