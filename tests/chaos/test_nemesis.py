"""Everything at random with three clients at work: is every promise kept? ``bin/test --nemesis`` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.conftest import ON_POSTGRES, choose_seed
from tests.chaos.nemesis import run_nemesis

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.mark.slow
def test_a_short_one(tmp_path: Path):
    figures = run_nemesis(tmp_path / "run", minutes=1, seed=choose_seed(), on_postgres=ON_POSTGRES)
    assert figures["faults"] >= 3
    assert figures["generations"].get("completed", 0) > 0, figures
