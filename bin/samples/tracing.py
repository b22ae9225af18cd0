"""Where do rays meet the object, and what light leaves there?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samples.studio import LIGHTS, Softbox, see_studio
from samples.vectors import Floats, Vector, fill_vector, make_vector

STEPS = 96
NEAR = np.float32(4e-4)
COVER_GAP = np.float32(0.03)
LIFT = np.float32(4e-3)


@dataclass(frozen=True)
class Paint:
    """What a surface is made of, point by point."""

    colour: Vector
    roughness: Floats | float = 0.35
    mirror: Floats | float = 0.04  # share of light thrown back straight on
    metal: float = 0.0
    glow: Vector | None = None


@dataclass(frozen=True)
class Part:
    """A piece of one material; ``cover`` is a simple solid round an intricate one, asked first."""

    solid: Callable[[Vector], Floats]
    paint: Callable[[Vector, Vector], Paint]
    cover: Callable[[Vector], Floats] | None = None

    def distance(self, p: Vector) -> Floats:
        if self.cover is None:
            return self.solid(p)
        far = self.cover(p) + COVER_GAP
        close = np.flatnonzero(far < 2 * COVER_GAP)
        far[close] = self.solid(p.take(close))
        return far


@dataclass(frozen=True)
class Thing:
    """An object on the table (y = 0), about one unit tall, and how it is photographed."""

    name: str
    title: str
    parts: tuple[Part, ...]
    ground: str | None = None  # colour of the backdrop (#rrggbb), or none: transparent
    middle: float = 0.5  # height at which the camera looks
    reach: float = 0.95  # radius of a ball round (0, middle, 0) that holds the object
    footprint: float = 0.4
    turn: float = 0.0  # of the object, about the upright axis
    rise: float = 12.0  # of the camera above the table, in degrees
    frame: float = 1.45  # height of the picture at the object
    careful: float = 0.9  # share of the measured distance that a step may take
    aside: float = 0.0  # where the camera stands, to the right of the middle

    def distance(self, p: Vector) -> Floats:
        p = p.turn_y(self.turn)
        nearest = self.parts[0].distance(p)
        for part in self.parts[1:]:
            nearest = np.minimum(nearest, part.distance(p))
        return nearest


@dataclass
class Surface:
    """Where rays met the object."""

    spot: Vector
    normal: Vector
    colour: Vector
    roughness: Floats
    mirror: Vector
    glow: Vector


def march(thing: Thing, origin: Vector, way: Vector) -> tuple[NDArray[np.bool_], Floats]:
    """Which rays hit the object, and how far away."""
    centre = origin.shift(0, thing.middle, 0)
    half = centre.dot(way)
    inside = half * half - centre.dot(centre) + np.float32(thing.reach**2)
    root = np.sqrt(np.maximum(inside, 0))
    travelled, end = np.maximum(-half - root, 0), -half + root
    hit = np.zeros(len(travelled), dtype=bool)
    alive = np.flatnonzero((inside > 0) & (end > 0))
    for _ in range(STEPS):
        if not len(alive):
            break
        gap = thing.distance(origin.take(alive).plus(way.take(alive).scale(travelled[alive])))
        hit[alive[gap < NEAR]] = True
        travelled[alive] += gap * np.float32(thing.careful)
        alive = alive[(gap >= NEAR) & (travelled[alive] < end[alive])]
    return hit, travelled


def find_normal(thing: Thing, spot: Vector) -> Vector:
    total = fill_vector((0, 0, 0), spot.x)
    for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        gap = thing.distance(spot.shift(*(-7e-4 * part for part in corner)))
        total = total.plus(Vector(*(gap * np.float32(part) for part in corner)))
    return total.unit()


def survey(thing: Thing, spot: Vector) -> Surface:
    """Normal and material at points of the surface."""
    normal = find_normal(thing, spot)
    own = spot.turn_y(thing.turn)
    gaps = np.stack([part.distance(own) for part in thing.parts])
    owner = gaps.argmin(axis=0)
    count = len(spot.x)
    colour, mirror, glow = (make_vector(np.zeros((count, 3))) for _ in range(3))
    surface = Surface(spot, normal, colour, np.zeros(count, np.float32), mirror, glow)
    for index, part in enumerate(thing.parts):
        mine = np.flatnonzero(owner == index)
        if len(mine):
            _apply(surface, mine, part.paint(own.take(mine), normal.take(mine)))
    return surface


def _apply(surface: Surface, mine: NDArray[np.intp], paint: Paint) -> None:
    surface.roughness[mine] = paint.roughness
    for axis in range(3):
        surface.colour[axis][mine] = paint.colour[axis] * (1 - paint.metal)
        surface.mirror[axis][mine] = paint.mirror * (1 - paint.metal) + paint.colour[axis] * paint.metal
        if paint.glow is not None:
            surface.glow[axis][mine] = paint.glow[axis]


def light_simply(surface: Surface) -> Vector:
    """A quick guess of the light that leaves a surface, for what is only seen by reflection."""
    up = 0.5 + 0.5 * surface.normal.y
    key = np.maximum(surface.normal.x * -0.52 + surface.normal.y * 0.64 + surface.normal.z * 0.55, 0)
    light = 0.22 + 0.4 * up + 0.55 * key
    return surface.colour.scale(light).plus(surface.mirror.scale(0.5 * light)).plus(surface.glow)


def look_along(thing: Thing, origin: Vector, way: Vector, *, lamps: bool) -> Vector:
    """The light that arrives along rays, with a quick guess for what they hit."""
    hit, distance = march(thing, origin, way)
    light = see_studio(origin, way, lamps=lamps, footprint=thing.footprint)
    met = np.flatnonzero(hit)
    if len(met):
        seen = light_simply(survey(thing, origin.take(met).plus(way.take(met).scale(distance[met]))))
        for axis in range(3):
            light[axis][met] = seen[axis]
    return light


def light_open(lamp: Softbox, spot: Vector, normal: Vector, numbers: Floats) -> tuple[Floats, Vector]:
    """Share of one softbox's light that would reach points if nothing stood between, and the way there."""
    to = lamp.pick(numbers[0], numbers[1]).plus(spot.scale(-1))
    distance = to.length()
    way = to.scale(1 / distance)
    facing = fill_vector(tuple(-lamp.facing), spot.x)
    share = np.maximum(way.dot(normal), 0) * np.maximum(way.dot(facing), 0)
    return share * np.float32(lamp.area / np.pi) / (distance * distance), way


def light_from(thing: Thing, lamp: Softbox, spot: Vector, normal: Vector, numbers: Floats) -> Vector:
    """Light of one softbox that reaches points, with a soft shadow: one shadow ray for each point."""
    share, way = light_open(lamp, spot, normal, numbers)
    lit = np.flatnonzero(share > 1e-5)
    shadow, _ = march(thing, spot.take(lit).plus(normal.take(lit).scale(LIFT)), way.take(lit))
    share[lit[shadow]] = 0
    return Vector(*(share * np.float32(part) for part in lamp.glow))


def scatter(normal: Vector, numbers: Floats) -> Vector:
    """A way out of the surface for each point, more often steep than flat (cosine law)."""
    angle, height = 2 * np.pi * numbers[0], 2 * numbers[1] - 1
    ring = np.sqrt(np.maximum(1 - height * height, 0))
    ball = Vector(ring * np.cos(angle), ring * np.sin(angle), height)
    return normal.plus(ball.scale(np.float32(0.999))).unit()


def gather_diffuse(thing: Thing, spot: Vector, normal: Vector, rng: np.random.Generator) -> Vector:
    """All light that falls on points: softboxes, room, table, and what the object throws at itself."""
    count = len(spot.x)
    total = look_along(
        thing, spot.plus(normal.scale(LIFT)), scatter(normal, rng.random((2, count), dtype=np.float32)), lamps=False
    )
    for lamp in LIGHTS:
        total = total.plus(light_from(thing, lamp, spot, normal, rng.random((2, count), dtype=np.float32)))
    return total


def gather_mirrored(thing: Thing, surface: Surface, way: Vector, rng: np.random.Generator) -> Vector:
    """Light thrown back by the polish of the surface."""
    facing = np.clip(-way.dot(surface.normal), 0, 1)
    bounced = way.plus(surface.normal.scale(2 * facing))
    numbers = rng.random((3, len(facing)), dtype=np.float32) * 2 - 1
    spread = make_vector(numbers.T).unit().scale(rng.random(len(facing), dtype=np.float32) ** np.float32(0.5))
    bounced = bounced.plus(spread.scale(surface.roughness * surface.roughness * np.float32(1.6))).unit()
    below = np.minimum(bounced.dot(surface.normal), 0)
    bounced = bounced.plus(surface.normal.scale(-2 * below))
    light = look_along(thing, surface.spot.plus(surface.normal.scale(LIFT)), bounced, lamps=True)
    grazing = (1 - facing) ** 5 * (1 - surface.roughness) ** 2
    return Vector(
        *(part * (base + (1 - base) * grazing * (base > 0)) for part, base in zip(light, surface.mirror, strict=True))
    )
