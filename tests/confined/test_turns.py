"""Is everybody served in the order in which they came, and does nobody who left hold a place?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from jobs.confined import turns as turns_module
from jobs.confined.turns import Turns
from tests.running import wait_until


class Crowd:
    """Threads that come one after another and leave when they are told."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.entered = turns, []  # type: tuple[Turns, list[int]]
        self.may_leave = [threading.Event() for _ in range(10)]
        self.threads: list[threading.Thread] = []

    def come(self, number: int) -> None:
        """Inside, or in the line, when this returns."""
        before = self.seen
        self.threads.append(threading.Thread(target=self._take, args=(number,), daemon=True))
        self.threads[-1].start()
        wait_until(lambda: self.seen == before + 1, what=f"number {number} has come")

    @property
    def seen(self) -> int:
        return len(self.entered) + len(self.turns._waiting)

    def _take(self, number: int) -> None:
        with self.turns.take():
            self.entered.append(number)
            self.may_leave[number].wait(30)


@pytest.fixture
def crowd_of() -> Callable[[int], Crowd]:
    return lambda at_once: Crowd(Turns(at_once))


def test_it_works(crowd_of: Callable[[int], Crowd]) -> None:
    crowd = crowd_of(2)
    for number in range(5):
        crowd.come(number)
    assert crowd.entered == [0, 1]
    for leaving in (1, 0, 2):
        before = len(crowd.entered)
        crowd.may_leave[leaving].set()
        wait_until(lambda now=before + 1: len(crowd.entered) == now, what="the next one")
    assert crowd.entered == [0, 1, 2, 3, 4]


def test_who_comes_late_does_not_slip_in(crowd_of: Callable[[int], Crowd]) -> None:
    crowd = crowd_of(1)
    with crowd.turns.take():
        crowd.come(0)
    assert crowd.turns._free == 0  # it is the waiting thread's already, whether or not that one has noticed
    wait_until(lambda: crowd.entered == [0], what="it has noticed")
    crowd.come(1)
    assert crowd.entered == [0]


def test_an_error_gives_the_place_back() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.take():
            raise ZeroDivisionError


@pytest.mark.parametrize("its_turn_had_come", [False, True])
def test_who_is_interrupted_while_waiting_holds_nothing(
    its_turn_had_come: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(1)
    first = turns.take()
    first.__enter__()

    class Interrupted:
        """A lock at which a time limit strikes."""

        def __init__(self) -> None:
            self.asked = 0

        def acquire(self) -> None:
            self.asked += 1
            if self.asked == 2:
                if its_turn_had_come:
                    first.__exit__(None, None, None)
                raise TimeoutError

        def release(self) -> None:
            pass

    monkeypatch.setattr(turns_module, "threading", SimpleNamespace(Lock=Interrupted))
    with pytest.raises(TimeoutError), turns.take():
        raise AssertionError
    monkeypatch.undo()
    if not its_turn_had_come:
        first.__exit__(None, None, None)
    with turns.take():
        assert not turns._waiting
