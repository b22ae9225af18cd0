"""Which scenarios hand over a broken or odd model? One for each shape of models/broken.py, and sizes at the limit."""

from __future__ import annotations

from typing import Any

from ..models.broken import BREAKERS

_LIMIT = 200 * 1024 * 1024

MODEL_PRESETS: dict[str, dict[str, Any]] = {
    **{f"model-{name}": {"model": name} for name in BREAKERS},
    "model-30-mb": {"glb_mb": 30.0},
    "model-200-mib": {"glb_bytes": _LIMIT},
    "model-over-200-mib": {"glb_bytes": _LIMIT + 1},
}
