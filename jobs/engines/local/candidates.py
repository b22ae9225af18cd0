"""Where could the object be? Several cuts of the same picture, to be judged against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from .arrays import Field, Flags, Pixels
from .background import (
    Background,
    distance_to_clusters,
    distance_to_rows,
    distance_to_surface,
    fit_background,
)
from .components import keep_main
from .frame import blur, grow, ring
from .shadow import find_shadow

THRESHOLD_RANGE = (3.5, 12.0)  # in units of the background's noise
GRABCUT_ROUNDS = 3
GRABCUT_SEEDS_LEAST = 50  # pixels


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A small picture in Lab, with everything that is known of its background."""

    bgr: Pixels
    lab: Field
    background: Background
    distance: Field  # from the background, in units of its noise
    oddness: Field  # the same without the row-by-row guess
    threshold: float
    shadow: Flags
    beyond: Flags  # further from the background than the threshold, shadows included

    @property
    def looks_like_background(self) -> Flags:
        near: Flags = self.distance < self.threshold
        return near | self.shadow if self.background.is_plain else near


def read_scene(rgb: Pixels, lab: Field) -> Scene:
    background = fit_background(lab)
    distance = oddness = distance_to_surface(lab, background)
    if not background.is_plain:
        oddness = np.minimum(distance, distance_to_clusters(lab))
        distance = np.minimum(oddness, distance_to_rows(lab, noise=background.noise))
    threshold = float(np.clip(np.expm1(_split_in_two(np.log1p(distance))), *THRESHOLD_RANGE))
    beyond = distance > threshold
    shadow = find_shadow(lab, background, grounded=~beyond) & beyond
    return Scene(
        bgr=cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR),
        lab=lab,
        background=background,
        distance=distance,
        oddness=oddness,
        threshold=threshold,
        shadow=shadow,
        beyond=beyond,
    )


def _split_in_two(values: Field) -> float:
    """Otsu's threshold: the value that parts the histogram into the two most compact halves."""
    counts, edges = np.histogram(values, 128)
    share = counts / max(1, counts.sum())
    below = np.cumsum(share)
    mean = np.cumsum(share * (edges[:-1] + edges[1:]) / 2)
    both = below * (1 - below)
    between = np.where(both > 1e-12, (mean[-1] * below - mean) ** 2 / np.maximum(both, 1e-12), -1)
    return float(edges[int(np.argmax(between)) + 1])


def propose(scene: Scene) -> Iterator[tuple[str, Flags]]:
    """Named masks, one after the other; each may take 0.1 s."""
    lit = _without_shadow(scene)
    nothing = np.zeros_like(scene.shadow)
    shadow = scene.shadow if lit is not scene.beyond else nothing
    near = scene.distance < scene.threshold
    lit, _ = keep_main(lit, see_through=near | shadow, keep_share=0.05)
    yield "threshold", lit
    yield from _named("border", _cut(scene, _seed(scene, lit, shadow)), least=0.35 * float(lit.sum()))
    if scene.background.is_plain:
        yield from _propose_with_shadow(scene, shadow)
        return
    yield from _named("box", _cut(scene, _seed_box(scene)), least=0)
    yield from _named("salient", _cut(scene, _seed_salient(scene)), least=0)


def _propose_with_shadow(scene: Scene, shadow: Flags) -> Iterator[tuple[str, Flags]]:
    everything, _ = keep_main(scene.beyond, see_through=scene.distance < 0.5 * scene.threshold, keep_share=0.05)
    if shadow.sum() > 0.03 * everything.sum():
        cut = _cut(scene, _seed(scene, everything, np.zeros_like(shadow)))
        yield from _named("border_with_shadow", cut, least=0.35 * float(everything.sum()))


def _named(name: str, mask: Flags | None, *, least: float) -> Iterator[tuple[str, Flags]]:
    if mask is not None and mask.sum() > least:
        yield name, mask


def _without_shadow(scene: Scene) -> Flags:
    if not scene.background.is_plain:
        return scene.beyond
    lit = scene.beyond & ~scene.shadow
    return lit if lit.sum() >= 0.25 * scene.beyond.sum() else scene.beyond


def _seed(scene: Scene, mask: Flags, shadow: Flags) -> Pixels:
    """Certain inside what is far from the background, certain outside around it, open in between."""
    seeds = np.full(mask.shape, cv2.GC_PR_BGD, np.uint8)
    seeds[mask] = cv2.GC_PR_FGD
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    seeds[(depth > 2.5) & (scene.distance > 2 * scene.threshold)] = cv2.GC_FGD
    seeds[ring(mask.shape, share=0.015) & (scene.distance < scene.threshold)] = cv2.GC_BGD
    seeds[~grow(mask, radius=max(3, int(0.05 * max(mask.shape))))] = cv2.GC_BGD
    seeds[shadow & ~grow(mask, radius=2)] = cv2.GC_BGD
    return seeds


def _seed_box(scene: Scene) -> Pixels:
    """Whatever lies in the middle."""
    seeds = np.full(scene.shadow.shape, cv2.GC_PR_FGD, np.uint8)
    seeds[ring(seeds.shape, share=0.06)] = cv2.GC_BGD
    return seeds


def _seed_salient(scene: Scene) -> Pixels:
    """The most unusual colours, the nearer to the middle the better."""
    height, width = scene.shadow.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    unusual = (np.log1p(scene.oddness) * np.exp(-1.6 * (x * x + y * y))).astype(np.float32)
    unusual = blur(unusual, sigma=4)
    seeds = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    seeds[unusual > np.quantile(unusual, 0.80)] = cv2.GC_PR_FGD
    seeds[ring(seeds.shape, share=0.015)] = cv2.GC_BGD
    return seeds


def _cut(scene: Scene, seeds: Pixels) -> Flags | None:
    """GrabCut from these seeds, or None where there are too few of one kind."""
    outside = (seeds == cv2.GC_BGD) | (seeds == cv2.GC_PR_BGD)
    if min(outside.sum(), (~outside).sum()) < GRABCUT_SEEDS_LEAST:
        return None
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(scene.bgr, seeds, None, *models, GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return None  # one of its two colour models came out empty: this proposal has nothing to say
    inside: Flags = (seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD)
    return inside
