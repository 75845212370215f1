"""The addresses of every page that ``whole_day`` gives something to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.dispatch.models import Carton, Manifest, Parcel
from fulfilment.warehouse.picking.models import Batch, PickList
from fulfilment.warehouse.recalls.models import Recall
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.shortages.access import token
from fulfilment.warehouse.shortages.models import ShortageQuestion
from fulfilment.warehouse.stock.models import Bin, Zone
from fulfilment.warehouse.transfers.models import Transfer
from tests.browser.whole_day import BOOT, CREAM, SCANNER, SHOE, Day

#: Pages that need nothing to be chosen.
PLAIN = [
    "board",
    "plan",
    "cut-offs",
    "pick-lists",
    "phone",
    "batches",
    "packing",
    "pack-find",
    "parcels",
    "labels",
    "leaving",
    "manifests",
    "tracking",
    "cartons",
    "carton-new",
    "counts",
    "count-ask",
    "count-rules",
    "transfers",
    "transfer-new",
    "shortages",
    "shortage-policy",
    "returns",
    "dock",
    "recalls",
    "recall-trace",
    "routing-rules",
    "sites",
    "new-site",
    "zones",
    "bins",
    "new-bin",
    "many-bins",
    "bin-labels",
    "stock",
    "receive",
    "move",
]
#: Lists, looked at with a search that finds nothing.
LISTS = [
    "cut-offs",
    "pick-lists",
    "batches",
    "packing",
    "parcels",
    "labels",
    "manifests",
    "tracking",
    "cartons",
    "counts",
    "transfers",
    "shortages",
    "returns",
    "recalls",
    "sites",
    "zones",
    "bins",
    "stock",
]
BY_STATE: dict[str, type[Any]] = {
    "pick-list": PickList,
    "batch": Batch,
    "parcel": Parcel,
    "count-task": CountTask,
    "transfer-page": Transfer,
    "shortage": ShortageQuestion,
    "return": Return,
    "dock-return": Return,
    "recall": Recall,
}


@dataclass(frozen=True)
class Address:
    """One page: the name of its pattern, its address, and what it answers with."""

    name: str
    url: str
    status: int = 200


def at(name: str, *args: Any, query: str = "") -> Address:
    """A page of the warehouse."""
    return Address(name, reverse(f"warehouse:{name}", args=args) + query)


def staff_pages(day: Day) -> dict[str, Address]:
    """Every page of the warehouse, by a name for its picture."""
    pages = {name: at(name) for name in PLAIN}
    pages |= {f"{name}-none": at(name, query="?q=gibtesnicht") for name in LISTS}
    for name, model in BY_STATE.items():
        pages |= {f"{name}-{row.state}": at(name, row.pk) for row in model.objects.order_by("pk")}
    return pages | picking_pages(day) | dispatch_pages(day) | other_pages() | place_pages(day)


def picking_pages(day: Day) -> dict[str, Address]:
    """Screens of a walk, and where a list can be sent from instead."""
    mine = PickList.objects.get(picker=day.boss, boxes=None)
    batch = Batch.objects.get(picker=day.boss)
    waits = PickList.objects.filter(state="open").last()
    assert waits is not None
    return {
        "pick": at("pick", mine.pk),
        "pick-batch": at("pick-batch", batch.pk),
        "reroute": at("reroute", waits.pk),
    }


def dispatch_pages(day: Day) -> dict[str, Address]:
    """The packing table, labels in each stage, addresses, cartons, manifests."""
    table = PickList.objects.filter(state="picked", parcels__isnull=False).last()
    parcel = Parcel.objects.filter(labels__stage="refused").first()
    assert table is not None and parcel is not None
    pages = {
        "pack": at("pack", table.pk),
        "pack-scan": at("pack-scan", table.pk),
        "order-parcels": at("order-parcels", table.order.number),
        "order-address": at("order-address", parcel.order.number),
        "manifest": at("manifest", Manifest.objects.get().pk),
        "carton": at("carton", Carton.objects.latest("pk").pk),
    }
    for one in Parcel.objects.filter(state="packed").prefetch_related("labels"):
        pages |= {f"parcel-label-{label.stage}": at("parcel", one.pk) for label in one.labels.all()}
    return pages


def other_pages() -> dict[str, Address]:
    """What comes, goes between sites, is counted and called back."""
    ready = Transfer.objects.get(state="draft").pk
    sent = Transfer.objects.get(state="dispatched").pk
    recall = Recall.objects.get(state="prepared").pk
    running = Recall.objects.get(state="started").pk
    counting = CountTask.objects.get(state="counting").pk
    offered = ShortageQuestion.objects.exclude(substitute=None).get().pk
    answered = ShortageQuestion.objects.filter(state="answered").values_list("answer", "pk")
    return {
        "transfer-collect": at("transfer-collect", ready),
        "transfer-receive": at("transfer-receive", sent),
        "transfer-close": at("transfer-close", sent),
        "count-screen": at("count-screen", counting),
        "shortage-offered": at("shortage", offered),
        **{f"shortage-{choice}": at("shortage", pk) for choice, pk in answered},
        "recall-start": at("recall-confirm", recall, "start"),
        "recall-send": at("recall-confirm", running, "send"),
        "recall-rest": at("recall-confirm", running, "rest"),
        "recall-found": at("recall-trace", query="?code=L-2026-0815-HAMBURG"),
        "recall-nothing-found": at("recall-trace", query="?code=gibtesnicht"),
    }


def place_pages(day: Day) -> dict[str, Address]:
    """Sites, zones, bins, articles, their labels, and goods that are being received or moved."""
    site, zone = day.hamburg.pk, Zone.objects.get(site=day.hamburg, code="A").pk
    bins = {code: Bin.objects.get(code=code).pk for code in ("A-20", "A-51", "A-99", "QUAR-01")}
    pages = {
        "site": at("site", site),
        "edit-site": at("edit-site", site),
        "new-zone": at("new-zone", site),
        "edit-zone": at("edit-zone", zone),
        **{f"bin-{code}": at("bin", pk) for code, pk in bins.items()},
        "edit-bin": at("edit-bin", bins["A-20"]),
        "bin-label": at("bin-label", bins["A-20"]),
        "bin-labels-counted": at("bin-labels", query="?preview=1"),
        "receive-bin": at("receive", query="?bin=A-20"),
        "receive-lot": at("receive", query=f"?bin=A-20&article={CREAM}"),
        "receive-date": at("receive", query=f"?bin=A-20&article={CREAM}&lot=L-77"),
        "move-source": at("move", query="?source=A-20"),
        "move-article": at("move", query=f"?source=A-20&article={SHOE}&pieces=3"),
    }
    for sku in (SHOE, CREAM, BOOT, SCANNER):
        pages[f"sku-{sku}"] = at("sku", day.goods[sku].pk)
        pages[f"codes-{sku}"] = at("codes", day.goods[sku].pk)
    return pages | {"article-labels": at("article-labels", day.goods[SHOE].pk)}


def shopper_pages(day: Day) -> dict[str, Address]:
    """The question in all its answers, the order with its parcels and returns, the withdrawal."""
    pages = {}
    for one in ShortageQuestion.objects.all():
        kind = one.answer or ("offered" if one.substitute_id else one.state)
        pages[f"shopper-question-{kind}"] = Address("", reverse("orders:shortage", args=[token(one)]))
    for parcel in Parcel.objects.select_related("order"):
        pages[f"shopper-parcel-{parcel.state}"] = order_page(parcel.order)
    for coming in Return.objects.select_related("order"):
        pages[f"shopper-return-{coming.state}"] = order_page(coming.order)
    pages["shopper-orders"] = Address("", reverse("account:orders"))
    pages["shopper-withdrawal"] = Address("", f"{reverse('withdrawal')}?order={coming.order.number}")
    return pages


def order_page(order: Any) -> Address:
    """The order in the customer's account."""
    return Address("", reverse("account:order", args=[order.number]))
