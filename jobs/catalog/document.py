"""How are the engines told to people? The text of docs/engines.md, from the table alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from jobs.catalog.engines import ENGINES
from jobs.catalog.entry import EngineEntry, PictureLimits
from jobs.catalog.formats import FORMATS
from jobs.catalog.options import Option

_INTRODUCTION = """\
# Engines

Written by `manage.py describe_engines > docs/engines.md` from the table in `jobs/catalog/`, which also drives the
forms, the API's checks and the estimates. The local engine is always there; the others need `FAL_KEY`.

Prices are for one model, in US dollars. `unknown` means that no figure could be read, not that it is free.
`face_limit`, `texture` and `seed` are fields of the upload itself; other options go into `options`. An option that an
engine does not have is refused. An empty default leaves the choice to the engine.
"""


def write_document() -> str:
    """The whole document, in Markdown."""
    heads = ("Engine", "Id", "Price", "Typical time", "Views")
    overview = _write_table(heads, [_list_overview(entry) for entry in ENGINES.values()])
    formats = ", ".join(entry.name for entry in FORMATS.values())
    parts = [_INTRODUCTION, overview, f"Every GLB can be had as {formats}.\n", *map(_write_engine, ENGINES.values())]
    return "\n".join(parts)


def _list_overview(entry: EngineEntry) -> list[str]:
    return [
        entry.name,
        f"`{entry.id}`",
        _say_price(entry.price),
        _say_seconds(entry.typical_seconds),
        _say_views(entry),
    ]


def _write_engine(entry: EngineEntry) -> str:
    facts = [
        ("Endpoint", f"`{entry.endpoint}`" if entry.provider != "local" else ""),
        ("Price", f"{_say_price(entry.price)}{' at the defaults' if entry.price else ''}. {entry.price_note}".strip()),
        ("Other prices", _say_surcharges(entry)),
        ("Pictures", f"{_say_views(entry)}. {_say_limits(entry.picture_limits)}".strip()),
        ("Licence", entry.licence),
    ]
    lines = [f"* {name}: {text}" for name, text in facts if text]
    heads = ("Option", "Values", "Default", "What it does")
    options = _write_table(heads, [_list_option(option) for option in entry.options])
    words = f"{entry.about} {entry.note}".strip()
    return "\n".join([f"## {entry.name}", "", words, "", *lines, "", options])


def _list_option(option: Option) -> list[str]:
    default = "" if option.default is None else f"`{_say_value(option.default)}`"
    return [f"`{option.name}`", _say_values(option), default, option.about + _say_condition(option)]


def _say_values(option: Option) -> str:
    if option.choices:
        return ", ".join(f"`{choice}`" for choice in option.choices)
    if option.minimum is not None and option.maximum is not None:
        return f"{option.type}, {option.minimum:,} to {option.maximum:,}"
    return "`true`, `false`" if option.type == "boolean" else option.type


def _say_condition(option: Option) -> str:
    wanted = [f"`{name}` {_join(map(_say_value, values))}" for name, values in option.only_with.items()]
    return f" Only with {' and '.join(wanted)}." if wanted else ""


def _say_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _say_surcharges(entry: EngineEntry) -> str:
    signs = {True: "−", False: "+"}
    parts = [
        f"`{each.option}` {_say_value(each.value)} {signs[each.amount < 0]}${abs(each.amount)}"
        for each in entry.surcharges
    ]
    return ", ".join(parts)


def _say_price(price: Decimal | None) -> str:
    if price is None:
        return "unknown"
    return f"${price}" if price else "free"


def _say_seconds(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60, 1):g} min"


def _say_views(entry: EngineEntry) -> str:
    if entry.views == ("front",):
        return "front; others are passed over with a warning" if entry.ignores_other_views else "front"
    if entry.required_views == entry.views:
        return f"exactly {_join(entry.views, word='and')}"
    order = ", in this order without gaps" if entry.is_order_fixed else ""
    number = f"{entry.min_images} to {entry.max_images}" if entry.min_images > 1 else f"up to {entry.max_images}"
    return f"{number} of {', '.join(entry.views)}{order}"


def _say_limits(limits: PictureLimits) -> str:
    sides = f"Sides from {limits.min_side:,} to {limits.max_side:,} px" if limits.max_side else ""
    size = f"at most {limits.max_bytes // 1024**2} MB" if limits.max_bytes else ""
    known = ", ".join(part for part in (sides, size) if part)
    converted = "" if "image/webp" in limits.content_types else "WebP is sent as PNG."
    return f"{known}. {converted}".strip() if known else converted


def _join(words: Iterable[str], *, word: str = "or") -> str:
    listed = list(words)
    return f" {word} ".join([", ".join(listed[:-1]), listed[-1]]) if len(listed) > 1 else "".join(listed)


def _write_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
