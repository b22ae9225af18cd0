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
    "rocket": make_rocket,
    "mug": make_mug,
    "cactus": make_cactus,
    "duck": make_duck,
    "chair": make_chair,
    "vase": make_vase,
    "sneaker": make_sneaker,
    "lamp": make_lamp,
}
