"""What does work cost, who may still spend, and what was spent? The only door to the ledger.

The life of a hold, one ledger row for each generation that a provider is paid for:

* ``hold`` in the transaction that creates the work (submit, retry): checks the budgets, writes the row, not yet
  belonging to any attempt.
* ``may_submit_now`` (or ``is_site_open`` and ``find_braked_owners``) before a generation is taken up;
  ``note_sending`` in the transaction that commits an attempt as ``sending``: ties the row to the attempt and counts
  it for the day, or says no.
* ``settle`` when it is known what became of an attempt: what it really cost, or nothing. Any number of times.
* ``keep_hold`` when a run is handed back or sent again, ``end_work`` when a generation ends, ``release`` when it
  leaves its provider: what was never sent costs nothing; what was sent stays held until it is settled.
* ``write_off`` when rows go while a provider may still charge: the estimate counts as spent.

Locks are always taken in the order job, attempts, owner's feed, purse.
"""

from jobs.services.money.brake import find_braked_owners, is_number_limited, is_site_open, may_submit_now, note_sending
from jobs.services.money.budgets import Budget, describe_budget, read_budget, read_site_budget
from jobs.services.money.holds import hold, keep_hold, release, write_off
from jobs.services.money.prices import Estimate, estimate, find_price, is_free
from jobs.services.money.settling import end_work, settle, settle_some
from jobs.services.money.usage import UsageRow, add_up_engines, read_usage

__all__ = [
    "Budget",
    "Estimate",
    "UsageRow",
    "add_up_engines",
    "describe_budget",
    "end_work",
    "estimate",
    "find_braked_owners",
    "find_price",
    "hold",
    "is_free",
    "is_number_limited",
    "is_site_open",
    "keep_hold",
    "may_submit_now",
    "note_sending",
    "read_budget",
    "read_site_budget",
    "read_usage",
    "release",
    "settle",
    "settle_some",
    "write_off",
]
