"""Invariants of stock, for ``manage.py verify``."""

from .queries import stock_differences

CHECKS = [("stock = sum of movements, in bins and in total", stock_differences)]
