"""What does the start refuse, and with which one line?"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from image2model.supervisor import refusals
from image2model.supervisor.__main__ import report_refusal
from image2model.supervisor.instance import Instance
from image2model.supervisor.refusals import Refusal, claim_port, require_space, require_writable
from image2model.supervisor.stack import ROOT
from tests.supervisor.children import POLITE


def run_supervisor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "image2model.supervisor", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )


def test_it_works(supervise):
    supervised = supervise(
        {"name": "web", "code": POLITE}, prepare="print('tables are up to date')", sample="print('mug.glb')"
    )
    supervised.wait_for("prepare  | tables are up to date")
    supervised.wait_for("sample   | mug.glb")
    assert supervised.wait_for("Image2Model is ready:") == "Image2Model is ready: http://127.0.0.1:0"


def test_the_first_login_is_shown_once_even_if_a_kill_came_between(supervise, tmp_path):
    login = tmp_path / "first_login.json"
    login.write_text(json.dumps({"email": "admin@localhost", "password": "pass-word"}))
    first = supervise()
    line = first.wait_for("Image2Model is ready:")
    assert line.endswith(" — log in as admin@localhost with password pass-word")
    assert first.stop() == 0
    assert not login.exists()
    assert "log in" not in supervise().wait_for("Image2Model is ready:")


def test_a_taken_port_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run_supervisor("--port", port, DATA_DIR=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr == (
        f"Image2Model cannot start: Port {port} is taken by another program. Choose another one with --port.\n"
    )


def test_a_second_instance_is_one_line(supervise, tmp_path):
    running = supervise({"name": "web", "code": POLITE})
    running.wait_for("up")
    ended = run_supervisor("--port", "0", DATA_DIR=str(tmp_path))
    assert ended.returncode == 1
    assert f"already runs on the data directory {tmp_path} (process {running.process.pid})" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert len(running.alive()) == 1


def test_a_data_directory_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    ended = run_supervisor(DATA_DIR=str(tmp_path / "file" / "data"))
    assert ended.returncode == 1
    assert "is not writable" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_wrong_setting_is_one_line(tmp_path):
    ended = run_supervisor(DATA_DIR=str(tmp_path), MAX_FILES="many")
    assert (ended.returncode, ended.stderr) == (1, "Image2Model cannot start: MAX_FILES must be a whole number.\n")


@pytest.mark.parametrize("arguments", [("--port", "x"), ("--port", "70000"), ("--workers", "0"), ("--bogus",)])
def test_wrong_arguments_end_with_usage(arguments):
    ended = run_supervisor(*arguments)
    assert ended.returncode == 2
    assert "usage: bin/up" in ended.stderr


def test_help_names_every_option():
    ended = run_supervisor("--help")
    assert ended.returncode == 0
    assert all(option in ended.stdout for option in ("--port", "--host", "--workers"))


def test_a_full_disk_is_refused(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=150_000_000)
    monkeypatch.setattr(refusals.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(Refusal, match=r"150 MB free in .*, running needs 200 MB"):
        require_space(tmp_path, at_least=refusals.SPACE_TO_START, purpose="running")


def test_a_disk_that_fills_up_during_the_start_is_one_line(capsys):
    def fill() -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/secret_key")

    assert report_refusal(fill) == 1
    assert capsys.readouterr().err == (
        "Image2Model cannot start: The disk is full: /data/secret_key could not be written.\n"
    )


def test_a_host_of_another_machine_is_refused():
    with pytest.raises(Refusal, match="not an address of this machine"):
        claim_port("192.0.2.1", 0)


def test_port_zero_means_any():
    assert claim_port("127.0.0.1", 0) > 0


def test_a_missing_data_directory_is_made_for_its_owner_alone(tmp_path):
    require_writable(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_the_secret_key_is_made_once_and_private(tmp_path):
    instance = Instance(tmp_path)
    key = instance.keep_secret_key()
    assert len(key) >= 50
    assert instance.keep_secret_key() == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
