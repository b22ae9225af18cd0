"""How does an object become a picture? Rays for each pixel, smoothing of what light was gathered, and colours."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samples import tracing
from samples.tracing import Surface, Thing
from samples.vectors import Floats, Vector, fill_vector, make_vector

DISTANCE = 6.0
RAYS_AT_ONCE = 120_000

Pixels = NDArray[np.intp]


@dataclass
class Film:
    """Sums over the rays of each pixel."""

    side: int
    hits: Floats
    lit: Floats
    colour: Floats
    diffuse: Floats
    mirrored: Floats
    normal: Floats
    depth: Floats
    table: Floats
    table_rays: Floats


def load_film(side: int) -> Film:
    count = side * side
    hits, lit, depth, table, table_rays = (np.zeros(count, np.float32) for _ in range(5))
    colour, diffuse, mirrored, normal = (np.zeros((count, 3), np.float32) for _ in range(4))
    return Film(side, hits, lit, colour, diffuse, mirrored, normal, depth, table, table_rays)


@dataclass(frozen=True)
class Shot:
    """One ray for each pixel, through one cell of it. Every other shot gathers light; all find edges and colours."""

    column: int
    row: int
    cells: int
    lights: bool


def photograph(thing: Thing, *, side: int, rays: int, report: Callable[[str], None]) -> Image.Image:
    """The finished picture, with transparency if the thing has no ground."""
    film = load_film(side)
    rng = np.random.default_rng(zlib.crc32(thing.name.encode()))
    root = max(1, round(rays**0.5))
    for turn in range(root * root):
        shot = Shot(turn % root, turn // root, root, lights=turn % 2 == 0)
        for pixels in _slices(side):
            _expose(thing, film, pixels, shot, rng)
        report(f"{thing.name}: {turn + 1} of {root * root} passes")
    return develop(thing, film, rays=root * root)


def _slices(side: int) -> Iterator[Pixels]:
    total = side * side
    for start in range(0, total, RAYS_AT_ONCE):
        yield np.arange(start, min(start + RAYS_AT_ONCE, total))


def _aim(thing: Thing, pixels: Pixels, shift: tuple[Floats, Floats], side: int) -> tuple[Vector, Vector]:
    """Origin and direction of one ray for each pixel; the object turns, so the studio turns round it instead."""
    across = ((pixels % side) + shift[0]) / side - 0.5
    down = ((pixels // side) + shift[1]) / side - 0.5
    rise = np.radians(thing.rise)
    eye = np.array([0, thing.middle + DISTANCE * np.sin(rise), DISTANCE * np.cos(rise)])
    forward = np.array([0, -np.sin(rise), -np.cos(rise)])
    up = np.array([0, np.cos(rise), -np.sin(rise)])
    scale = thing.frame / DISTANCE
    aim = forward + np.outer(across * scale, [1, 0, 0]) - np.outer(down * scale, up)
    way = make_vector(aim).unit()
    return fill_vector((thing.aside, *eye[1:]), way.x), way


def _expose(thing: Thing, film: Film, pixels: Pixels, shot: Shot, rng: np.random.Generator) -> None:
    jitter = rng.random((2, len(pixels)), dtype=np.float32)
    place = (shot.column + jitter[0]) / shot.cells, (shot.row + jitter[1]) / shot.cells
    origin, way = _aim(thing, pixels, place, film.side)
    hit, distance = tracing.march(thing, origin, way)
    met = np.flatnonzero(hit)
    if len(met):
        spot = origin.take(met).plus(way.take(met).scale(distance[met]))
        surface = tracing.survey(thing, spot)
        _expose_object(film, pixels[met], surface, distance[met])
        if shot.lights:
            _light_object(thing, film, pixels[met], surface, way.take(met), rng)
    if shot.lights and thing.ground is not None:
        free = np.flatnonzero(~hit)
        _expose_table(thing, film, pixels[free], (origin.take(free), way.take(free)), rng)


def _expose_object(film: Film, pixels: Pixels, surface: Surface, distance: Floats) -> None:
    film.hits[pixels] += 1
    film.depth[pixels] += distance
    film.colour[pixels] += surface.colour.stack()
    film.normal[pixels] += surface.normal.stack()


def _light_object(
    thing: Thing, film: Film, pixels: Pixels, surface: Surface, way: Vector, rng: np.random.Generator
) -> None:
    diffuse = tracing.gather_diffuse(thing, surface.spot, surface.normal, rng)
    mirrored = tracing.gather_mirrored(thing, surface, way, rng).plus(surface.glow)
    film.lit[pixels] += 1
    film.diffuse[pixels] += np.minimum(diffuse.stack(), 12)
    film.mirrored[pixels] += np.minimum(mirrored.stack(), 6)


def _expose_table(
    thing: Thing, film: Film, pixels: Pixels, rays: tuple[Vector, Vector], rng: np.random.Generator
) -> None:
    """How much of its light the table keeps beside the object."""
    origin, way = rays
    distance = np.where(way.y < -1e-3, -origin.y / np.minimum(way.y, -1e-3), 0)
    spot = origin.plus(way.scale(distance))
    near = np.flatnonzero((distance > 0) & (np.hypot(spot.x, spot.z) < 4.0))
    film.table[pixels] += 1
    film.table_rays[pixels] += 1
    if not len(near):
        return
    spot, up = spot.take(near), fill_vector((0, 1, 0), spot.x[near])
    kept = measure_table(thing, spot, up, rng)
    film.table[pixels[near]] += kept - 1


def measure_table(thing: Thing, spot: Vector, up: Vector, rng: np.random.Generator) -> Floats:
    count = len(spot.x)
    spot = Vector(spot.x, np.full_like(spot.x, 1e-3), spot.z)
    way = tracing.scatter(up, rng.random((2, count), dtype=np.float32))
    hidden, _ = tracing.march(thing, spot, way)
    room = np.where(hidden, 0.12, 0.62)
    full = np.full_like(spot.x, 0.62)
    for lamp in tracing.LIGHTS:
        numbers = rng.random((2, count), dtype=np.float32)
        lit = tracing.light_from(thing, lamp, spot, up, numbers).y
        room = room + lit
        full = full + tracing.light_open(lamp, spot, up, numbers)[0] * np.float32(lamp.glow[1])
    return (room / full).astype(np.float32)


def smooth(values: Floats, guide: Floats, weight: Floats, *, rounds: int, keen: float) -> Floats:
    """Average over ever wider neighbours that face the same way (edge-stopping wavelet)."""
    kernel, border = np.array([1, 4, 6, 4, 1], np.float32) / 16, 2 << rounds
    values, guide = (np.pad(part, ((border, border), (border, border), (0, 0))) for part in (values, guide))
    weight = np.pad(weight, border)
    for turn in range(rounds):
        step, total, shares = 1 << turn, np.zeros_like(values), np.zeros_like(weight)
        for i in range(-2, 3):
            for j in range(-2, 3):
                shifted = tuple(np.roll(part, (i * step, j * step), (0, 1)) for part in (values, guide, weight))
                gap = ((shifted[1] - guide) ** 2).sum(axis=-1)
                share = kernel[i + 2] * kernel[j + 2] * shifted[2] * np.exp(-gap * keen)
                total += shifted[0] * share[..., None]
                shares += share
        values = total / np.maximum(shares, 1e-6)[..., None]
    return values[border:-border, border:-border]


def develop(thing: Thing, film: Film, *, rays: int) -> Image.Image:
    side, hits = film.side, np.maximum(film.hits, 1)[:, None]

    def square(values: Floats) -> Floats:
        return values.reshape(side, side, -1)

    cover = square(film.hits / rays)
    normal, depth = square(film.normal / hits), square(film.depth[:, None] / hits)
    guide = np.concatenate([normal * 1.0, depth * 4.0], axis=-1)
    lit = np.maximum(film.lit, 1)[:, None]
    weight = square(film.lit / rays)[..., 0]
    diffuse = smooth(square(film.diffuse / lit), guide, weight, rounds=4, keen=60.0)
    mirrored = smooth(square(film.mirrored / lit), guide, weight, rounds=2, keen=900.0)
    light = square(film.colour / hits) * diffuse + mirrored
    shown = tone(light)
    if thing.ground is None:
        return Image.fromarray(_to_bytes(np.concatenate([shown, cover], axis=-1)), "RGBA")
    back = backdrop(thing, film)
    return Image.fromarray(_to_bytes(shown * cover + back * (1 - cover)), "RGB")


def backdrop(thing: Thing, film: Film) -> Floats:
    side = film.side
    kept = np.divide(film.table, film.table_rays, out=np.ones_like(film.table), where=film.table_rays > 0)
    kept = kept.reshape(side, side, 1)
    weight = film.table_rays.reshape(side, side)
    guide = smooth(kept, kept * 0, np.minimum(weight, 1), rounds=2, keen=0.0)
    kept = smooth(kept, guide, np.minimum(weight, 1), rounds=5, keen=30.0)
    colour = np.array([int(thing.ground[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    falloff = 1.0 - 0.07 * np.clip((x * 0.8 + 0.1) ** 2 + (y + 0.12) ** 2, 0, 1) * 2
    return colour * falloff[..., None] * kept ** np.array([0.52, 0.50, 0.47], np.float32)


def tone(light: Floats) -> Floats:
    """Bright light rolls off as on film; then the curve of screens."""
    x = np.maximum(light, 0) * 0.62
    rolled = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return np.clip(rolled, 0, 1) ** np.float32(1 / 2.2)


def _to_bytes(values: Floats) -> NDArray[np.uint8]:
    return np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
