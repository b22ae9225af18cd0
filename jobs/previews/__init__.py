"""How is a finished model pictured, without a graphics card? Free of Django; imported only by workers."""

from __future__ import annotations

from .render import render_preview, render_view

__all__ = ["render_preview", "render_view"]
