"""How does the key stay secret? It has no repr, and is taken out of everything that FAL says."""

from __future__ import annotations

from .errors import AccountProblem

_SHORTEST_PART = 8  # shorter parts of a key are too common to be looked for in texts
_MASK = "[key]"


class Secret:
    """The FAL key. ``reveal()`` is called where it goes onto the wire, and nowhere else."""

    def __init__(self, key: str) -> None:
        key = key.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise AccountProblem("auth", "FAL_KEY is not set, or is not a key of FAL.")
        self.__key = key
        parts = {key, *(part for part in key.split(":") if len(part) >= _SHORTEST_PART)}
        self.__parts = sorted(parts, key=len, reverse=True)

    def reveal(self) -> str:
        return self.__key

    def scrub(self, data: bytes) -> bytes:
        for part in self.__parts:
            data = data.replace(part.encode(), _MASK.encode())
        return data

    def scrub_text(self, text: str) -> str:
        for part in self.__parts:
            text = text.replace(part, _MASK)
        return text

    def __repr__(self) -> str:
        return "Secret()"
