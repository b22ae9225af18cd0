"""Which of FAL's hosts is asked, and which addresses stand in its answers?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

QUEUE_HOSTS = frozenset({"queue.fal.run", "queue.falrun.com"})
RUN_HOSTS = frozenset({"fal.run", "falrun.com"})
REST_HOST = "rest.fal.ai"
CDN_HOSTS = frozenset({"v3.fal.media", "v3b.fal.media"})
PLATFORM_HOST = "api.fal.ai"
BUCKET_HOST = "storage.googleapis.com"

_AREAS = {
    **dict.fromkeys(QUEUE_HOSTS, "queue"),
    **dict.fromkeys(RUN_HOSTS, "run"),
    **dict.fromkeys(CDN_HOSTS, "cdn"),
    REST_HOST: "rest",
    PLATFORM_HOST: "platform",
    BUCKET_HOST: "bucket",
}
FAL_HOSTS = tuple(_AREAS)


@dataclass(frozen=True)
class Place:
    """Where a request came in: the part of FAL it may see, and the addresses it is told."""

    area: str  # queue, run, cdn, rest, platform, bucket; all on one plain port
    queue: str
    upload: str
    output: str
    bucket: str


@lru_cache(maxsize=256)
def find_place(host: str, scheme: str) -> Place:
    """FAL's own names answer as FAL does; any other name (a loopback address) is all of FAL at once."""
    area = _AREAS.get(host.partition(":")[0].lower())
    if area is None:
        own = f"{scheme}://{host}"
        return Place("all", own, own, own, own)
    return Place(
        area, "https://queue.fal.run", "https://v3.fal.media", "https://v3b.fal.media", f"https://{BUCKET_HOST}"
    )
