"""How fine may the triangles be? Finds the spacing that uses up the face limit without passing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from . import refusals
from .arrays import Flags, Indices, Points
from .outline import Outline
from .progress import Progress
from .refine import cut_chords, cut_spokes, find_edges, free_rim
from .triangulate import Depth, Lattice, Net, place_points, triangulate

FindCuts = Callable[[Points, Indices], Flags]
SPACING_LEAST = 0.8  # pixels: finer triangles than the mask's pixels show nothing new
RIM_SHARE_MOST = 0.02  # of the object's size: a coarser outline would show corners
USED_LEAST = 0.97  # of the face limit
USED_AIM = 0.985
ROUNDS_MOST = 14
SPREAD_LEAST = 0.004  # of the spacing: bounds closer than this cannot be told apart


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the faces are shared out between the rim and the inside."""

    rings: tuple[float, ...]  # where the edges from the rim inwards are cut, in shares of their length
    rim_ratio: float  # spacing along the rim in units of the spacing inside

    def guess_faces(self, outline: Outline, spacing: float) -> float:
        inside = 2 * outline.area / (0.866 * spacing**2)
        return inside + (1 + 6.5 * len(self.rings)) * outline.length / (self.rim_ratio * spacing)

    def guess_spacing(self, outline: Outline, faces: float) -> float:
        inside = 2 * outline.area / 0.866
        along = (1 + 6.5 * len(self.rings)) * outline.length / self.rim_ratio
        return float(2 * inside / (np.sqrt(along * along + 4 * faces * inside) - along))


# Small budgets pay for the outline first, then for rings along it, then for the inside.
LAYOUTS = (
    Layout(rings=(0.08, 0.32), rim_ratio=0.85),
    Layout(rings=(0.2,), rim_ratio=0.6),
    Layout(rings=(), rim_ratio=0.4),
    Layout(rings=(), rim_ratio=0.2),
)


def build_net(outline: Outline, depth: Depth, find_cuts: FindCuts, *, face_limit: int, progress: Progress) -> Net:
    """The finest triangulation whose two sides and flat faces stay within the limit."""
    target = face_limit // 2
    layout = _choose_layout(outline, target)
    spacing: float | None = max(layout.guess_spacing(outline, USED_AIM * target), SPACING_LEAST)
    search = Search(target=target, size=outline.size)
    while spacing is not None:
        percent = min(78, 70 + 3 * search.rounds)
        net = _build_at(
            outline, depth, find_cuts, layout=layout, spacing=spacing, tell=partial(progress.generate, percent)
        )
        faces = count_faces(net) / 2
        correction = faces / layout.guess_faces(outline, spacing)
        search.note(spacing, faces, net)
        spacing = search.next_spacing(layout.guess_spacing(outline, USED_AIM * target / correction))
    if search.best is None:
        raise refusals.outline_too_detailed(face_limit)
    return search.best


def _choose_layout(outline: Outline, target: float) -> Layout:
    for layout in LAYOUTS:
        if layout.rim_ratio * layout.guess_spacing(outline, target) < RIM_SHARE_MOST * outline.size:
            return layout
    return LAYOUTS[-1]


def _build_at(
    outline: Outline,
    depth: Depth,
    find_cuts: FindCuts,
    *,
    layout: Layout,
    spacing: float,
    tell: Callable[[], None],
) -> Net:
    tell()
    lattice = place_points(outline, depth, spacing=spacing, rim_spacing=layout.rim_ratio * spacing)
    tell()
    net = free_rim(triangulate(lattice), _find_freed(lattice, find_cuts))
    tell()
    net = cut_spokes(cut_chords(net), shares=layout.rings)
    tell()
    return net


def _find_freed(lattice: Lattice, find_cuts: FindCuts) -> Flags:
    freed = np.zeros(len(lattice.points), bool)
    freed[: lattice.rim_count] = find_cuts(lattice.points[: lattice.rim_count], lattice.owner)
    return freed


def count_faces(net: Net) -> int:
    """Faces of the closed body: both sides, and flat faces along what was freed of the rim."""
    edges = find_edges(net.triangles, points=len(net.points))
    flat = 2 * int(edges.is_border.sum()) - int(net.rim[edges.ends[edges.is_border]].sum())
    return 2 * len(net.triangles) + flat


class Search:
    """Narrows the spacing down between one that gives too many faces and one that gives too few."""

    def __init__(self, *, target: float, size: float) -> None:
        self.best: Net | None = None
        self._best_faces = 0.0
        self._target = target
        self._size = size
        self.rounds = 0
        self._too_fine = 0.0
        self._too_coarse = np.inf
        self._is_over = False

    def note(self, spacing: float, faces: float, net: Net) -> None:
        self.rounds += 1
        if faces > self._target:
            self._too_fine = max(self._too_fine, spacing)
            return
        self._too_coarse = min(self._too_coarse, spacing)
        if faces > self._best_faces:
            self.best, self._best_faces = net, faces
        self._is_over = faces >= USED_LEAST * self._target or spacing <= SPACING_LEAST

    def next_spacing(self, wanted: float) -> float | None:
        """The next one to try, or None when there is nothing left to gain."""
        if self._is_over or self.rounds >= ROUNDS_MOST or self._too_coarse < self._too_fine * (1 + SPREAD_LEAST):
            return None
        if not self._too_fine * (1 + SPREAD_LEAST / 2) < wanted < self._too_coarse * (1 - SPREAD_LEAST / 2):
            wanted = self._between()
        wanted = max(wanted, SPACING_LEAST)
        return wanted if wanted <= 1.5 * self._size else None

    def _between(self) -> float:
        if not self._too_fine:
            return self._too_coarse / 1.2
        if np.isinf(self._too_coarse):
            return self._too_fine * 1.2
        return float(np.sqrt(self._too_fine * self._too_coarse))
