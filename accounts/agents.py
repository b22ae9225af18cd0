"""Which browser on which system is it? Enough for its owner to know it again."""

from __future__ import annotations

BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def describe_agent(header: str) -> str:
    """``Firefox on Windows``; the first words of a header that is of none of them."""
    browser = next((name for mark, name in BROWSERS if f"{mark}/" in header), "")
    system = next((name for mark, name in SYSTEMS if mark in header), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or header[:40] or "Unknown browser"
