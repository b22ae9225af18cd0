"""Who counts the site's money now?"""

from __future__ import annotations

from jobs.models import Purse

SITE = "site"


def lock_purse() -> None:
    """One process after another until the transaction ends. Always after the owner's feed row, never before."""
    Purse.objects.get_or_create(name=SITE)
    Purse.objects.select_for_update().get(name=SITE)
