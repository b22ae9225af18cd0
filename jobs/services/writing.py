"""How do the threads of one process write at once? On SQLite one after another, or the unlucky ones starve."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connection, transaction

_turn = threading.Lock()


@contextmanager
def write_in_turn() -> Iterator[None]:
    """A transaction. SQLite lets one connection write and the others ask again and again, each until its patience
    ends; of fifty threads that ask, some never meet a free moment. So one thread of a process asks at a time."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    with ExitStack() as turn:
        turn.enter_context(_turn)
        with transaction.atomic():
            transaction.on_commit(turn.close)  # first of all: what else happens then may wait for Redis
            yield
