"""A stand-in for Stripe: a separate server on the loopback that behaves like Stripe for what the shop uses.

Standard library only; nothing here imports Django or the official `stripe` library. See README.md.
"""

API_VERSION = "2026-10-28.endive"
"""The version of Stripe's interface whose shapes we follow (that of the library `stripe` 16.1)."""
