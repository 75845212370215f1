"""Merging two accounts of one person: what moves is a table, so that nothing is forgotten; all of it or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import BigIntegerField, CharField, Exists, F, IntegerField, OuterRef, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.payment.actions import set_credit
from checkout.payment.models import CustomerCredit
from checkout.store_credit.actions import move_along
from checkout.store_credit.queries import balance_minor
from fulfilment.finance.dunning.actions import override_limit, reckon_limit
from fulfilment.finance.dunning.actions.levels import level_of
from fulfilment.finance.dunning.models import CustomerLimit
from fulfilment.finance.invoicing.actions.push import push_credit
from fulfilment.finance.reconciliation.models import LearnedRule
from shop.audit.actions import note_change
from shop.customers.actions import NotChanged, version_of, write_note
from shop.customers.deletion import open_wish
from shop.customers.models import User
from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

from .customer_reads import account
from .duplicates import is_confirmed
from .wish_lists import join_wish_lists

#: What goes over to the account that stays: model, its field, what people call it.
MOVES: tuple[tuple[str, str, Any], ...] = (
    ("order.Order", "user", gettext_lazy("Orders")),
    ("phone_orders.PhoneOrder", "user", gettext_lazy("Orders by phone")),
    ("invoicing.Invoice", "user", gettext_lazy("Invoices and credit notes")),
    ("dunning.DunningNotice", "user", gettext_lazy("Payment reminders")),
    ("dunning.DunningHold", "user", gettext_lazy("Holds of reminding")),
    ("reports.CustomerStatement", "user", gettext_lazy("Statements of account")),
    ("cases.Case", "user", gettext_lazy("Cases")),
    ("notifications.OutgoingMail", "user", gettext_lazy("Mails")),
    ("customer.CustomerNote", "user", gettext_lazy("Notes")),
    ("voucher.VoucherApplication", "user", gettext_lazy("Vouchers used")),
    ("vouchers.PersonalVoucher", "user", gettext_lazy("Vouchers given")),
    ("address.UserAddress", "user", gettext_lazy("Addresses")),
    ("reviews.ProductReview", "user", gettext_lazy("Reviews")),
    ("reviews.Vote", "user", gettext_lazy("Votes on reviews")),
    ("wishlists.WishList", "owner", gettext_lazy("Wish lists")),
    ("customer.ProductAlert", "user", gettext_lazy("Alerts on articles")),
    ("stock_alerts.StockAlert", "user", gettext_lazy("Alerts on articles")),
)
#: What belongs to an account itself and stays with the closed one, with the reason.
STAYS: dict[str, str] = {
    "store_credit.CreditAccount.user": "its balance moves by movements of its own",
    "payment.CustomerCredit.user": "reckoned anew from what was moved",
    "dunning.CustomerLimit.user": "reckoned anew from what was moved; the stricter one of staff is written anew",
    "dunning.HistoricalCustomerLimit.user": "history of the limit of that account",
    "customer.AccountDeletion.user": "one that waits keeps accounts from being merged; the others are done",
    "basket.Basket.owner": "wishes of a login that is closed",
    "payment.Bankcard.user": "unused",
    "account.EmailAddress.user": "opens the closed account and nothing else",
    "customer.PersonSession.user": "ends when the account is closed",
    "mfa.Authenticator.user": "opens the closed account and nothing else",
    "customer.User_groups.user": "customers have no roles",
    "customer.User_user_permissions.user": "customers have no roles",
    "partner.Partner_users.user": "customers are no partners",
    "order.OrderNote.user": "who wrote it",
    "cases.Writing.user": "who writes right now",
    "analytics.UserRecord.user": "counters of a login",
    "analytics.UserProductView.user": "counters of a login",
    "analytics.UserSearch.user": "counters of a login",
    "communication.Email.user": "unused",
    "communication.Notification.recipient": "unused",
    "wagtailusers.UserProfile.user": "staff only",
    "wagtailadmin.EditingSession.user": "staff only",
    "wagtailadmin.FormState.user": "staff only",
    "wagtailcore.APIToken.user": "staff only",
    "wagtailcore.ModelLogEntry.user": "staff only",
    "wagtailcore.Revision.user": "staff only",
    "wagtailcore.Page.owner": "staff only",
    "wagtailcore.PageLogEntry.user": "staff only",
    "wagtailcore.Comment.user": "staff only",
    "wagtailcore.CommentReply.user": "staff only",
    "wagtailcore.PageSubscription.user": "staff only",
}
#: What people call a row by; the others go by their id.
NUMBERED = dict.fromkeys(("order.Order", "invoicing.Invoice", "cases.Case"), "number")
#: Of which the account that stays may have the same already: field -> what is the same.
SAME = {"address.UserAddress": "hash", "reviews.ProductReview": "product_id", "reviews.Vote": "review_id"}


@dataclass(frozen=True)
class Preview:
    """What merging would do. ``moves``: (what, how many); ``seen`` names this state."""

    kept: User
    gone: User
    moves: list[tuple[Any, int]]
    open_minor: int
    seen: str
    confirmed: frozenset[int]
    store_credit_minor: int = 0  #: goes over too

    @property
    def both_sign_in(self) -> bool:
        """Whether somebody may sign in to either."""
        return _opens(self.kept) and _opens(self.gone)

    @property
    def needs_word(self) -> bool:
        """Whether the customer has to have said that both are theirs: whoever opens the account that stays will read
        what moves, and whoever opens both loses one."""
        return bool(self.moves) or self.both_sign_in

    @property
    def is_open_to_strangers(self) -> bool:
        """Whether what moves would be read by somebody who never showed that the address of the account is theirs.

        Anybody may sign up with a name, phone and address that are another person's; only the mail cannot be typed.
        """
        return bool(self.moves) and _opens(self.kept) and self.kept.pk not in self.confirmed


def _opens(person: User) -> bool:
    return person.is_active and person.has_usable_password()


def preview(*, kept: User, gone: User) -> Preview:
    """Count what would move. One query per row of ``MOVES``, two for money and one for the addresses."""
    moves = []
    for label, field, title in MOVES:
        many = _rows(label, field, gone, kept).count()
        if many:
            moves.append((title, many))
    credit, store_minor = CustomerCredit.objects.filter(user=gone).first(), balance_minor(gone)
    state = "|".join(
        [str(store_minor), version_of(kept), version_of(gone), *(f"{title}{many}" for title, many in moves)]
    )
    return Preview(
        kept,
        gone,
        moves,
        credit.open_items_minor if credit else 0,
        hashlib.sha256(state.encode()).hexdigest()[:16],
        frozenset(
            User.objects.filter(is_confirmed(), pk__in=[kept.pk, gone.pk]).values_list("pk", flat=True)
        ),
        store_minor,
    )


def _rows(label: str, field: str, gone: User, kept: User) -> Any:
    """Rows of ``gone`` that ``kept`` does not have already."""
    model = apps.get_model(label)
    rows = model._base_manager.filter(**{field: gone})
    if label in SAME:
        theirs = model._base_manager.filter(**{field: kept}).values(SAME[label])
        rows = rows.exclude(**{f"{SAME[label]}__in": list(theirs.values_list(SAME[label], flat=True))})
    return rows


def merge(*, kept: User, gone: User, seen: str, why: str, confirmed: bool, by: Any) -> dict[str, int]:
    """Move everything of ``gone`` to ``kept``; ``gone`` is closed for good and points to ``kept``. Returns what moved.

    ``seen``: of the preview; ``confirmed``: the customer said that both accounts are theirs, needed as soon as
    anything moves. Nothing moves to an account that is closed, or is signed in to with an address nobody has shown to
    be theirs.
    Raises NotChanged in words; then nothing was changed. There is no way back.
    """
    reason = clean_line(why)[:300]
    if not reason:
        raise NotChanged(_("Please say why."))
    if kept.pk == gone.pk:
        raise NotChanged(_("This is one account, not two."))

    def work() -> dict[str, int]:
        # Held in the order of their ids: two clerks who merge the same two the other way round queue here.
        rows = {row.pk: row for row in _held(kept.pk, gone.pk)}
        if len(rows) != 2:
            raise NotChanged(_("One of the accounts is merged already, or is not a customer's."))
        now = preview(kept=rows[kept.pk], gone=rows[gone.pk])
        if now.seen != seen:
            raise NotChanged(
                _("Meanwhile something changed at one of the accounts. Please look at it again.")
            )
        _ask(now, confirmed)
        moved = _move(now.gone, now.kept)
        _move_credit(now.gone, now.kept, moved, by)
        _join_credit(now.gone, now.kept)
        _join_limit(now.gone, now.kept, by)
        closed = {"is_active": False, "merged_into": now.kept, "closed_reason": reason}
        if not User.objects.filter(pk=gone.pk, merged_into=None).update(**closed):
            raise NotChanged(_("One of the accounts is merged already, or is not a customer's."))
        User.objects.filter(merged_into=gone).update(merged_into=now.kept)
        learned: dict[str, tuple[Any, Any]] = {}
        if not now.kept.phone and now.gone.phone:
            User.objects.filter(pk=kept.pk).update(phone=now.gone.phone)
            learned["phone"] = ("", now.gone.phone)
        _write_down(now, moved, learned, reason, by)
        return moved

    return retrying(work)


def _ask(now: Preview, confirmed: bool) -> None:
    """NotChanged unless it is sure enough that both are one person's, and the person can use the one that stays."""
    if not now.kept.is_active:
        raise NotChanged(
            _(
                "The account that stays is closed: the customer could not open what moves. Please open it first, or "
                "merge the other way round."
            )
        )
    for person in (now.gone, now.kept):
        if open_wish(person) is not None:
            raise NotChanged(
                _(
                    "The customer wants the account %(email)s deleted, and that is not done yet. Please ask whether it "
                    "is to stay; the customer can take the wish back in the account, then both can be merged."
                )
                % {"email": person.email}
            )
    if now.is_open_to_strangers:
        raise NotChanged(
            _(
                "The address of the account that stays is not confirmed: nobody has shown that it is theirs. Please "
                "ask the customer to confirm it in the account first, or merge the other way round."
            )
        )
    if now.needs_word and not confirmed:
        raise NotChanged(_("Please ask the customer first whether both accounts are theirs."))


def _held(*ids: int) -> list[User]:
    _hold(*ids)
    rows = User.objects.filter(pk__in=ids, is_staff=False, merged_into=None).order_by("pk")
    return list(rows.select_for_update())


def _hold(*ids: int) -> None:
    for row_id in sorted(ids):  # an update holds the row on SQLite too
        User.objects.filter(pk=row_id).update(date_joined=F("date_joined"))


def _move(gone: User, kept: User) -> dict[str, int]:
    moved = join_wish_lists(gone, kept)
    for label, field, _title in MOVES:
        many = _rows(label, field, gone, kept).update(**{field: kept})
        if many:
            moved[f"{label}.{field}"] = many
    if "address.UserAddress.user" in moved:  # the usual addresses are those of the account that stays
        model = apps.get_model("address.UserAddress")
        ids = model.objects.filter(user=kept).order_by("pk").values_list("pk", flat=True)
        for flag in ("is_default_for_shipping", "is_default_for_billing"):
            first = model.objects.filter(user=kept, **{flag: True}).order_by("pk").first()
            if first is not None:
                model.objects.filter(pk__in=list(ids), **{flag: True}).exclude(pk=first.pk).update(
                    **{flag: False}
                )
    known = LearnedRule.objects.filter(customer=f"user:{kept.pk}").values_list("iban", flat=True)
    rules = LearnedRule.objects.filter(customer=f"user:{gone.pk}", kind=LearnedRule.PAYER)
    for rule in rules.exclude(iban__in=list(known)):  # few; one by one, so that their history knows it
        rule.customer, rule.customer_name = f"user:{kept.pk}", kept.name[:140]
        rule.save(update_fields=["customer", "customer_name"])
    return moved


def _move_credit(gone: User, kept: User, moved: dict[str, int], by: Any) -> None:
    """Store credit goes over by movements of its own; it counts as one more row of what moved."""
    if move_along(from_user_id=gone.pk, to_user_id=kept.pk, by=by):
        moved["store_credit.CreditAccount.user"] = 1


def _join_credit(gone: User, kept: User) -> None:
    """A block of either is a block of both. A release was given to one account and ends with it: the stricter wins."""
    theirs = CustomerCredit.objects.filter(user=gone, blocked=True).first()
    if theirs is not None:
        mine, _made = CustomerCredit.objects.get_or_create(user=kept)
        if not mine.blocked:
            mine.blocked, mine.block_reason = True, theirs.block_reason
            mine.save(update_fields=["blocked", "block_reason"])
    _reckon_credit(gone, kept)


def _join_limit(gone: User, kept: User, by: Any) -> None:
    """A limit that staff set for the closed account goes on, with its reason, where it is the stricter one."""
    reckon_limit(user_id=kept.pk)
    theirs = CustomerLimit.objects.filter(user=gone).exclude(override_minor=None).first()
    if theirs is None or theirs.override_minor is None:
        return
    mine = account(kept.pk)
    credit = getattr(mine, "credit", None)
    limit = credit.limit_minor if credit and credit.limit_minor is not None else mine.general_limit
    if limit is None or theirs.override_minor < limit:
        why = _("%(why)s (limit of the merged account no. %(number)s)") % {
            "why": theirs.override_why[:200],
            "number": gone.pk,
        }
        override_limit(user_id=kept.pk, limit_minor=theirs.override_minor, why=why, by=by)


def _reckon_credit(gone: User, kept: User) -> None:
    """Open items, paid orders and level of reminding of both, from what is theirs now."""
    for person in (kept, gone):
        push_credit(user_id=person.pk)
        set_credit(user_id=person.pk, dunning_level=level_of(person.pk))


def _write_down(
    now: Preview, moved: dict[str, int], learned: dict[str, tuple[Any, Any]], why: str, by: Any
) -> None:
    """The note, and a line in the history of each; ``learned``: fields of the account that stays, old and new."""
    text = _("The account %(email)s (no. %(number)s) was merged into this one: %(why)s") % {
        "email": now.gone.email,
        "number": now.gone.pk,
        "why": why,
    }
    write_note(user=now.kept, text=text, by=by, merged=now.gone.pk, moved=moved)
    for person, other, more in ((now.gone, now.kept, {}), (now.kept, now.gone, learned)):
        note_change(
            kind_name="customer",
            key=str(person.pk),
            changed={"merged": ("", other.email), **more},
            by=by,
            why=why,
            person=(person.pk, person.email),
        )


def strays(gone: int | None = None) -> list[tuple[str, str, int, int]]:
    """What came to a merged account (``gone``: its id; None: to any) in the very moment of merging, of every kind that
    moves: its title, its number, the account, and the one it was merged into. One query."""
    kinds = [_strays(place, gone) for place in range(len(MOVES))]
    found = kinds[0].union(*kinds[1:], all=True)
    return [(str(MOVES[place][2]), number, pk, into) for place, number, pk, into in found]


def _strays(place: int, gone: int | None) -> Any:
    label, field, _title = MOVES[place]
    model = apps.get_model(label)
    rows = model._base_manager.filter(**{f"{field}__merged_into__isnull": False})
    if gone is not None:
        rows = rows.filter(**{field: gone})
    if label in SAME:  # what the account that stays has already stays behind
        same = {field: OuterRef(f"{field}__merged_into"), SAME[label]: OuterRef(SAME[label])}
        rows = rows.exclude(Exists(model._base_manager.filter(**same)))
    return rows.order_by().values_list(
        Value(place, IntegerField()),
        Cast(NUMBERED.get(label, "pk"), CharField()),
        Cast(f"{field}_id", BigIntegerField()),
        Cast(f"{field}__merged_into_id", BigIntegerField()),
    )


def bring_along(*, gone: User, by: Any) -> dict[str, int]:
    """What came to a merged account in the moment it was merged follows the rest. Returns what moved.

    Block and release are not joined again: what accounting decided since counts. Raises NotChanged in words, also when
    there is nothing to follow.
    """

    def work() -> dict[str, int]:
        last = User.objects.filter(pk=gone.pk).values_list("merged_into_id", flat=True).first()
        if last is None:
            raise NotChanged(_("This account was not merged into another one."))
        _hold(gone.pk, last)
        row = User.objects.select_related("merged_into").filter(pk=gone.pk, merged_into_id=last).first()
        if row is None or row.merged_into is None:
            raise NotChanged(
                _("Meanwhile something changed at one of the accounts. Please look at it again.")
            )
        moved = _move(row, row.merged_into)
        _move_credit(row, row.merged_into, moved, by)
        if not moved:
            raise NotChanged(_("There is nothing left that would have to follow."))
        _reckon_credit(row, row.merged_into)
        reckon_limit(user_id=last)
        _write_down_later(row, row.merged_into, moved, by)
        return moved

    return retrying(work)


def _write_down_later(gone: User, kept: User, moved: dict[str, int], by: Any) -> None:
    text = _("What had come to the merged account %(email)s (no. %(number)s) followed.") % {
        "email": gone.email,
        "number": gone.pk,
    }
    write_note(user=kept, text=text, by=by, followed=gone.pk, moved=moved)
    for person, other in ((gone, kept), (kept, gone)):
        note_change(
            kind_name="customer",
            key=str(person.pk),
            changed={"followed": ("", other.email)},
            by=by,
            person=(person.pk, person.email),
        )
