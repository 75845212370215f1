"""Guards as data live in the kernel; migrations of finance know them by this name."""

from shop.kernel.guards import Guard, function_postgresql, install, missing, refuse_sqlite, tables

__all__ = ["Guard", "function_postgresql", "install", "missing", "refuse_sqlite", "tables"]
