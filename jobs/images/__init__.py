"""Is this upload an acceptable picture, what is it, and how is it shown and sent on? No Django, no numpy."""

from __future__ import annotations

from jobs.images.errors import ImageError
from jobs.images.filenames import clean_filename, make_unique_names
from jobs.images.inspection import ImageFacts, inspect_image
from jobs.images.limits import DEFAULT_LIMITS, MAX_BYTES, MAX_PIXELS, MAX_SIDE, MIN_SIDE, ImageLimits
from jobs.images.rendering import NormalisedImage, make_thumbnail, normalise_image

__all__ = [
    "DEFAULT_LIMITS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "ImageError",
    "ImageFacts",
    "ImageLimits",
    "NormalisedImage",
    "clean_filename",
    "inspect_image",
    "make_thumbnail",
    "make_unique_names",
    "normalise_image",
]
