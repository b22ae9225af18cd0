"""SQLite is locked by somebody else: is it waited for, and then said? (P17)"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.chaos.checker import judge
from tests.chaos.conftest import Scene

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(300)]
TIMEOUT_SECONDS = 20  # of the product's connections


@pytest.fixture(scope="module")
def shared_scene(open_scene: Callable[..., Scene]) -> Scene:
    """On SQLite, whatever the other tests run on."""
    return open_scene(on_postgres=False)


@pytest.mark.parametrize(
    ("seconds", "statuses"), [(3.0, {200}), pytest.param(45.0, {200, 503}, marks=pytest.mark.slow)]
)
def test_a_lock_is_waited_for_and_then_told(scene: Scene, seconds: float, statuses: set[int]):
    alice = scene.caller()
    alice.patience = 2 * seconds + 60
    holder = threading.Thread(target=scene.stack.hold_database, args=(seconds,))
    holder.start()
    taken = alice.send(scene.fresh(), engine="local")
    holder.join()
    assert taken.status == 200
    uploads = [each for each in scene.history.said if each.method == "POST"]
    assert {each.status for each in uploads} <= statuses | {0}
    scene.stack.wait_until(lambda: alice.is_over(taken.body["job_id"]), what="the job")
    judge(scene.stack, scene.history)
