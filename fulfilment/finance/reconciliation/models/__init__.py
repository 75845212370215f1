"""Money that came to the bank account and money that left it, and what somebody said it was for."""

from .money import UNEXPLAINED, Assignment, BankMoney, Disbursement, PayBack, Receipt
from .questions import PayerQuestion
from .rules import Intake, LearnedRule, MatchPolicy

__all__ = [
    "UNEXPLAINED", "Assignment", "BankMoney", "Disbursement", "Intake", "LearnedRule", "MatchPolicy", "PayBack",
    "PayerQuestion", "Receipt",
]  # fmt: skip
