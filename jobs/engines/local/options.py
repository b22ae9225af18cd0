"""Which options does the engine take, and in which ranges?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import refusals

FACE_LIMIT_LEAST = 2_000
FACE_LIMIT_MOST = 500_000
FACE_LIMIT_DEFAULT = 20_000
TEXTURE_SIDES = {"standard": 1024, "hd": 2048, "none": 1024}  # longest side in pixels that the picture is worked at
MODES = ("auto", "object", "whole_picture")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user chose. ``seed`` is accepted and unused: the same picture always gives the same model."""

    face_limit: int = FACE_LIMIT_DEFAULT
    texture: str = "standard"
    mode: str = "auto"

    @property
    def side(self) -> int:
        return TEXTURE_SIDES[self.texture]


def read_options(given: Mapping[str, Any]) -> Options:
    """The chosen options; refuses what is out of range, ignores what is meant for other engines."""
    options = Options(
        face_limit=given.get("face_limit", FACE_LIMIT_DEFAULT),
        texture=given.get("texture", "standard"),
        mode=given.get("mode", "auto"),
    )
    if not is_face_limit(options.face_limit):
        raise refusals.face_limit_out_of_range(least=FACE_LIMIT_LEAST, most=FACE_LIMIT_MOST)
    if options.texture not in TEXTURE_SIDES:
        raise refusals.invalid_option("texture", choices=tuple(TEXTURE_SIDES))
    if options.mode not in MODES:
        raise refusals.invalid_option("mode", choices=MODES)
    return options


def is_face_limit(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and FACE_LIMIT_LEAST <= value <= FACE_LIMIT_MOST
