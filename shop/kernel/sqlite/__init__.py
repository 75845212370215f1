"""Django's own backend for SQLite, with tables that can be altered although triggers name them."""
