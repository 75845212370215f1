"""What shared pages are made of: each change of it is noted by the database, for shop/kernel/sharing.py. And what never
changes: versions of legal texts."""

from __future__ import annotations

from dataclasses import replace

from shop.kernel.guards import Guard, function_postgresql, refuse_sqlite
from shop.kernel.sharing import OFFER, PLACES, RULES, WAYS, WORDS, watch

#: Written, drawn or set by people: seldom changed, and shown on many pages.
OF_WORDS = (
    "catalogue_boughttogether",
    "catalogue_category",
    "catalogue_colour",
    "catalogue_maker",
    "catalogue_product",
    "catalogue_productcategory",
    "invoicing_merchantprofile",
    "pages_contentpage",
    "pages_guaranteenotice",
    "pages_homepage",
    "pages_landingpage",
    "partner_vatrate",
    "reviews_productreview",
    "search_boost",
    "search_synonym",
    "wagtailcore_page",
    "wagtailcore_pageviewrestriction",
    "wagtailcore_site",
    "wagtailimages_image",
)
#: Sites, and when carriers come to them: stores and the day of arrival on the page of a product.
OF_WAYS = ("picking_cutoff", "shipping_deliverymethod", "stock_site")
#: With the ways to deliver (above) all that the pages of the checkout reckon with.
OF_RULES = ("address_country", "payment_methodrule", "shipping_deliverycharge")
#: In which range of a campaign an article is; and what its condition and benefit are, which change with it alone.
OF_RANGES = (
    "offer_range_classes",
    "offer_range_excluded_categories",
    "offer_range_excluded_products",
    "offer_range_included_categories",
    "offer_rangeproduct",
)
#: Which offers combine.
OF_OFFERS = ("offer_conditionaloffer_combinations",)
OF_CAMPAIGNS = ("offer_benefit", "offer_condition", "offer_range")
#: What gives something to everybody, what it is called, and until when. How often it was used changes with orders and
#: says nothing, but for the last time.
_FOR_ALL = "{row}.offer_type = 'Site'"
_USED_UP = (
    "({0}.max_global_applications > 0 AND {0}.num_applications >= {0}.max_global_applications) "
    "OR ({0}.max_discount > 0 AND {0}.total_discount >= {0}.max_discount)"
)
_CAMPAIGN = (
    "offer_type", "name", "description", "status", "priority", "start_datetime", "end_datetime", "benefit_id",
    "condition_id", "exclusive", "max_basket_applications", "max_discount", "max_global_applications",
    "max_user_applications",
)  # fmt: skip
_CAMPAIGN_DIFFERS = " OR ".join(
    [f"(OLD.{one}) {{differs}} (NEW.{one})" for one in _CAMPAIGN]
    + [f"({_USED_UP.format('OLD')}) {{differs}} ({_USED_UP.format('NEW')})"]
)
_CAMPAIGN_CHANGES = f"(OLD.offer_type = 'Site' OR NEW.offer_type = 'Site') AND ({_CAMPAIGN_DIFFERS})"
#: Which sizes of a picture are there, and whose it is. That the worker tries to make them, or made the same ones once
#: more, says nothing: with thousands of pictures no page would be kept for days.
_OF_ARTICLES = ("original", "caption", "display_order", "colour_id", "product_id", "widths")
_OF_CATEGORIES = ("original", "widths")
#: A store is a site with an open floor; the turn of a bin on the walk is nobody's business here.
_FLOOR = " OR ".join(f"(OLD.{one}) {{differs}} (NEW.{one})" for one in ("kind", "is_active", "site_id"))
#: What a list chooses and sorts by: the price, and whether there is any. One piece fewer of many changes no list; the
#: pages that show the piece compare it themselves.
_DIFFERS = " OR ".join(
    f"({expression.format('OLD')}) {{differs}} ({expression.format('NEW')})"
    for expression in (
        "{0}.price",
        "{0}.reference_price_minor",
        "{0}.backorderable OR {0}.num_in_stock > {0}.num_allocated",
    )
)


#: A bin with the article became empty, or is no longer: one piece fewer of many says nothing to a shopper.
_THERE = "{0}.quantity > 0 AND NOT {0}.is_doubtful"
_MOVED = f"({_THERE.format('OLD')}) {{differs}} ({_THERE.format('NEW')})"


def _where(table: str, name: str, condition: str, row: str = "") -> list[Guard]:
    """Triggers with a condition: SQLite says IS NOT where PostgreSQL says IS DISTINCT FROM."""
    of_sqlite = watch(table, name, condition.format(differs="IS NOT"), row)
    of_postgresql = watch(table, name, condition.format(differs="IS DISTINCT FROM"), row)
    return [
        Guard(one.name, one.table, one.sqlite, other.postgresql, one.columns)
        for one, other in zip(of_sqlite, of_postgresql, strict=True)
    ]


#: Versions of legal texts stay as they were published: an order rests on them.
KEPT = "pages: versions of legal texts are never changed or deleted"
_VERSIONS = "pages_legalversion"


def _pictures(table: str, shown: tuple[str, ...]) -> list[Guard]:
    """Triggers for a table of pictures, of whose columns pages show these."""
    differs = " OR ".join(f"(OLD.{one}) {{differs}} (NEW.{one})" for one in shown)
    later = (f"{table}.widths",)  # by a migration of its own, or with the table
    return [replace(one, columns=(*one.columns, *later)) for one in _where(table, WORDS, differs)]


def _stays(name: str, on: str) -> Guard:
    refuse = f"RAISE EXCEPTION '{KEPT}' USING ERRCODE = 'check_violation';"
    return Guard(
        name,
        _VERSIONS,
        refuse_sqlite(name, _VERSIONS, on, "1", KEPT),
        function_postgresql(name, _VERSIONS, on, refuse),
    )


GUARDS = [
    *(guard for table in OF_WORDS for guard in watch(table, WORDS)),
    *(guard for table in OF_WAYS for guard in watch(table, WAYS)),
    *(guard for table in OF_RULES for guard in watch(table, RULES)),
    *(guard for table in (*OF_RANGES, *OF_OFFERS) for guard in watch(table, RULES)),
    *(guard for table in OF_CAMPAIGNS for guard in watch(table, RULES) if guard.name.endswith("_update")),
    *_where("offer_conditionaloffer", RULES, _CAMPAIGN_CHANGES, _FOR_ALL),
    *_pictures("catalogue_productimage", _OF_ARTICLES),
    *_pictures("catalogue_categorypicture", _OF_CATEGORIES),
    *_where("stock_bin", WAYS, _FLOOR),
    *_where("partner_stockrecord", OFFER, _DIFFERS),
    *_where("stock_binstock", PLACES, _MOVED),
    _stays("pages_version_no_update", "BEFORE UPDATE"),
    _stays("pages_version_no_delete", "BEFORE DELETE"),
]
