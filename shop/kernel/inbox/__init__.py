"""What others tell us (Stripe, carriers, the bank): stored first, handled later, each once."""

from .core import HANDLERS, drain, handle, handles, receive

__all__ = ["HANDLERS", "drain", "handle", "handles", "receive"]
