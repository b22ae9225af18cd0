"""Who runs when? A queue with a limit on requests at once, kept by arithmetic: events in order of time, no tasks."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable
from itertools import count

from .errors import CANCELLED, START_TIMEOUT, Failure
from .fal_request import OVER, RUNNING, WAITING, FalRequest

ELIGIBLE, DEADLINE, END = "eligible", "deadline", "end"


class Schedule:
    """Requests move when ``advance`` passes their moments, however late it is called."""

    def __init__(
        self,
        limit: int,
        *,
        on_start: Callable[[FalRequest], None],
        judge: Callable[[FalRequest], Failure | None],
        on_end: Callable[[FalRequest], None],
    ) -> None:
        self.limit = limit
        self.running = 0
        self._on_start, self._judge, self._on_end = on_start, judge, on_end
        self._tickets = count(1)
        self._order = count()
        self._waiting: list[int] = []  # tickets, sorted
        self._eligible: list[tuple[bool, int, FalRequest]] = []  # heap: normal before low priority, then by ticket
        self._events: list[tuple[float, int, str, FalRequest]] = []

    @property
    def next_event(self) -> float | None:
        return self._events[0][0] if self._events else None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, request: FalRequest) -> None:
        request.ticket = next(self._tickets)
        insort(self._waiting, request.ticket)
        self._plan(request.eligible_at, ELIGIBLE, request)
        if request.start_deadline is not None:
            self._plan(request.start_deadline, DEADLINE, request)

    def count_ahead(self, request: FalRequest) -> int:
        return bisect_left(self._waiting, request.ticket)

    def advance(self, now: float) -> None:
        """Let everything happen that is due, in the order of its moments."""
        while self._events and self._events[0][0] <= now:
            moment, _, kind, request = heapq.heappop(self._events)
            if kind == ELIGIBLE and request.state == WAITING:
                heapq.heappush(self._eligible, (request.is_low, request.ticket, request))
            elif kind == DEADLINE and request.state == WAITING:
                self._end(request, moment, START_TIMEOUT)
            elif kind == END and request.state == RUNNING and request.ends_at == moment:
                self._end(request, moment, self._judge(request))
            self._fill(moment)

    def cancel(self, request: FalRequest, now: float, *, honoured: bool) -> None:
        """Ask for the end: a waiting request goes at once, a running one only if its model listens."""
        request.cancel_asked = True
        if request.state == WAITING or honoured:
            self._end(request, now, CANCELLED)
            self._fill(now)

    def finish(self, request: FalRequest, now: float) -> None:
        """End it now, whatever was planned."""
        if request.state == WAITING:
            self._start(request, now)
        if request.state == RUNNING:
            self._end(request, now, self._judge(request))
            self._fill(now)

    def _fill(self, moment: float) -> None:
        while self._eligible and (self.limit == 0 or self.running < self.limit):
            _, _, request = heapq.heappop(self._eligible)
            if request.state == WAITING:
                self._start(request, moment)

    def _start(self, request: FalRequest, moment: float) -> None:
        self._leave_queue(request)
        self.running += 1
        self._on_start(request)
        request.start(moment)
        if request.ends_at is not None:
            self._plan(request.ends_at, END, request)

    def _end(self, request: FalRequest, moment: float, failure: Failure | None) -> None:
        if request.state == WAITING:
            self._leave_queue(request)
        elif request.state == RUNNING:
            self.running -= 1
        if request.state != OVER:
            request.end(moment, failure)
            self._on_end(request)

    def _leave_queue(self, request: FalRequest) -> None:
        del self._waiting[bisect_left(self._waiting, request.ticket)]

    def _plan(self, moment: float, kind: str, request: FalRequest) -> None:
        heapq.heappush(self._events, (moment, next(self._order), kind, request))
