"""Where may the virtual FAL listen, and how is it started?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..options import NotLoopbackError, Options, parse_command_line, write_command_line
from ..running import run_virtual_fal


def test_it_works(tmp_path: Path) -> None:
    """Started by hand, it writes where it is and how to use it."""
    command = [sys.executable, "-m", "tests.virtual_fal", "--proxy-port", "0", "--state-dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    written = json.loads((tmp_path / "env.json").read_text())
    process.terminate()
    process.stdout.close()
    assert process.wait(60) == 0
    assert said == written
    assert written["pid"] == process.pid
    assert written["environment"]["HTTPS_PROXY"] == written["proxy_url"]
    assert written["environment"]["SSL_CERT_FILE"] == str(tmp_path / "ca.pem")
    assert written["environment"]["FAL_KEY"]


def test_it_ends_with_its_parent() -> None:
    with run_virtual_fal(proxy_port=None) as fal:
        process = fal._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "example.org", "localhost", ""])
def test_it_rejects_hosts_that_others_can_reach(host: str) -> None:
    with pytest.raises(NotLoopbackError):
        Options(host=host)


@pytest.mark.parametrize("values", [{"speed": 0.0}, {"concurrency": -1}])
def test_it_rejects_impossible_values(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="speed must be"):
        Options(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(port=8080, proxy_port=0, concurrency=0, run_seconds=0.0, speed=30.0, models="local", journal=True),
        Options(state_dir=Path("/tmp/x"), tls_port=0, glb_mb=12.5, until_stdin_closes=True),
    ],
)
def test_options_survive_the_command_line(options: Options) -> None:
    assert parse_command_line(write_command_line(options)) == options
