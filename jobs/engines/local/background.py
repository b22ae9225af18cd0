"""What would the background look like behind the object? Guesses from the colours along the picture's frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .arrays import Field, Flags, Numbers
from .frame import band_width, ring

RING_SHARE = 0.03
FIT_ROUNDS = 6
OUTLIER = 3.5  # in units of the noise
NOISE_RANGE = (1.5, 12.0)  # Lab units
PLAIN_INLIERS = 0.93
PLAIN_INLIERS_CUT_BELOW = 0.70
PLAIN_NOISE = 7.5
ROW_ENDS_ALIKE = 25.0  # Lab units
CLUSTERS = 4
CLUSTER_SHARE_LEAST = 0.08
CLUSTER_SAMPLES = 4000


@dataclass(frozen=True, kw_only=True)
class Background:
    """A smooth surface fitted to the frame's colours, and how well it explains them."""

    surface: Field  # (height, width, 3) in Lab
    noise: float  # spread of the frame's colours around the surface, Lab units
    inliers: float  # share of the frame that the surface explains
    upper_inliers: float  # the same without the lower side, where a bust or a standing object may cut the frame

    @property
    def is_plain(self) -> bool:
        is_cut_below = self.upper_inliers > PLAIN_INLIERS and self.inliers > PLAIN_INLIERS_CUT_BELOW
        return (self.inliers > PLAIN_INLIERS or is_cut_below) and self.noise < PLAIN_NOISE


def fit_background(lab: Field) -> Background:
    """Fits a quadratic surface to the frame, giving less weight each round to what does not belong to it."""
    basis = _quadratic_basis(lab.shape)
    band = ring(lab.shape, share=RING_SHARE)
    colours, terms = lab[band].astype(np.float64), basis[band]
    distance = np.linalg.norm(colours - np.median(colours, axis=0), axis=1)
    weight = (distance <= np.quantile(distance, 0.7)).astype(np.float64)
    for _ in range(FIT_ROUNDS):
        coefficients = _solve_weighted(terms, colours, weight)
        residual = np.linalg.norm(colours - _evaluate(terms, coefficients), axis=1)
        spread = max(1.4826 * float(np.median(residual)), 1.0)
        weight = (1 - np.clip(residual / (OUTLIER * spread), 0, 1) ** 2) ** 2
    noise = float(np.clip(1.4826 * np.median(residual), *NOISE_RANGE))
    explained = residual < OUTLIER * max(spread, NOISE_RANGE[0])
    return Background(
        surface=_evaluate(basis, coefficients).astype(np.float32),
        noise=noise,
        inliers=float(explained.mean()),
        upper_inliers=float(explained[_is_above_lower_side(band)].mean()),
    )


def _is_above_lower_side(band: Flags) -> Flags:
    """For each pixel of the band, in the order in which a mask picks them."""
    rows, _ = np.nonzero(band)
    above: Flags = rows < band.shape[0] - band_width(band.shape, share=RING_SHARE)
    return above


def _quadratic_basis(shape: tuple[int, ...]) -> Numbers:
    height, width = shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)


def _solve_weighted(terms: Numbers, colours: Numbers, weight: Numbers) -> Numbers:
    # einsum, not a matrix product: its sums do not depend on how many threads the linear algebra library has.
    left = np.einsum("ni,nj->ij", terms * weight[:, None], terms)
    right = np.einsum("ni,nc->ic", terms * weight[:, None], colours)
    return np.linalg.solve(left + 1e-9 * np.eye(len(left)), right)


def _evaluate(terms: Numbers, coefficients: Numbers) -> Numbers:
    values: Numbers = np.einsum("...k,kc->...c", terms, coefficients)
    return values


def distance_to_surface(lab: Field, background: Background) -> Field:
    distance: Field = np.linalg.norm(lab - background.surface, axis=-1) / np.float32(background.noise)
    return distance


def distance_to_rows(lab: Field, *, noise: float) -> Field:
    """Against a blend of what is at both ends of the same row: finds a floor that meets a wall."""
    width = lab.shape[1]
    band = band_width(lab.shape, share=RING_SHARE)
    left, right = np.median(lab[:, :band], axis=1), np.median(lab[:, -band:], axis=1)
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    blend = left[:, None] * (1 - across) + right[:, None] * across
    distance: Field = (np.linalg.norm(lab - blend, axis=-1) / max(noise, 2.0)).astype(np.float32)
    distance[np.linalg.norm(left - right, axis=1) >= ROW_ENDS_ALIKE] = np.inf
    return distance


def distance_to_clusters(lab: Field) -> Field:
    """Against the main colours along the top and the sides; the bottom is where cropped objects touch the frame."""
    samples = _samples_of_top_and_sides(lab)
    cv2.setRNGSeed(1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, labels, centres = cv2.kmeans(samples, CLUSTERS, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    distance = np.full(lab.shape[:2], np.inf, np.float32)
    for cluster in range(CLUSTERS):
        members: Flags = labels.ravel() == cluster
        if members.mean() >= CLUSTER_SHARE_LEAST:
            distance = np.minimum(distance, _mahalanobis(lab, samples[members], centres[cluster]))
    return distance


def _samples_of_top_and_sides(lab: Field) -> Field:
    band = band_width(lab.shape, share=RING_SHARE)
    chosen = np.zeros(lab.shape[:2], bool)
    chosen[:band], chosen[:, :band], chosen[:, -band:] = True, True, True
    samples = lab[chosen]
    return np.ascontiguousarray(samples[:: max(1, len(samples) // CLUSTER_SAMPLES)])


def _mahalanobis(lab: Field, members: Field, centre: Field) -> Field:
    deviation = (members - centre).astype(np.float64)
    covariance = np.einsum("ni,nj->ij", deviation, deviation) / max(1, len(members) - 1) + 4.0 * np.eye(3)
    whiten = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
    offset = lab - centre
    # Written out: three products for each axis, without a matrix product (see _solve_weighted).
    squared = sum(
        (offset[..., 0] * whiten[0, k] + offset[..., 1] * whiten[1, k] + offset[..., 2] * whiten[2, k]) ** 2
        for k in range(3)
    )
    distance: Field = np.sqrt(squared)
    return distance
