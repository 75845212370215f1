"""Why a file was refused, in words; the code and its facts are stored, the words are the reader's own language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.ui.numbers import money_text

REASONS: dict[str, Any] = {
    # The file itself
    "empty": gettext_lazy("The file is empty."),
    "too_large": gettext_lazy("The file is larger than %(most_mb)s MB. Please ask the bank for shorter periods."),
    "zip": gettext_lazy("The file is packed (ZIP). Please unpack it and import what is in it."),
    "pdf": gettext_lazy("This is a PDF to read. Please ask the bank for CAMT.053, MT940 or CSV."),
    "not_text": gettext_lazy("The file is no text; it is neither CAMT nor MT940 nor CSV."),
    "not_camt": gettext_lazy("This is XML, but no statement (CAMT.052, .053 or .054): %(found)s."),
    "no_statement": gettext_lazy("There is no statement in the file."),
    "not_understood": gettext_lazy("The file was not understood, and nothing of it was taken."),
    "damaged": gettext_lazy("What is stored is not what was uploaded. Please import the file again from the bank."),
    # XML and limits
    "dtd": gettext_lazy("The XML declares a document type. Bank files have none; this one is not opened."),
    "broken_xml": gettext_lazy("The XML is broken: %(error)s."),
    "too_deep": gettext_lazy("The XML is nested deeper than any bank's."),
    "too_many_elements": gettext_lazy("One entry has more parts than any bank's."),
    "text_too_long": gettext_lazy("A text is longer than any bank's."),
    "too_many_lines": gettext_lazy("There are more than %(most)s bookings. Please ask the bank for shorter periods."),
    "too_slow": gettext_lazy("Reading took too long and was ended."),
    # What it says
    "status": gettext_lazy("An entry has a state that nobody knows: %(status)s."),
    "entry": gettext_lazy("An entry has no amount, or does not say whether money came or left."),
    "amount": gettext_lazy("%(amount)s is no amount."),
    "amount_too_large": gettext_lazy("%(amount)s is more money than there is."),
    "fraction": gettext_lazy("%(amount)s %(currency)s has fractions of a cent."),
    "currency": gettext_lazy("Kontor does not know the currency %(currency)s."),
    "day": gettext_lazy("%(day)s is no day of the calendar."),
    "no_day": gettext_lazy("The statement has no day."),
    "no_account": gettext_lazy("The statement does not say of which account it is."),
    "no_balance": gettext_lazy("The statement has no balance, so its currency is not known."),
    "balance_currency": gettext_lazy("A balance is in %(balance)s, the statement in %(statement)s."),
    "entry_currency": gettext_lazy("A booking is in %(entry)s, the statement in %(statement)s."),
    "batch_sum": gettext_lazy("The transactions add up to %(sum)s, the entry says %(entry)s."),
    "mt940_balance": gettext_lazy("This is no balance: %(text)s"),
    "mt940_booking": gettext_lazy("This is no booking: %(text)s"),
    # CSV
    "encoding": gettext_lazy("The file is not written in %(encoding)s; please choose another encoding."),
    "broken_csv": gettext_lazy("This is no CSV: %(error)s."),
    "no_mapping": gettext_lazy("No saved CSV mapping fits this file. Make one, then read the file again."),
    "several_mappings": gettext_lazy("Several CSV mappings fit this file. Please choose one and read it again."),
    "csv_column": gettext_lazy("The column %(column)s is not in the file."),
    "csv_mapping": gettext_lazy("The mapping needs a column for the day and one for the amount."),
    # Our accounts
    "unknown_account": gettext_lazy("The account %(account)s is not one of yours yet. Add it and read the file again."),
    "inactive_account": gettext_lazy("The account %(account)s is no longer in use."),
    "account_currency": gettext_lazy("The account %(account)s is kept in %(ours)s, the statement is in %(theirs)s."),
}  # fmt: skip

#: What was read otherwise than it is written; kept with the statement.
NOTES: dict[str, Any] = {
    "february": gettext_lazy(
        "Line %(line)s: a value date after the end of February was read as its last day."
    ),
    "zero": gettext_lazy("Line %(line)s: a booking of nothing was left out."),
}


def words(code: str, facts: Mapping[str, Any], line: int | None = None) -> str:
    """The reason as a sentence, with the line where there is one; facts ending in ``_minor`` are money."""
    currency = str(facts.get("currency") or "EUR")
    told = dict(facts)
    for key in [key for key in facts if key.endswith("_minor")]:
        told[key.removesuffix("_minor")] = money_text(int(facts[key]), currency)
    sentence = str(REASONS.get(code, code)) % told
    return _("Line %(line)s: %(reason)s") % {"line": line, "reason": sentence} if line else sentence


def notes(text: str) -> list[str]:
    """The notes of a statement, stored as ``code:line`` with spaces between, as sentences."""
    pairs = [part.partition(":") for part in text.split()]
    return [str(NOTES[code]) % {"line": line} for code, _colon, line in pairs if code in NOTES]
