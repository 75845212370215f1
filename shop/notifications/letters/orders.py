"""Letters on the life of an order, for orders read by ``order_for_fulfilment``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checkout.order import access
from checkout.order.models import Order, OrderLink
from checkout.payment.actions import credit_kept_minor, rest_minor
from fulfilment.finance.invoicing.letterhead import day, money
from shop.kernel.clock import now
from shop.notifications import facts, guarantee, legal
from shop.notifications.letter import Attachment, Block, Button, Facts, Letter, Links, Paragraph
from shop.pages.keys import link_with_key
from shop.ui.times import long_date

PICKUP = "pickup"  #: the carrier of goods that were handed over in the store (ParcelDispatched)


def signature() -> str:
    """How every letter ends."""
    return _("With kind regards\n%(shop)s") % {"shop": facts.shop_name()}


def link(order: Order) -> Button:
    """The way to the order without logging in."""
    return Button(_("View your order"), access.link(order, base=settings.SITE_URL))


def ways(order: Order) -> Links:
    """Where to say that something is wrong, and where the contract can be withdrawn from (§ 356a BGB: easy to find,
    without logging in). The addresses carry the order's token, so that its lines can be chosen there. Goods that were
    sent once more belong to the contract of the order they were sent for."""
    return Links(
        [
            (
                _("Something is wrong or missing? Tell us here"),
                link_with_key("help", order, base=settings.SITE_URL),
            ),
            (
                _("Changed your mind? Withdraw from the contract here"),
                link_with_key("withdrawal", order.replaces or order, base=settings.SITE_URL),
            ),
        ]
    )


def placed(order: Order, until: dt.date | None) -> Letter:
    """An order by prepayment has arrived: where to pay. Who ordered by phone has seen no page with our terms: they come
    with it."""
    rest = rest_minor(order)
    amount = money(rest, order.currency, order.language)
    bank, code = facts.bank(
        amount_minor=rest,
        currency=order.currency,
        reference=order.number,
        until=until,
        language=order.language,
    )
    blocks: list[Block] = [
        Paragraph(
            _(
                "Thank you for your order %(number)s. Please transfer %(amount)s to our account; we prepare your "
                "parcel as soon as the money has arrived."
            )
            % {"number": order.number, "amount": amount}
        ),
        *_by_credit(order),
    ]
    if until:
        blocks.append(
            Paragraph(_("We keep the goods for you until %(day)s.") % {"day": day(until, order.language)})
        )
    blocks += [
        *bank,
        facts.goods(order, order.lines.all(), order.language),
        link(order),
        _not_yet_concluded(),
    ]
    texts = _texts_by_phone(order, blocks)
    return Letter(
        subject=_("Your order %(number)s: please transfer %(amount)s")
        % {"number": order.number, "amount": amount},
        preheader=_("Our bank details, ready for your banking app."),
        heading=_("Thank you, your order has arrived"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
        attachments=[*code, *texts],
    )


def _by_credit(order: Order) -> list[Block]:
    """That store credit paid, and how much of the order."""
    paid = credit_kept_minor(order)
    if not paid:
        return []
    text = _("%(amount)s of it are paid with your store credit.")
    return [Paragraph(text % {"amount": money(paid, order.currency, order.language)})]


def _not_yet_concluded() -> Paragraph:
    return Paragraph(
        _(
            "This mail confirms that your order has reached us. The contract is concluded when we confirm it "
            "after your payment."
        ),
        small=True,
    )


def _texts_by_phone(order: Order, blocks: list[Block]) -> list[Attachment]:
    """Terms, notices of withdrawal and guarantee for an order by phone (§ 312f (2) BGB), which the letter then names;
    else nothing."""
    if order.taken_by_id is None:
        return []
    files = legal.attachments(order.language)
    rights, graphic = guarantee.notice(order)
    blocks += [ways(order), *rights, _about_texts(len(files))]
    return [*files, *graphic]


def pay_link(order: Order, until: dt.datetime | None) -> Letter:
    """An order taken by phone that is to be paid by card: the link, since nobody takes down a card number."""
    amount = money(rest_minor(order), order.currency, order.language)
    blocks: list[Block] = [
        Paragraph(
            _(
                "Thank you for your order %(number)s by phone. Please pay %(amount)s by card with the button below; we "
                "prepare your parcel as soon as you have paid. Another way to pay can be chosen there too."
            )
            % {"number": order.number, "amount": amount}
        ),
        Button(_("Look at the order and pay"), access.link(order, base=settings.SITE_URL)),
    ]
    if until:
        local = timezone.localtime(until)
        blocks.append(
            Paragraph(
                _("We keep the goods for you until %(day)s, %(time)s. Without a payment the order then ends.")
                % {"day": day(local.date(), order.language), "time": local.strftime("%H:%M")}
            )
        )
    blocks += [
        facts.goods(order, order.lines.all(), order.language),
        facts.addresses(order),
        _not_yet_concluded(),
    ]
    files = _texts_by_phone(order, blocks)
    return Letter(
        subject=_("Your order %(number)s: please pay %(amount)s")
        % {"number": order.number, "amount": amount},
        preheader=_("By card, with one link."),
        heading=_("Thank you, your order has arrived"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
        attachments=files,
    )


def confirmed(order: Order) -> Letter:
    """The contract: what was bought at which price, and the texts that belong to it. A replacement: that it comes."""
    if order.replaces_id is not None:
        return replacement(order)
    what_next = (
        _("We will write to you when everything is ready to be collected.")
        if order.shipping_address_id is None
        else _("We will write to you again when the parcel leaves our house.")
    )
    rows = [
        (_("Order number"), order.number),
        (_("Ordered on"), day(timezone.localtime(order.date_placed).date(), order.language)),
        (_("Ordered"), _("by phone") if order.taken_by_id else ""),
        (_("Payment"), facts.method_name(order.payment_method)),
        (_("Delivery"), order.shipping_method),
    ]
    files = legal.attachments(order.language)
    rights, graphic = guarantee.notice(order)
    blocks: list[Block] = [
        Paragraph(
            _("Thank you for your order. We confirm it with this mail, and are already getting it ready.")
            + " "
            + what_next
        ),
        Facts([(name, value) for name, value in rows if value]),
        facts.goods(order, order.lines.all(), order.language),
        *_by_credit(order),
        link(order),
        facts.addresses(order),
        *([_about_payment(order)] if order.payment_method == "invoice" else []),
        ways(order),
        *rights,
        _about_texts(len(files)),
    ]
    return Letter(
        subject=_("Your order %(number)s is confirmed") % {"number": order.number},
        preheader=ngettext("%(n)d article, %(total)s", "%(n)d articles, %(total)s", order_pieces(order))
        % {"n": order_pieces(order), "total": money(order.total_minor, order.currency, order.language)},
        heading=_("Your order is confirmed"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
        attachments=[*files, *graphic],
    )


def replacement(order: Order) -> Letter:
    """Goods are sent once more, free of charge: what comes, where to, and that nothing is to be paid."""
    first = order.replaces.number if order.replaces else ""
    if hasattr(order, "exchange"):
        return exchanged(order, first)
    opening = _(
        "We are sorry that not everything was right with your order %(number)s. We send you these goods once "
        "more, free of charge, and are already getting them ready. We will write to you again when the parcel "
        "leaves our house."
    )
    return Letter(
        subject=_("Your replacement for order %(number)s is being made ready") % {"number": first},
        preheader=_("Free of charge; we write again when the parcel leaves."),
        heading=_("Your replacement is being made ready"),
        greeting=facts.greeting(order),
        blocks=_free_goods(order, opening % {"number": first}, _("Number of the replacement")),
        closing=signature(),
    )


def exchanged(order: Order, first: str) -> Letter:
    """Another size is kept for what was sent: what is to be done for it, and until when."""
    day = long_date(order.exchange.returning.expected_by, order.language)  # type: ignore[attr-defined]
    opening = _(
        "We keep these goods for you in exchange for a part of your order %(number)s. Please send the old ones "
        "back: as soon as they are here and like new, the new ones leave. We wait until %(day)s; if nothing "
        "has arrived by then, the exchange is off and you keep what you have."
    )
    return Letter(
        subject=_("Your exchange for order %(number)s: we keep the new size for you") % {"number": first},
        preheader=_("Please send the old goods back."),
        heading=_("Your new size is kept for you"),
        greeting=facts.greeting(order),
        blocks=_free_goods(order, opening % {"number": first, "day": day}, _("Number of the exchange")),
        closing=signature(),
    )


def _free_goods(order: Order, opening: str, number_label: str) -> list[Block]:
    """What letters about goods without money say: which, under which number, where to, and that rights stay."""
    return [
        Paragraph(opening),
        facts.listed(order),
        Facts([(number_label, order.number), _to_pay(order)]),
        link(order),
        facts.addresses(order),
        Paragraph(_("Your rights stay as they were with the first delivery."), small=True),
        ways(order),
    ]


def _to_pay(order: Order) -> tuple[str, str]:
    if not order.is_dearer_exchange:
        return _("To pay"), _("nothing")
    return _("Difference, paid"), money(order.total_minor, order.currency, order.language)


def order_pieces(order: Order) -> int:
    """How many pieces were ordered."""
    return sum(line.quantity for line in order.lines.all())


def _about_payment(order: Order) -> Paragraph:
    return Paragraph(
        _(
            "You pay on account: the invoice comes by mail when the goods leave our house, with our bank details."
        )
    )


def _about_texts(files: int) -> Paragraph:
    both = _(
        "Attached are our terms and conditions and the information on your right of withdrawal. Please keep this mail: "
        "it holds everything your contract consists of."
    )
    one = _(
        "Attached is the information on your right of withdrawal. Please keep this mail: it holds everything your "
        "contract consists of."
    )
    return Paragraph(both if files > 1 else one, small=True)


def cancelled(order: Order, *, was_confirmed: bool) -> Letter:
    """The order will not come. Reasons that staff wrote down for themselves are not repeated here."""
    if was_confirmed:
        text = _(
            "Your order %(number)s was cancelled and will not be delivered. If you have already paid, the money goes "
            "back the way it came; we will write to you when it is on its way."
        )
    else:
        text = _(
            "We have cancelled your order %(number)s because the payment was not completed in time. Nothing will be "
            "delivered and you do not have to pay anything. If you would still like to have the goods, please order "
            "again. If your payment is already on its way, it is not lost: we will send it back or fulfil the order."
        )
    blocks: list[Block] = [
        Paragraph(text % {"number": order.number}),
        facts.listed(order),
        Button(_("To the shop"), settings.SITE_URL + reverse("home")),
    ]
    return Letter(
        subject=_("Your order %(number)s was cancelled") % {"number": order.number},
        preheader=_("What happens to your money and your goods."),
        heading=_("Your order was cancelled"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )


def dispatched(
    order: Order, *, quantities: Mapping[int, int], carrier: str, carrier_name: str, tracking_number: str
) -> Letter:
    """A parcel left, or was handed over in the store. ``quantities``: order line id -> pieces in it."""
    rest = sum(line.quantity_open for line in order.lines.all())
    handed_over = carrier == PICKUP
    number = {"number": order.number}
    blocks: list[Block] = []
    if handed_over:
        subject = _("Your order %(number)s: collected") % number
        heading, preheader = _("Enjoy your purchase"), _("What you have taken with you.")
        blocks.append(
            Paragraph(_("Thank you for your visit. You have taken these goods of your order with you."))
        )
    else:
        subject = _("Your order %(number)s is on its way") % number
        heading = _("Your parcel is on its way")
        preheader = (
            _("Tracking number %(tracking)s") % {"tracking": tracking_number}
            if tracking_number
            else _("It has just left our house.")
        )
        blocks.append(Paragraph(_("Your parcel has just left our house.")))
        rows = [
            (_("Carrier"), carrier_name),
            (_("Tracking number"), tracking_number),
            (_("Order number"), order.number),
        ]
        blocks.append(
            Facts([(name, value) for name, value in rows if value], strong=frozenset({_("Tracking number")}))
        )
    blocks.append(facts.dispatched_goods(order, quantities, handed_over=handed_over))
    if rest:
        blocks.append(
            Paragraph(
                ngettext(
                    "%(n)d more piece of your order follows; we will write to you then.",
                    "%(n)d more pieces of your order follow; we will write to you then.",
                    rest,
                )
                % {"n": rest}
            )
        )
    if not handed_over:
        blocks.append(facts.addresses(order))
    blocks += [link(order), ways(order)]
    return Letter(subject, preheader, heading, facts.greeting(order), blocks, signature())


def order_link(order: Order, asked: OrderLink) -> Letter:
    """The one-time link that somebody with order number and e-mail address has asked for."""
    url = settings.SITE_URL + reverse("orders:open", kwargs={"token": access.token(order, nonce=asked.nonce)})
    minutes = max(1, round((asked.expires_at - now()).total_seconds() / 60))
    blocks: list[Block] = [
        Paragraph(
            _("Here is the link to your order %(number)s that you have asked for.") % {"number": order.number}
        ),
        Button(_("View your order"), url),
        Paragraph(
            ngettext(
                "The link works once, within %(n)d minute. If you have not asked for it, you need not do anything.",
                "The link works once, within %(n)d minutes. If you have not asked for it, you need not do anything.",
                minutes,
            )
            % {"n": minutes},
            small=True,
        ),
    ]
    return Letter(
        subject=_("The link to your order %(number)s") % {"number": order.number},
        preheader=_("It works once."),
        heading=_("The link to your order"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )
