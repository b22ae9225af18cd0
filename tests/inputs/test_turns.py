"""Row A37: however many pictures come, no more than two are decoded at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jobs.confined import pictures
from jobs.confined.pool import Pool
from tests.factories import make_picture
from tests.images import files
from tests.inputs.rows import case

LARGE = files.make_picture("WEBP", width=4_000, height=3_000)


@pytest.mark.parametrize("number", [case("A37", "twelve", 12)])
def test_two_at_once(monkeypatch, number: int) -> None:
    lock, at_work, most = threading.Lock(), [0], [0]
    run = Pool._run

    def count(self: Pool, *arguments: Any, **named: Any) -> Any:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        try:
            return run(self, *arguments, **named)
        finally:
            with lock:
                at_work[0] -= 1

    monkeypatch.setattr(Pool, "_run", count)
    data = [LARGE if turn % 3 == 0 else make_picture(turn) for turn in range(number)]

    with ThreadPoolExecutor(number) as crowd:
        found = list(crowd.map(lambda picture: pictures.examine(picture, filename="a.webp").facts.width, data))

    assert most[0] == 2
    assert found == [4_000 if turn % 3 == 0 else 96 for turn in range(number)]
