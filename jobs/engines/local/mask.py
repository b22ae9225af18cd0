"""Which part of the picture is the object? A soft mask, how it was found, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from . import refusals
from .arrays import Field, Flags, Pixels
from .candidates import Scene, propose, read_scene
from .components import Components, keep_main
from .frame import blur, grow, resize
from .judge import measure_touch, score_mask, score_solidity
from .picture import Picture
from .progress import Progress

WORK_SIDE = 384
BUSY_WORK_SIDE = 288  # more proposals to try on a busy ground: keep each cheap
FLAT_SPREAD = 1.5  # of 255
COVERAGE_LEAST = 0.002
ALPHA_COVERAGE_MOST = 0.995
ALPHA_CLEAR_LEAST = 0.005
BELIEVABLE = 0.55  # on a busy ground; below this, fragments are likelier than an object,
BELIEVABLE_AGREED = 0.45  # unless another proposal shows nearly the same
AGREED = 0.75  # overlap of two proposals that show the same object
DOUBTED = 0.70  # overlap below which proposals contradict each other: body or shadow?
UNSURE = 0.45
NOISE_WITHOUT_WORTH = 11.5  # Lab units: the surface fitted to such a frame says little,
SCORE_WITHOUT_WORTH = 0.65  # so what was found by its help counts less
RELIEF_MARGIN = 3.0  # pixels
RELIEF_ROUNDING = 0.06  # of the shorter side


@dataclass(frozen=True, kw_only=True)
class Mask:
    """Where the object is."""

    soft: Field  # at the picture's size; 0.5 is the outline
    method: str  # alpha, border_colour or whole_picture
    confidence: float = 1.0
    plain_background: bool = True
    best_agreement: float = 1.0  # overlap with the most similar of the other proposals,
    least_agreement: float = 1.0  # and with the least similar
    coverage: float
    border_touch: float = 0.0
    components: Components = field(default_factory=Components)


def find_mask(picture: Picture, *, mode: str, progress: Progress) -> Mask:
    if mode == "whole_picture":
        _refuse_flat(picture.rgb)
        return cover_whole_picture(picture)
    mask = mask_from_alpha(picture)
    if mask is None:
        mask = mask_from_colours(picture, progress=progress)
    if mode == "auto" and not is_believable(mask):
        return cover_whole_picture(picture, confidence=mask.confidence)
    return mask


def is_believable(mask: Mask) -> bool:
    """Whether this is an object rather than fragments of a scene without one."""
    needed = BELIEVABLE_AGREED if mask.best_agreement >= AGREED else BELIEVABLE
    return mask.plain_background or mask.confidence >= needed


def is_doubtful(mask: Mask) -> bool:
    """Whether the user should look at the mask before believing it."""
    is_contradicted = mask.plain_background and mask.least_agreement < DOUBTED
    return mask.method == "border_colour" and (mask.confidence < UNSURE or not mask.plain_background or is_contradicted)


def mask_from_alpha(picture: Picture) -> Mask | None:
    """The picture's own cut-out, if it has one."""
    if picture.alpha is None:
        return None
    alpha = picture.alpha.astype(np.float32) / np.float32(255)
    solid = alpha > 0.5
    if solid.mean() <= COVERAGE_LEAST:
        raise refusals.transparent_picture()
    if solid.mean() >= ALPHA_COVERAGE_MOST or (alpha < 0.05).mean() <= ALPHA_CLEAR_LEAST:
        return None
    kept, components = keep_main(solid)
    return Mask(
        soft=_restrict(alpha, kept, filling=1.0), method="alpha", coverage=float(kept.mean()), components=components
    )


def mask_from_colours(picture: Picture, *, progress: Progress) -> Mask:
    """The most believable of several cuts against the colours along the frame."""
    _refuse_flat(picture.rgb)
    progress.prepare(12)
    scene = _read_scene(picture)
    progress.prepare(20)
    trials = _try_proposals(scene, progress=progress)
    best = max(trials, key=lambda trial: trial.score)  # the first of equals
    kept = best.mask
    if kept.mean() < COVERAGE_LEAST:
        raise refusals.no_object()
    agreements = [_overlap(kept, trial.mask) for trial in trials if trial is not best]
    return Mask(
        soft=_sharpen(picture, kept),
        method="border_colour",
        confidence=round(best.score, 3),
        best_agreement=max(agreements, default=1.0),
        least_agreement=min(agreements, default=1.0),
        plain_background=scene.background.is_plain,
        coverage=float(kept.mean()),
        border_touch=round(measure_touch(kept), 3),
        components=best.components,
    )


def cover_whole_picture(picture: Picture, *, confidence: float = 1.0) -> Mask:
    """A rectangle with rounded corners: where there is no believable object, the picture itself becomes a relief."""
    height, width = picture.height, picture.width
    radius = RELIEF_ROUNDING * min(height, width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across = np.abs(x + 0.5 - width / 2) - (width / 2 - RELIEF_MARGIN - radius)
    down = np.abs(y + 0.5 - height / 2) - (height / 2 - RELIEF_MARGIN - radius)
    beyond = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) + np.minimum(np.maximum(across, down), 0) - radius
    soft = np.clip(0.5 - beyond, 0, 1).astype(np.float32)
    return Mask(soft=soft, method="whole_picture", confidence=confidence, coverage=float((soft > 0.5).mean()))


def _refuse_flat(rgb: Pixels) -> None:
    small = _scale_down(rgb, side=WORK_SIDE)
    if float(small.reshape(-1, 3).std(axis=0).max()) < FLAT_SPREAD:
        raise refusals.flat_picture()


def _read_scene(picture: Picture) -> Scene:
    scene = _read_scene_at(picture, side=WORK_SIDE)
    if scene.background.is_plain or max(scene.lab.shape) <= BUSY_WORK_SIDE:
        return scene
    return _read_scene_at(picture, side=BUSY_WORK_SIDE)


def _read_scene_at(picture: Picture, *, side: int) -> Scene:
    small = _scale_down(picture.rgb, side=side)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return read_scene(small, blur(lab, sigma=0.8))


def _scale_down(rgb: Pixels, *, side: int) -> Pixels:
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small: Pixels = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return small


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A proposal, cleaned and judged."""

    mask: Flags
    components: Components
    score: float


def _try_proposals(scene: Scene, *, progress: Progress) -> list[Trial]:
    trials: list[Trial] = []
    for name, proposal in propose(scene):
        progress.prepare(22 + 10 * len(trials))
        mask, components = keep_main(proposal, see_through=scene.looks_like_background)
        trials.append(Trial(mask=mask, components=components, score=_score(scene, name, mask)))
    return trials


def _score(scene: Scene, name: str, mask: Flags) -> float:
    score = score_mask(scene.lab, mask)
    if scene.background.is_plain:
        return 0.9 * score if name == "threshold" else score
    if name in ("threshold", "border") and scene.background.noise >= NOISE_WITHOUT_WORTH:
        score *= SCORE_WITHOUT_WORTH
    return score * score_solidity(mask)


def _overlap(one: Flags, other: Flags) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def _sharpen(picture: Picture, small: Flags) -> Field:
    """The mask at the picture's size, its edge drawn to the edges in the picture."""
    size = (picture.width, picture.height)
    enlargement = max(size) / max(small.shape)
    raised = small.astype(np.float32) if enlargement <= 1 else resize(small.astype(np.float32), size=size)
    raised = blur(raised, sigma=max(0.7, 0.45 * enlargement))
    grey = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    guided = np.clip(_filter_guided(grey, raised, radius=max(2, round(2 * enlargement))), 0, 1)
    soft = 0.6 * guided + 0.4 * raised
    kept, _ = keep_main(soft > 0.5)
    if kept.sum() < max(40, COVERAGE_LEAST * kept.size):
        raise refusals.no_object()
    return _restrict(soft, kept, filling=0.6)


def _filter_guided(guide: Field, field: Field, *, radius: int) -> Field:
    """He's guided filter: a blur of ``field`` that keeps to the edges of ``guide``."""
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: Field) -> Field:
        blurred: Field = cv2.boxFilter(values, -1, window, borderType=cv2.BORDER_REFLECT)
        return blurred

    guide_mean, field_mean = mean(guide), mean(field)
    slope = (mean(guide * field) - guide_mean * field_mean) / (mean(guide * guide) - guide_mean**2 + 1e-4)
    return mean(slope) * guide + mean(field_mean - slope * guide_mean)


def _restrict(soft: Field, kept: Flags, *, filling: float) -> Field:
    """Nothing outside the kept pieces, no pinholes inside them."""
    outside = np.where(grow(kept, radius=2), soft, 0)
    return np.where(kept & (outside <= 0.5), np.float32(filling), outside).astype(np.float32)
