"""How does Django answer a request? From its first middleware to its view in one thread, which is used again.

Django's own handler takes a new thread for each request, whose first question to SQLite opens the database and reads
all of its schema, and goes back to the event loop between middleware and view: a fifth of what a small call costs.
All middleware and views of ours are plain functions; streams are answered before Django is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

MOST_IDLE = 8  # each may keep a connection to SQLite open, which is two file descriptors


class Threads:
    """One for each request that is being answered. Those that wait for the next are few."""

    def __init__(self, *, most_idle: int = MOST_IDLE) -> None:
        self.most_idle = most_idle
        self._idle: list[ThreadPoolExecutor] = []

    @contextmanager
    def lend(self) -> Iterator[ThreadPoolExecutor]:
        """A thread that is nobody else's until the block ends. Called from the event loop alone."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="request")
        try:
            yield thread
        finally:
            self._take_back(thread)

    def end_idle(self) -> None:
        """Those that wait for the next request go, with their connections."""
        while self._idle:
            _end(self._idle.pop())

    def _take_back(self, thread: ThreadPoolExecutor) -> None:
        if len(self._idle) < self.most_idle:
            self._idle.append(thread)
            return
        _end(thread)


def _end(thread: ThreadPoolExecutor) -> None:
    thread.submit(connections.close_all)
    thread.shutdown(wait=False)


class Handler(ASGIHandler):
    """Django's handler of requests, whose middleware and views share a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = Threads()

    def load_middleware(self, is_async: bool = False) -> None:
        """As for WSGI, whatever the caller says: nothing of ours would gain from the event loop."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        with self.threads.lend() as thread:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response)(request)
