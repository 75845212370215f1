"""The forms of the shopper's help pages: which goods, what happened, and a further message."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.forms import Line as OneLine
from checkout.order.models import Order
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import BODY_MAX, EMAIL_MAX, NAME_MAX
from fulfilment.customer_service.cases.pictures import COUNT_MAX, SIZE_MAX, Drawn, WrongPicture, draw
from shop.kernel.text import clean_line

from .withdrawal_form import LINE, Words, lines_of, pieces_of, strangers

NUMBER_MAX = 32
FILE_NAME_MAX = 60  #: characters of a file's name that are repeated to who sent it


class ManyFiles(forms.FileInput):
    """A field for several files."""

    allow_multiple_selected = True

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """With words of our own beside the control: the browser's are in its language, not the page's. Shown by
        ``files.js``; without it the control stays as the browser draws it."""
        return format_html(
            '<span class="files" data-files data-none="{}">{}'
            '<span class="button button--plain files__choose" aria-hidden="true" hidden>{}</span> '
            '<span class="files__names small" aria-live="polite" hidden></span></span>',
            _("No picture chosen"),
            super().render(name, value, attrs, renderer),
            _("Choose pictures"),
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        """Every file that was sent."""
        return list(files.getlist(name)) if hasattr(files, "getlist") else []


class Pictures(forms.FileField):
    """Pictures, told by their content and drawn anew; the cleaned value is a list of ``Drawn``.

    ``good`` holds those that could be read even where another one could not: nobody has to choose them again.
    """

    widget = ManyFiles(attrs={"accept": "image/jpeg,image/png,image/webp", "multiple": True})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.good: list[Drawn] = []

    def clean(self, data: Any, initial: Any = None) -> list[Drawn]:
        """Every picture, the same once; ValidationError names each file that is none."""
        files = [file for file in data or [] if file]
        drawn, wrong = {}, []
        for file in files[:COUNT_MAX]:
            try:
                one = _drawn(file)
            except WrongPicture as problem:
                wrong.append(f"{clean_line(file.name or '')[:FILE_NAME_MAX]}: {problem}")
            else:
                drawn[one.sha256] = one
        self.good = list(drawn.values())
        if len(files) > COUNT_MAX:
            wrong.append(_("Please send at most %(n)d pictures at once.") % {"n": COUNT_MAX})
        if wrong:
            raise forms.ValidationError(wrong)
        return self.good


def _drawn(file: Any) -> Drawn:
    """One upload drawn anew; one that is too large is not even read."""
    if (file.size or 0) > SIZE_MAX:
        raise WrongPicture(_("A picture is larger than %(n)d MB.") % {"n": SIZE_MAX // 1024**2})
    return draw(file.read())


class MessageForm(forms.Form):
    """A further message of the customer."""

    body = Words(
        label=gettext_lazy("Your message"), max_length=BODY_MAX, widget=forms.Textarea(attrs={"rows": 5})
    )
    pictures = Pictures(
        label=gettext_lazy("Pictures"),
        required=False,
        help_text=gettext_lazy("JPEG, PNG or WebP, at most 6 with one message."),
    )

    @property
    def good_pictures(self) -> list[Drawn]:
        """The pictures that could be read; after validation."""
        field: Any = self.fields["pictures"]
        return list(field.good)


class WhatForm(MessageForm):
    """What happened, what the customer wishes, and where we write to. ``remedies``: what may be wished for."""

    wish = forms.ChoiceField(
        label=gettext_lazy("What would you like?"), required=False, widget=forms.RadioSelect
    )
    name = OneLine(label=gettext_lazy("Your name"), max_length=NAME_MAX)
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=EMAIL_MAX,
        help_text=gettext_lazy("We answer here; you need no account."),
    )
    field_order = ["body", "pictures", "wish", "name", "email"]

    def __init__(self, *args: Any, remedies: tuple[str, ...] = (), asks: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].label = _("Your question") if asks else _("What has happened?")
        if len(remedies) > 1:
            wishes = [(code, kinds.REMEDIES[code]) for code in remedies]
            self.fields["wish"].choices = [*wishes, ("", _("Please propose something"))]  # type: ignore[attr-defined]
        else:
            del self.fields["wish"]


class GoodsForm(forms.Form):
    """Which order and which articles. With ``order`` (one that the visitor may see) its lines are offered."""

    number = OneLine(
        label=gettext_lazy("Order number"),
        max_length=NUMBER_MAX,
        required=False,
        help_text=gettext_lazy(
            "For example K10001; it is in your confirmation mail. Not at hand? Leave it empty and tell us on the next "
            "page what you bought."
        ),
    )

    def __init__(self, *args: Any, order: Order | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.lines = lines_of(order)
        if order is not None:
            del self.fields["number"]
        for line in self.lines:
            self.fields[f"{LINE}{line.pk}"] = pieces_of(line)

    @property
    def line_fields(self) -> list[Any]:
        """The fields of the lines, bound."""
        return [self[f"{LINE}{line.pk}"] for line in self.lines]

    def clean(self) -> dict[str, Any]:
        """Only lines that are offered here: an order is not shown any more when the session ended."""
        data: dict[str, Any] = super().clean() or {}
        shown_elsewhere = self.order is None and str(self.data.get("order") or "").strip()
        if shown_elsewhere or strangers(self.data, {line.pk for line in self.lines}):
            raise forms.ValidationError(
                _(
                    "We cannot show the articles of this order here (any more). Please tell us on the next page which "
                    "articles you mean; nothing you wrote is lost."
                )
            )
        return data

    def quantities(self) -> dict[int, int]:
        """Pieces by order line id; empty means the whole, or nobody said."""
        found = {line.pk: self.cleaned_data.get(f"{LINE}{line.pk}") or 0 for line in self.lines}
        return {line_id: pieces for line_id, pieces in found.items() if pieces}
