"""Which things are drawn, and in which order does the start page show them?"""

from __future__ import annotations

from collections.abc import Callable

from samples.cactus import make_cactus
from samples.chair import make_chair
from samples.duck import make_duck
from samples.lamp import make_lamp
from samples.mug import make_mug
from samples.rocket import make_rocket
from samples.sneaker import make_sneaker
from samples.tracing import Thing
from samples.vase import make_vase

MAKERS: dict[str, Callable[[], Thing]] = {
    "duck": make_duck,
    "rocket": make_rocket,
    "chair": make_chair,
    "vase": make_vase,
    "cactus": make_cactus,
    "mug": make_mug,
    "sneaker": make_sneaker,
    "lamp": make_lamp,
}
# Those whose models look good from all sides; the first is the one that visitors see.
SHOWN = ("duck", "rocket", "chair", "vase", "cactus", "mug")
