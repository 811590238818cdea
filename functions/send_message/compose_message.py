"""Composing a message: the template filled in, with dates and amounts in the parent's format.

Names come from strangers. Each is first put on one line, and the HTML escapes it. So a name can
neither add a mail header nor become markup.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import nh3
from babel.core import Locale, UnknownLocaleError, get_global
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from shared.domain.errors import RefundNotFoundError, TemplateMismatchError
from shared.domain.mail_address import mail_address
from shared.domain.message_template import Template, template_for
from shared.domain.money import minor_unit_digits
from shared.domain.refund import IN_FLIGHT, Refund, RefundStatus, RefundType
from shared.domain.studio import Studio
from shared.domain.visible_text import breaks_a_line, changes_direction
from shared.gateways.orders_table import OrderRecord

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(("html.j2",), ("txt.j2",), default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_TIMING = "5-10 business days"


def _unbroken(text: str) -> Markup:
    """Return text as HTML in which no line ends inside the number of days."""
    whole = Markup("<nobr>{}</nobr>").format(_TIMING)
    return escape(text).replace(_TIMING, whole)


_TEMPLATES.filters["unbroken"] = _unbroken

# The formatting that staff may use in the HTML. No images, which could report when the mail is
# read. No styles, which could hide text.
_TAGS = {"a", "b", "blockquote", "br", "em", "h1", "h2", "h3", "i", "li", "nobr", "ol", "p"}
_TAGS |= {"strong", "table", "tbody", "td", "tr", "u", "ul"}
# Every page gets its own header, with the studio's name.
_NEVER_SHOWN = {"header", "script", "style", "title"}
_SCHEMES = {"https", "mailto"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is sent. ``to_address`` is None if the order has no usable address.

    ``reply_to`` is the studio's address if the message comes from PPS's.
    """

    from_name: str
    from_address: str
    to_address: str | None
    subject: str
    text: str
    html: str
    reply_to: str | None = None


def compose(record: OrderRecord, studio: Studio, template: Template, refund_id: str) -> Draft:
    """Return the message that a template makes about a refund.

    Args:
        record: The order.
        studio: The order's studio.
        template: The template to fill in.
        refund_id: The id of the refund.

    Raises:
        RefundNotFoundError: The order has no such refund.
        TemplateMismatchError: The template does not fit the refund's status.
    """
    refund = record.refunds.get(refund_id)
    if refund is None:
        raise RefundNotFoundError("This order has no such refund.")
    _check_fits(template, refund)
    words = _words(record, studio, refund)
    content = Markup(_filled(f"{template}.html.j2", words))  # noqa: S704  # autoescaped
    return Draft(
        from_name=_one_line(studio.name),
        from_address=studio.from_address,
        to_address=mail_address(record.imported.parent.email or ""),
        subject=_filled(f"{template}.subject.txt.j2", words),
        text=_filled(f"{template}.txt.j2", words),
        html=_page(content, _one_line(studio.name)),
    )


def html_of_text(text: str, studio_name: str) -> str:
    """Return HTML with the same words as an edited text, under the studio's name."""
    paragraphs = [block.split("\n") for block in re.split(r"\n{2,}", text.strip())]
    content = Markup(_filled("edited.html.j2", {"paragraphs": paragraphs}))  # noqa: S704  # autoescaped
    return _page(content, studio_name)


def html_of_edited(html: str, studio_name: str) -> str:
    """Return edited HTML with only simple formatting left in it, under the studio's name.

    Raises:
        ValueError: It has no visible text.
    """
    return _page(Markup(cleaned(html)), studio_name)  # noqa: S704  # cleaned


def cleaned(html: str) -> str:
    """Return the simple formatting of edited HTML, without a page around it.

    Raises:
        ValueError: It has no visible text.
    """
    content = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_NEVER_SHOWN,
        attributes={"a": {"href"}},
        url_schemes=_SCHEMES,
    )
    if not unescape(nh3.clean(content, tags=set())).strip():
        raise ValueError("it has no visible text")
    return content.strip()


def regional_locale(timezone: str) -> Locale:
    """Return the English of the time zone's country, or plain English if there is none.

    Args:
        timezone: The studio's IANA time zone. Its parents live nearby.
    """
    zone = get_global("zone_aliases").get(timezone, timezone)
    territory = get_global("zone_territories").get(zone)
    try:
        # Without resolving: it would turn an unknown country into the United States.
        return Locale.parse(f"en_{territory}", resolve_likely_subtags=False)
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _check_fits(template: Template, refund: Refund) -> None:
    has_failed = refund.failed_at is not None
    fitting = template_for(has_failed=has_failed)
    if template is fitting:
        return
    if has_failed:
        raise TemplateMismatchError(
            f"The refund is {refund.status}, so no money is on its way. Use `{fitting}`."
        )
    raise TemplateMismatchError(
        f"The refund has not failed. It is {refund.status}. Use `{fitting}`."
    )


def _words(record: OrderRecord, studio: Studio, refund: Refund) -> dict[str, Any]:
    """Return the values for the templates. Each is one line of text."""
    locale, zone = regional_locale(studio.timezone), studio.zone

    def money(amount: int) -> str:
        code, digits = refund.currency.upper(), minor_unit_digits(refund.currency)
        major = Decimal(amount).scaleb(-digits)
        # Babel's digits are how people write the currency. Stripe may count other minor units.
        usual = get_currency_precision(code) == digits
        return format_currency(major, code, locale=locale, currency_digits=usual)

    def day(at: str) -> str:
        local = datetime.fromisoformat(at).astimezone(zone)
        return format_date(local.date(), format="long", locale=locale)

    products = record.imported.product_names
    return {
        "parent_name": _name(record.imported.parent.name or ""),
        "studio_name": _name(studio.name),
        "order_id": refund.order_id,
        "ordered_on": day(record.imported.placed_at),
        "kind": _kind(record, refund),
        "confirmed": refund.status not in IN_FLIGHT,
        "amount": money(refund.amount),
        "total": money(record.imported.total_amount),
        "currency": refund.currency.upper(),
        "refunded_on": day(_status_since(refund)),
        "items": [
            {
                "quantity": item.quantity,
                "product": _name(products[item.line_id]),
                "amount": money(item.amount),
            }
            for item in refund.items
        ],
    }


def _kind(record: OrderRecord, refund: Refund) -> str:
    if refund.type is not RefundType.FULL:
        return refund.type.value
    return "full" if refund.amount == record.imported.total_amount else "rest"


def _status_since(refund: Refund) -> str:
    """Return when the refund was requested, confirmed or failed: whichever the message is about."""
    if refund.status in IN_FLIGHT:
        return refund.requested_at
    confirmed = (e.at for e in refund.history if e.status is RefundStatus.SUCCEEDED)
    return refund.failed_at or next(confirmed, refund.requested_at)


def _name(name: str) -> str:
    """Return a name on one line, which does not reorder the English words around it.

    Only names that run from right to left need the marks: a mail program may not know them.
    https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates
    """
    line = _one_line(name)
    runs_left = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line)
    return f"{_ISOLATE}{line}{_END_ISOLATE}" if runs_left else line


# The strong letters of Hebrew and of Arabic scripts.
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def _one_line(name: str) -> str:
    """Return a name without line breaks, control characters and marks of text direction."""
    kept = (" " if breaks_a_line(char) else char for char in name if not changes_direction(char))
    return " ".join("".join(kept).split())


def _filled(name: str, words: Mapping[str, Any]) -> str:
    return _TEMPLATES.get_template(name).render(words).strip()


def _page(content: Markup, studio_name: str) -> str:
    return _filled("page.html.j2", {"content": content, "studio_name": studio_name})
