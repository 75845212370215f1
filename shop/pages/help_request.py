"""A request while it is written: what each step said, carried from page to page in the form itself.

Nothing is kept between the steps (pictures excepted, see ``drafts``): it works without JavaScript, survives an expired
session, and going back loses nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property

from checkout.order.models import Order
from fulfilment.customer_service.cases import drafts, kinds
from fulfilment.warehouse.dispatch.queries import delivered_on
from shop.kernel import clock

from .help_form import NUMBER_MAX, GoodsForm, WhatForm
from .withdrawal import line_asked, order_asked, order_named_here
from .withdrawal_form import LINE

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,48}")
WITH_PICTURES = ("what", "back-goods")  #: steps whose files are drawn; drawing costs, so no other one does
WHAT = ("body", "wish", "name", "email")  #: fields of the third step that the others carry


@dataclass
class Request:
    """What was said so far: ``data`` as it was sent, ``order`` when this visitor may see the one it names."""

    data: QueryDict
    files: Any
    order: Order | None
    reason: str
    token: str
    kept: list[str] = field(default_factory=list)

    @classmethod
    def sent(cls, request: HttpRequest) -> Request:
        """Read it from a form that was sent."""
        data: QueryDict = request.POST
        order = order_asked(request, data.get("order", "")) or order_named_here(
            request, data.get("number", "")
        )
        if order is None and data.get("order"):  # the session ended: the number is typed from now on
            data = data.copy()
            data["number"] = str(data["order"])[:NUMBER_MAX]
        token = data.get("token", "")
        return cls(
            data=data,
            files=request.FILES if data.get("step") in WITH_PICTURES else {},
            order=order,
            reason=data.get("reason", ""),
            token=token if TOKEN.fullmatch(token) else secrets.token_urlsafe(24),
            kept=drafts.valid(data.getlist("kept")),
        )

    @cached_property
    def sorted(self) -> kinds.Sorted:
        """Its kind by law, with its clock. Three queries where the order is known."""
        if self.is_goodwill and self.order is None:  # the order was late; only the session ended
            return kinds.Sorted(kinds.KINDS[kinds.GOODWILL])
        delivered = delivered_on(self.order.pk) if self.order else None
        return kinds.sort_case(self.reason, delivered_on=delivered, today=clock.today())

    @property
    def is_goodwill(self) -> bool:
        """Whether who changed their mind was told that the 14 days are over, and asks all the same."""
        return self.reason == kinds.CHANGED_MIND and self.data.get("goodwill") == "1"

    @cached_property
    def goods(self) -> GoodsForm:
        """The form of the second step, as sent."""
        return GoodsForm(self.data, order=self.order)

    @cached_property
    def what(self) -> WhatForm:
        """The form of the third step, as sent."""
        return WhatForm(self.data, self.files, **self.of_kind())

    def of_kind(self) -> dict[str, Any]:
        """What the third step needs to know of the kind."""
        return {"remedies": self.sorted.kind.remedies, "asks": self.reason == kinds.ASKS}

    def goods_again(self) -> GoodsForm:
        """The second step with what was typed, without complaints."""
        return GoodsForm(initial=self.data.dict(), order=self.order)

    def what_again(self) -> WhatForm:
        """The third step with what was typed, without complaints."""
        return WhatForm(initial=self.data.dict(), **self.of_kind())

    def carried(self, *, goods: bool = False, what: bool = False) -> list[tuple[str, str]]:
        """Hidden fields: always the reason, the form's token, whether it is goodwill; what other steps said."""
        pairs = [("reason", self.reason), ("token", self.token)]
        if self.is_goodwill:
            pairs.append(("goodwill", "1"))
        if goods:
            pairs.append(("order", self.order.number if self.order else ""))
            pairs += [
                (name, value)
                for name, value in self.data.items()
                if name == "number" or name.startswith(LINE)
            ]
        elif self.order:
            pairs.append(("order", self.order.number))
        if what:
            pairs += [(name, self.data[name]) for name in WHAT if name in self.data]
            pairs += [("kept", token) for token in self.kept]
        return pairs

    def key(self) -> str:
        """One form, one case: the same form with other words is another one. Pictures do not count: their tokens
        are signed with the time."""
        said = [f"{name}={value}" for name, value in self.carried(goods=True, what=True) if name != "kept"]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:48]


def begun(*, reason: str, order: Order | None, line: str, person: Any) -> Request:
    """A request that begins with a link, with what we know already: who asks, and which line is meant."""
    data = QueryDict(mutable=True)
    if order is not None:
        billing = order.billing_address
        data.update({"email": order.email or "", "name": billing.name if billing else ""})
    elif person.is_authenticated:
        data.update({"name": person.get_full_name(), "email": person.email})
    data.update({name: str(value) for name, value in line_asked(order, line).items()})
    return Request(data=data, files={}, order=order, reason=reason, token=secrets.token_urlsafe(24))
