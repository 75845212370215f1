"""What every act shares: who may, what it asks, what it would do, and doing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkout.order.models import Order
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.remedies.effects import Effects
from fulfilment.customer_service.remedies.models import WORDS_MAX, Reason

if TYPE_CHECKING:
    from fulfilment.customer_service.remedies.models import Remedy
    from shop.approvals.models import Approval


class Refused(ValueError):
    """It is not done as wished; the message says why, for people. Nothing was changed."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to do. ``data``: plain values from the act's form, which an approval can keep."""

    order: Order
    data: dict[str, Any]
    by: Any
    case: Case | None = None


@dataclass(frozen=True)
class Done:
    """What happened: words for staff, numbers of what was made, and the replacement order if there is one."""

    text: str
    facts: dict[str, Any] = field(default_factory=dict)
    made_order: Order | None = None


@dataclass(frozen=True)
class Way:
    """A page of its own that helps with an order: ``url`` gives its address, "" where it makes no sense now."""

    title: Any
    text: Any
    icon: str
    permission: str
    url: Callable[[Order], str]


class ActForm(forms.Form):
    """Reason and words; acts add what they need to know before them.

    ``gives_money``: money goes back by it, which a customer with an account may expressly want as store credit.
    """

    gives_money = False

    reason = forms.ChoiceField(label=_("Kind of reason"))
    words = forms.CharField(
        label=_("Why"),
        max_length=WORDS_MAX,
        help_text=_("Stands in the order's history; the customer does not see it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    decide = forms.BooleanField(label=_("The case is decided by it"), required=False)

    def __init__(self, *args: Any, order: Order, case: Case | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order, self.case = order, case
        reason: Any = self.fields["reason"]
        reason.choices = [(row.code, row.title) for row in Reason.objects.filter(is_active=True)]
        if self.gives_money and order.user_id is not None:
            self.fields["as_credit"] = forms.BooleanField(
                label=_("The customer expressly wants it as store credit"),
                help_text=_("Otherwise it goes back the way it was paid, as the law has it (§ 357 (3) BGB)."),
                required=False,
            )
        if case is None:
            del self.fields["decide"]
        else:
            self.fields["decide"].initial = True

    def plain(self) -> dict[str, Any]:
        """What was entered as values that JSON can hold."""
        return dict(self.cleaned_data)


class Act:
    """One thing that can be done. Subclasses are stateless; all of them read everything anew."""

    code: str
    title: Any
    text: Any  #: what it is good for, in one sentence
    icon: str
    permission: str = "remedies.use_remedies"
    limit_kind: str = ""  #: kind of approval above whose limit a second person decides; "": no limit
    danger: bool = False
    form: type[ActForm] = ActForm

    def refusal(self, order: Order) -> str:
        """Why it cannot be done with this order at all, in words; "" when it can."""
        return ""

    def effects(self, wish: Wish) -> Effects:
        """What it would do now. Raises Refused."""
        raise NotImplementedError

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Do it within the caller's transaction, which holds the order. Raises Refused."""
        raise NotImplementedError

    def has_limit(self, order: Order) -> bool:
        """Whether ``limit_kind`` matters for this order."""
        return bool(self.limit_kind)

    def asks_always(self, by: Any) -> bool:
        """Whether ``by`` needs a second person for it whatever it is worth."""
        return False

    def rests_on(self, wish: Wish) -> str:
        """What a decision about it rests on beside its amount, as text; an approved one is refused when it is something
        else by then. "": on nothing else."""
        return ""

    def prepare(self, wish: Wish) -> bool:
        """What must be done at a provider first, before the transaction; only once nothing else stands against it.
        Returns whether ``undo`` is needed when it is refused after that. Raises Refused."""
        return False

    def undo(self, wish: Wish) -> None:
        """It was prepared and then refused."""

    def asked(self, wish: Wish, approval: Approval) -> None:
        """A second person is asked, in the caller's transaction: what must not go on meanwhile."""

    def ended(self, approval: Approval, by: Any) -> None:
        """It was approved and done, declined or withdrawn, in the caller's transaction."""

    def remedy_of(self, case: Case) -> str:
        """The remedy (``cases.kinds``) that decides a case by it; "": it decides nothing."""
        return ""
