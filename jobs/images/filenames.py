"""What is an uploaded file called on pages and in archives? A name for people, never a path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from jobs.images.errors import refuse_filename

MAX_CHARACTERS = 120
# File systems take 255 bytes; " (25)" and a longer extension of a result must still fit.
MAX_NAME_BYTES = 240

_FALLBACK_STEM = "picture"
# Format characters that change how a name reads, apart from the joiners that emoji and some scripts need.
_JOINERS = "\u200c\u200d"
_REMOVED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})
_SUFFIX = re.compile(r"(?=[0-9]*[A-Za-z])[0-9A-Za-z]{2,5}")
_SPELLINGS = {"jpg": frozenset({"jpg", "jpeg"})}


def clean_filename(raw: str, *, extension: str) -> str:
    """The last component of a name as the owner wrote it, made harmless, with the extension of its content.

    Raises ``ImageError`` (``invalid_filename``) when nothing is left of it.
    """
    name = _read_last_component(raw)
    if not name.strip(". "):
        raise refuse_filename()
    stem, suffix = _split_suffix(name)
    spellings = _SPELLINGS.get(extension, frozenset({extension}))
    if suffix.lower() not in spellings:
        inner_stem, inner_suffix = _split_suffix(stem)
        matches = inner_suffix.lower() in spellings  # a.jpg.exe was a.jpg before somebody disguised it
        stem, suffix = (inner_stem, inner_suffix) if matches else (stem, extension)
    stem = stem.rstrip(". ")
    return f"{_shorten(stem or _FALLBACK_STEM, room=len(suffix) + 1)}.{suffix}"


def show_filename(raw: str) -> str:
    """A name fit for a message, whatever was sent; never empty."""
    return _shorten(_read_last_component(raw), room=0) or "The file"


def make_unique_names(names: Iterable[str]) -> list[str]:
    """The names, numbered where two would be one file on some system: ``chair.png``, ``chair (2).png``."""
    taken: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 1
        while _fold(candidate) in taken:
            number += 1
            candidate = _number(name, number)
        taken.add(_fold(candidate))
        unique.append(candidate)
    return unique


def _read_last_component(raw: str) -> str:
    component = re.split(r"[/\\]", raw)[-1]
    spaced = " ".join(component.split())
    return unicodedata.normalize("NFC", "".join(filter(_is_kept, spaced))).strip()


def _is_kept(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _REMOVED_CATEGORIES


def _split_suffix(name: str) -> tuple[str, str]:
    """Stem and what looks like an extension (``.png``, ``.jfif``, but not the ``.2`` of "chair v1.2")."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and _SUFFIX.fullmatch(suffix) else (name, "")


def _shorten(text: str, *, room: int) -> str:
    """Cut so that ``room`` ASCII characters still fit, never inside a character with its marks."""
    if len(text) + room <= MAX_CHARACTERS and len(text.encode()) + room <= MAX_NAME_BYTES:
        return text
    kept = text[: MAX_CHARACTERS - room].encode()[: MAX_NAME_BYTES - room].decode(errors="ignore")
    while kept and _continues(text[len(kept) : len(kept) + 1], kept[-1]):
        kept = kept[:-1]
    return kept.rstrip(". ")


def _continues(following: str, last: str) -> bool:
    is_mark = bool(following) and unicodedata.category(following).startswith("M")
    return is_mark or last in _JOINERS or following in tuple(_JOINERS)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _number(name: str, number: int) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem} ({number}).{suffix}" if dot and stem else f"{name} ({number})"
