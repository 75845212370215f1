"""What the room tells."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class VoucherGiven:
    """A customer was given a voucher: they get its code by mail."""

    voucher_id: int  #: of ``checkout.vouchers.PersonalVoucher``
    order_id: int
    number: str
