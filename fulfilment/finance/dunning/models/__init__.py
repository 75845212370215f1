"""Tables of the room: policy and letters, what customers promise, what is given up, and who may buy on account."""

from .credit import CreditFormula, CustomerLimit
from .letters import (
    BaseRate,
    DunningClaim,
    DunningHold,
    DunningItem,
    DunningLevel,
    DunningNotice,
    DunningPolicy,
)
from .money import ClaimPayment, Recovery, WriteOff
from .waiting import Handover, PaymentPromise

__all__ = [
    "BaseRate", "ClaimPayment", "CreditFormula", "CustomerLimit", "DunningClaim", "DunningHold", "DunningItem",
    "DunningLevel", "DunningNotice", "DunningPolicy", "Handover", "PaymentPromise", "Recovery", "WriteOff",
]  # fmt: skip
