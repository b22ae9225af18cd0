"""What does one child do over its lifetime, seen from inside?"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path

import pytest

from image2model.supervisor import child as child_module
from image2model.supervisor.child import Child, ChildSpec, Surroundings, describe_end
from image2model.supervisor.output import Console


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


def make_child(output: io.StringIO, *argv: str, is_quiet: bool = False) -> Child:
    surroundings = Surroundings(
        console=Console(output, colour=False), folder=Path.cwd(), environment={"PATH": os.environ["PATH"]}
    )
    return Child(ChildSpec(name="web", argv=argv, is_quiet=is_quiet), surroundings=surroundings)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def test_it_works(output):
    assert await make_child(output, *python("print('one'); print('two')")).run_once() == 0
    assert output.getvalue() == "web      | one\nweb      | two\n"


async def test_a_last_line_without_its_end_is_shown(output):
    await make_child(output, *python("import sys; sys.stderr.write('half')")).run_once()
    assert output.getvalue() == "web      | half\n"


async def test_an_endless_line_is_cut(output):
    await make_child(output, *python("print('x' * 300_000)")).run_once()
    assert sum(line.count("x") for line in output.getvalue().splitlines()) == 300_000
    assert max(map(len, output.getvalue().splitlines())) < 200_000


async def test_a_quiet_child_is_heard_only_when_it_dies(output, monkeypatch):
    monkeypatch.setattr(child_module, "FIRST_PAUSE", 0.05)
    quiet = make_child(output, *python("print('why')"), is_quiet=True)
    await quiet.run_once()
    assert output.getvalue() == ""
    running = asyncio.create_task(quiet.keep_running())
    while quiet.quick_deaths < 1:
        await asyncio.sleep(0.01)
    quiet.ask_to_stop()
    await running
    assert "web      | why\n" in output.getvalue()


async def test_it_is_loud_once_after_eight_quick_deaths_and_goes_on(output, monkeypatch):
    monkeypatch.setattr(child_module, "FIRST_PAUSE", 0.0)
    dying = make_child(output, "/bin/false")
    running = asyncio.create_task(dying.keep_running())
    while dying.quick_deaths < child_module.LOUD_AFTER + 2:
        await asyncio.sleep(0.01)
    assert dying.is_hopeless
    dying.ask_to_stop()
    await running
    assert output.getvalue().count("has died 8 times in a row") == 1


async def test_a_long_life_forgives_earlier_deaths(output, monkeypatch):
    monkeypatch.setattr(child_module, "SETTLED_AFTER", 0.0)
    monkeypatch.setattr(child_module, "FIRST_PAUSE", 0.0)
    dying = make_child(output, "/bin/false")
    running = asyncio.create_task(dying.keep_running())
    while output.getvalue().count("ended") < 4:
        await asyncio.sleep(0.01)
    assert dying.quick_deaths == 1
    dying.ask_to_stop()
    await running


async def test_a_program_that_is_missing_counts_as_a_death(output):
    assert await make_child(output, "/no/such/program").run_once() == 127
    assert "web cannot be started" in output.getvalue()


def test_ends_are_told_in_words():
    assert describe_end(3) == "ended with code 3"
    assert describe_end(-9) == "was ended by SIGKILL"
    assert describe_end(-64) in ("was ended by signal 64", "was ended by SIGRTMAX")
