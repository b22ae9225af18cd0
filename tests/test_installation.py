"""Does the set-up do only what is missing, and name the reason when it cannot?"""

from __future__ import annotations

import errno
import os
import sys
import types
from pathlib import Path

import pytest

from image2model.supervisor import refusals
from image2model.supervisor.refusals import Refusal

BIN = Path(__file__).resolve().parent.parent / "bin"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The module, at work in an empty project of its own."""
    monkeypatch.syspath_prepend(str(BIN))
    monkeypatch.delitem(sys.modules, "installation", raising=False)
    import installation

    venv = tmp_path / ".venv"
    places = {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "RUN_REQUIREMENTS": tmp_path / "requirements.txt",
        "TEST_REQUIREMENTS": tmp_path / "tests" / "requirements.txt",
        "_LIBRARIES": tmp_path / "node_modules",
        "_LOCK_FILE": tmp_path / "package-lock.json",
        "_STAMPS": venv / ".installed",
        "_LIBRARY_STAMP": tmp_path / "node_modules" / ".installed",
    }
    for name, place in places.items():
        monkeypatch.setattr(installation, name, place)
    (tmp_path / "tests").mkdir()
    for name in ("requirements.txt", "tests/requirements.txt", "package-lock.json"):
        (tmp_path / name).write_text("some==1\n")
    return installation


@pytest.fixture
def asked(installation, monkeypatch) -> list[list[str]]:
    """The commands that would have been run."""
    commands: list[list[str]] = []

    def note(command, **_):
        commands.append(list(command))
        installation._LIBRARIES.mkdir(exist_ok=True)  # as npm does
        if "venv" in command:
            (installation.VENV / "bin").mkdir(parents=True)
            installation.PYTHON.write_text("")

    monkeypatch.setattr(installation, "_run", note)
    monkeypatch.setattr(installation, "_find_node", lambda: (Path("node"), Path("npm-cli.js")))
    return commands


def summarise(commands: list[list[str]]) -> list[str]:
    words = ("venv", "--requirement", "ci")
    return [next(word for word in words if word in command) for command in commands]


def test_it_works(installation, asked):
    installation.install()
    assert summarise(asked) == ["venv", "--requirement", "ci"]
    assert "--omit=dev" in asked[-1]


def test_a_second_time_nothing_is_done(installation, asked):
    installation.install()
    asked.clear()
    installation.install()
    assert asked == []


def test_only_what_changed_is_done_again(installation, asked, tmp_path, monkeypatch):
    installation.install()
    asked.clear()
    monkeypatch.setattr(installation, "_can_run", lambda _: True)
    (tmp_path / "requirements.txt").write_text("some==2\n")
    installation.install()
    assert summarise(asked) == ["--requirement"]
    (tmp_path / "package-lock.json").write_text("{}")
    asked.clear()
    installation.install()
    assert summarise(asked) == ["ci"]


def test_the_tests_add_to_what_the_product_needs(installation, asked, monkeypatch):
    installation.install()
    asked.clear()
    monkeypatch.setattr(installation, "_can_run", lambda _: True)
    installation.install(for_tests=True)
    assert summarise(asked) == ["--requirement", "ci"]
    assert "--omit=dev" not in asked[-1]
    asked.clear()
    installation.install()
    assert asked == []


def test_without_ensurepip_the_machines_pip_is_borrowed(installation, asked, monkeypatch):
    monkeypatch.setattr(installation, "find_spec", lambda name: None if name == "ensurepip" else object())
    installation.install()
    assert "--without-pip" in asked[0]
    assert asked[1][1:4] == ["-m", "pip", "--python"]


def test_a_disk_without_room_is_told_first(installation, asked, monkeypatch):
    usage = refusals.shutil.disk_usage("/")._replace(free=2_000_000_000)
    monkeypatch.setattr(refusals.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(Refusal, match=r"Not enough disk space: 2,000 MB free in .*, the set-up needs 2,500 MB"):
        installation.install()
    assert asked == []


def test_a_disk_that_fills_up_is_told(installation):
    with pytest.raises(OSError, match="No space left") as caught:
        installation._run(
            ["/bin/sh", "-c", "echo 'ERROR: [Errno 28] No space left on device'; exit 1"], failure="It failed"
        )
    assert caught.value.errno == errno.ENOSPC


def test_a_full_disk_becomes_one_line(installation, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(installation, "_run", fail)
    with pytest.raises(Refusal, match=r"The disk is full: the set-up in .* could not be finished"):
        installation.install()


def test_a_failing_program_gives_its_last_lines(installation, capfd):
    with pytest.raises(Refusal, match="It failed; the lines above say why"):
        installation._run(["/bin/sh", "-c", "echo no such package; exit 1"], failure="It failed")
    assert "  | no such package\n" in capfd.readouterr().err
