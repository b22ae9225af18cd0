"""What is the verdict of ``bin/test`` when a test fails, and when it passes only alone?"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ONCE = """
from pathlib import Path

def test_once():
    mark = Path(__file__).with_suffix(".ran")
    had_run = mark.exists()
    mark.touch()
    assert had_run
"""
NEVER = "\n".join(f"def test_never_{number}(): assert not 1\n" for number in range(4))
SKIPPED = ONCE + "import pytest\ndef test_skipped(): pytest.skip('no reason')\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """``bin/test.py``, at work in a folder of its own; ``test`` is a module of Python's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "bin"))
    spec = importlib.util.spec_from_file_location("bin_test", ROOT / "bin/test.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bin_test", module)
    spec.loader.exec_module(module)
    return module


def run(program: types.ModuleType, tmp_path: Path, text: str, *arguments: str, **variables: str) -> int:
    path = tmp_path / "test_example.py"
    path.write_text(text)
    wishes = program.read_wishes([path.name, *arguments])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TEST_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), "FAIL_ON_SKIP": "", "TRY_FAILED_AGAIN": "", **variables}
    return int(program.run_pytest(wishes, environment=environment))


def test_it_works(program, tmp_path):
    assert run(program, tmp_path, "def test_it_works(): pass") == 0


def test_a_failed_test_fails_it_by_hand(program, tmp_path):
    assert run(program, tmp_path, ONCE) == 1


def test_one_that_passes_alone_is_named(program, tmp_path, capfd):
    assert run(program, tmp_path, ONCE, TRY_FAILED_AGAIN="1") == 0
    assert "UNSTABLE, passed only alone: " in capfd.readouterr().out


def test_one_that_fails_twice_fails_it(program, tmp_path, capfd):
    assert run(program, tmp_path, NEVER, "-k", "never_1", TRY_FAILED_AGAIN="1") == 1
    said = capfd.readouterr().out
    assert "Trying again" in said
    assert "UNSTABLE" not in said


def test_many_are_not_tried_again(program, tmp_path, capfd):
    assert run(program, tmp_path, NEVER, TRY_FAILED_AGAIN="1") == 1
    assert "Trying again" not in capfd.readouterr().out


def test_a_skipped_test_cannot_pass_that_way(program, tmp_path, capfd):
    plugin = ("-p", "tests.environment")
    assert run(program, tmp_path, SKIPPED, *plugin, TRY_FAILED_AGAIN="1", FAIL_ON_SKIP="1") == 8
    assert "Trying again" not in capfd.readouterr().out
