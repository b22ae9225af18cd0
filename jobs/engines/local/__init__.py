"""Which engine needs no key, no network and no GPU? ``LocalEngine``: a relief model from one picture."""

from __future__ import annotations

import cv2

from .engine import LocalEngine

__all__ = ["LocalEngine"]

# One thread: the workers share the cores among them, and the results do not depend on their number.
cv2.setNumThreads(1)
