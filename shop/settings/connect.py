"""Pushes to other systems. Nothing set: public addresses only, and this machine while the shop itself lives on it.

CONNECT_ALLOW_PRIVATE=yes: also addresses of private networks, for a warehouse system in the same house."""

from .env import env

CONNECT_ALLOW_PRIVATE = env.bool("CONNECT_ALLOW_PRIVATE", default=False)
