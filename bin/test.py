"""What does ``bin/test`` run, in which order, and what is its verdict?"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from installation import PYTHON, ROOT, VENV, install

from image2model.supervisor.__main__ import report_refusal

_DESCRIPTION = """\
Runs the whole suite: style, types, import contracts, missing migrations, and all tests, on SQLite and an embedded
Valkey. Sets up what they need the first time; every server is started and stopped by itself. With pytest arguments,
only pytest runs, with these.
"""
_EXAMPLES = """\
examples:
  bin/test                              everything but the slow and the chaos tests
  bin/test --all                        these too
  bin/test --chaos                      processes killed at every named step, servers and disks that fail
  bin/test --nemesis 10 --seed 7        ten minutes of faults at random; without a seed one is drawn and told
  bin/test --postgres -m database       what is sensitive to the database, on PostgreSQL
  bin/test tests/supervisor -k restart  some tests
"""
_WORKERS = ("-n", "3")  # many tests wait for other processes
_EVERY_DAY, _CHAOS = "not slow and not chaos", "chaos and not slow"
_CHAOS_WORKERS = ("-n", "2", "--dist", "loadfile", "tests/chaos")  # each file has a stack of its own
_TESTS_FAILED, _MOST_TRIED_AGAIN = 1, 3


@dataclass(frozen=True, kw_only=True)
class Wishes:
    on_postgres: bool
    only_chaos: bool
    everything: bool
    nemesis_minutes: float | None
    seed: int | None
    pytest_arguments: tuple[str, ...]

    @property
    def marker_arguments(self) -> tuple[str, ...]:
        if self.everything or any(argument.startswith("-m") for argument in self.pytest_arguments):
            return ()
        return ("-m", _CHAOS if self.only_chaos else _EVERY_DAY)


def read_wishes(argv: Sequence[str]) -> Wishes:
    parser = argparse.ArgumentParser(
        prog="bin/test",
        usage="bin/test [--postgres] [--chaos | --all | --nemesis MINUTES [--seed N]] [pytest arguments]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--chaos", action="store_true", help="only the quick ones of the tests that break things")
    chosen.add_argument("--nemesis", type=float, metavar="MINUTES", help="random faults under load, then a verdict")
    chosen.add_argument("--all", action="store_true", help="the slow and the chaos tests too")
    parser.add_argument("--seed", type=int, help="with --chaos or --nemesis: the same faults again")
    known, others = parser.parse_known_args(argv)
    return Wishes(
        on_postgres=known.postgres,
        only_chaos=known.chaos,
        everything=known.all,
        nemesis_minutes=known.nemesis,
        seed=known.seed,
        pytest_arguments=tuple(others),
    )


def main(argv: Sequence[str]) -> int:
    wishes = read_wishes(argv)
    os.chdir(ROOT)
    try:
        return report_refusal(lambda: set_up_and_test(wishes))
    except KeyboardInterrupt:
        return 130


def set_up_and_test(wishes: Wishes) -> int:
    install(for_tests=True)
    environment = dict(os.environ)
    if wishes.on_postgres:
        environment["TEST_ON_POSTGRES"] = "1"
    if wishes.seed is not None:
        environment["CHAOS_SEED"] = str(wishes.seed)
    if wishes.nemesis_minutes is not None:
        return run_nemesis(wishes.nemesis_minutes, environment=environment)
    if not wishes.pytest_arguments and not wishes.only_chaos:
        environment["FAILED_CHECKS"] = ", ".join(run_checks())
    return run_pytest(wishes, environment=environment)


def run_nemesis(minutes: float, *, environment: Mapping[str, str]) -> int:
    """Its seed comes first, its figures last; every broken promise is a line in between."""
    return subprocess.run(
        [str(PYTHON), "-m", "tests.chaos.nemesis", str(minutes)], env=environment, check=False
    ).returncode


def run_checks() -> list[str]:
    """The names of those that failed; all of them run, so that one correction round is enough."""
    with tempfile.TemporaryDirectory(prefix="image2model-checks-") as data_dir:
        environment = {**os.environ, "DATA_DIR": data_dir}
        return [" ".join(check) for check in _list_checks() if not _passes(check, environment=environment)]


def _list_checks() -> list[tuple[str, ...]]:
    return [
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("mypy",),
        ("lint-imports",),
        ("bandit", "-q", "-c", "pyproject.toml", "-r", "accounts", "image2model", "jobs", "bin"),
        ("manage.py", "makemigrations", "--check", "--dry-run"),
    ]


def _passes(check: tuple[str, ...], *, environment: Mapping[str, str]) -> bool:
    """A check that passes says one line, one that fails says everything."""
    program, *arguments = check
    start = [str(PYTHON), program] if program.endswith(".py") else [str(VENV / "bin" / program)]
    done = subprocess.run(
        [*start, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    has_passed = done.returncode == 0
    print(f"{'passed' if has_passed else 'FAILED'}: {' '.join(check)}", flush=True)
    if not has_passed:
        print(done.stdout, flush=True)
    return has_passed


def run_pytest(wishes: Wishes, *, environment: Mapping[str, str]) -> int:
    arguments = (*wishes.marker_arguments, *_choose_arguments(wishes))
    if not environment.get("TRY_FAILED_AGAIN"):
        return _start_pytest(arguments, environment=environment)
    with tempfile.TemporaryDirectory(prefix="image2model-pytest-") as cache:
        status = _start_pytest((*arguments, "-o", f"cache_dir={cache}"), environment=environment)
        if status == _TESTS_FAILED and (failed := _read_failed(Path(cache))):
            status = try_again(failed, environment=environment)
        return status


def try_again(failed: Sequence[str], *, environment: Mapping[str, str]) -> int:
    """Once more, one after the other: a busy machine fails tests that wait for others, a fault of ours fails twice."""
    if len(failed) > _MOST_TRIED_AGAIN:
        return _TESTS_FAILED
    print(f"\nTrying again, alone: {', '.join(failed)}", flush=True)
    status = _start_pytest(failed, environment=environment)
    if status == 0:
        print(f"UNSTABLE, passed only alone: {', '.join(failed)}", flush=True)
    return status


def _choose_arguments(wishes: Wishes) -> Sequence[str]:
    return wishes.pytest_arguments or (_CHAOS_WORKERS if wishes.only_chaos else _WORKERS)


def _start_pytest(arguments: Sequence[str], *, environment: Mapping[str, str]) -> int:
    return subprocess.run([str(PYTHON), "-m", "pytest", *arguments], env=environment, check=False).returncode


def _read_failed(cache: Path) -> list[str]:
    """The tests that pytest noted as failed in its cache."""
    path = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(path.read_text())) if path.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
