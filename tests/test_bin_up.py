"""Does ``bin/up`` find its way on a bare machine, and say in one line what it lacks?"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
Runner = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with a copy of the project in a path with a space, and with nothing on its PATH but ``dirname``."""
    project = tmp_path / "some where" / "project"
    shutil.copytree(ROOT / "bin", project / "bin", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "image2model" / "supervisor", project / "image2model" / "supervisor")
    for name in ("__init__.py", "configuration.py", "misspelt.py"):
        shutil.copy(ROOT / "image2model" / name, project / "image2model")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "dirname").symlink_to("/usr/bin/dirname")
    return tmp_path


@pytest.fixture
def run_up(machine: Path) -> Runner:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["/bin/sh", str(machine / "some where" / "project" / "bin" / "up"), *arguments]
        variables = {"PATH": str(machine / "programs"), "HOME": str(machine / "nowhere"), **environment}
        return subprocess.run(command, cwd=machine, env=variables, capture_output=True, text=True, timeout=60)

    return run


def install_python(machine: Path, name: str, *, answer: str) -> None:
    program = machine / "programs" / name
    program.write_text(f"#!/bin/sh\necho {answer}\n")
    program.chmod(0o755)


def install_real_python(machine: Path, name: str = "python3") -> None:
    program = machine / "programs" / name
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)


def test_it_works(machine, run_up):
    install_real_python(machine)
    done = run_up("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: bin/up")


def test_without_python_it_says_so(run_up):
    done = run_up()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Image2Model cannot start: it needs Python 3.11 or newer, and there is none here. Install it, then try again.\n"
    )


def test_an_old_python_is_named(machine, run_up):
    install_python(machine, "python3", answer="3.9")
    done = run_up()
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and only 3.9 is here" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_python_without_pip_is_named(machine, run_up):
    install_python(machine, "python3", answer="bare")
    done = run_up()
    assert done.returncode == 1
    assert "python3 has no pip" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_newer_python_beside_an_old_one_is_found(machine, run_up):
    install_python(machine, "python3", answer="3.9")
    install_real_python(machine, "python3.12")
    assert run_up("--help").returncode == 0


def test_a_broken_environment_is_passed_over(machine, run_up):
    venv = machine / "some where" / "project" / ".venv"
    (venv / ".installed").mkdir(parents=True)
    (venv / ".installed" / "requirements.txt").write_text("old")
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to("/no/such/python")
    install_real_python(machine)
    assert run_up("--help").returncode == 0


def test_a_taken_port_is_told_before_anything_is_installed(machine, run_up):
    install_real_python(machine)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run_up("--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "is taken by another program" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (machine / "some where" / "project" / ".venv").exists()


def test_a_relative_data_directory_is_the_callers(machine, run_up):
    install_real_python(machine)
    (machine / "occupied").write_text("")
    done = run_up("--port", "0", DATA_DIR="occupied/data")
    assert done.returncode == 1
    assert f"The data directory {machine}/occupied/data is not writable" in done.stderr
    assert done.stderr.count("\n") == 1


def test_wrong_arguments_end_with_usage(machine, run_up):
    install_real_python(machine)
    done = run_up("--workers", "many")
    assert done.returncode == 2
    assert "--workers: must be a whole number from 1 to 64" in done.stderr
