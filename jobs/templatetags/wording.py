"""How are times, counts and prices said on pages? static/js/words.js says them the same way."""

from __future__ import annotations

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def say_seconds(seconds: float | None) -> str:
    """``about 40 s``, ``about 3 min``; nothing for nothing."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"


@register.filter
def say_price(price: Decimal | None) -> str:
    if price is None:
        return "price unknown"
    return "free" if price == 0 else say_amount(price)


@register.filter
def say_amount(amount: Decimal) -> str:
    """As ``say_price``, where nothing is an amount too. To the cent, and finer only where it has to be."""
    cents = amount.quantize(Decimal("0.01"))
    return f"${cents:,f}" if cents == amount else f"${amount.normalize():,f}"


@register.filter
def say_size(size: int) -> str:
    """``1.2 MB``, ``10 MB``, ``778 KB``: two figures tell enough."""
    if size < 1024:
        return f"{size} bytes"
    number, unit = (size / 1024, "KB") if size < 1024 * 1024 else (size / 1024 / 1024, "MB")
    return f"{number:.0f} {unit}" if number >= 10 or number == int(number) else f"{number:.1f} {unit}"


@register.filter
def say_place(position: int | None) -> str:
    """How many are before it in the queue."""
    if position is None:
        return ""
    return "next" if position == 0 else f"{position} before it"


@register.filter
def field_of(form: object, name: str) -> object:
    """A bound field by its name."""
    return form[name]  # type: ignore[index]
