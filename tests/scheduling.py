"""Which worker of a test run takes which test file, and in which order?

A pytest plugin, loaded by ``addopts``; it matters with ``-n`` alone. What a file starts (a product, a browser, a
production host) is started once, so a file stays in one worker, and so does a folder whose files share a product.
Files that start processes mostly wait for them: one worker takes those first while the others compute, and the longest
of each kind come before the short ones, so that all end at the same time. Browsers come last: once Playwright runs in a
process, no asyncio test can.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_ONE_PRODUCT = ("tests/stack",)  # folders


class Kind(Enum):
    """By the marks that tell it."""

    BROWSER = ("mark.browser",)
    STACK = ("mark.stack", "mark.chaos")
    PLAIN = ("",)


_WISHES = {True: (Kind.STACK, Kind.PLAIN, Kind.BROWSER), False: (Kind.PLAIN, Kind.STACK, Kind.BROWSER)}


class FileScheduling(LoadScopeScheduling):
    """Whole files; ``workqueue`` holds those that nobody has begun."""

    workqueue: OrderedDict[str, dict[str, bool]]

    def _split_scope(self, nodeid: str) -> str:
        return find_unit(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(self._choose_unit(node), last=False)
        super()._assign_work_unit(node)

    def _choose_unit(self, node: WorkerController) -> str:
        """The longest of the kind that this worker likes best."""
        wishes = _WISHES[node is self.nodes[0]]

        def rank(unit: str) -> tuple[int, int]:
            return wishes.index(judge_unit(self.config.rootpath / unit)), -len(self.workqueue[unit])

        return min(self.workqueue, key=rank)


def find_unit(nodeid: str) -> str:
    """What stays together with this test."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in _ONE_PRODUCT if file.startswith(f"{folder}/")), file)


@cache
def judge_unit(path: Path) -> Kind:
    """By the marks that its text names."""
    text = "".join(file.read_text() for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path]))
    return next(kind for kind in Kind if any(mark in text for mark in kind.value))


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling | None:
    """Instead of xdist's own, unless another one is asked for."""
    return FileScheduling(config, log) if config.getoption("dist") == "load" else None
