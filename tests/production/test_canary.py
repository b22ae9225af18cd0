"""Does nginx send the share of visitors that is asked for, and each always to the same slot?"""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import processes
from tests.production.host import DEPLOY, require_servers, run_quietly
from tests.servers import find_free_port

SAYS_ITS_SLOT = """
daemon off; pid {root}/nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c; uwsgi_temp_path {root}/d;
    scgi_temp_path {root}/e;
    include upstreams.conf;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 $slot; }} }}
}}
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """An nginx with the real split that only says what it chose."""
    require_servers()
    with tempfile.TemporaryDirectory() as folder:
        root, port = Path(folder), find_free_port()
        (root / "nginx.conf").write_text(SAYS_ITS_SLOT.format(root=root, port=port))
        command = [DEPLOY / "nginx/write-upstreams", root / "upstreams.conf", "blue", "green", "10"]
        subprocess.run(command, check=True, env={"PATH": processes.PATH})
        command = ["/usr/sbin/nginx", "-e", "stderr", "-p", folder, "-c", str(root / "nginx.conf")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            yield port
            process.terminate()


def ask(port: int, *visitors: str) -> list[str]:
    """The slot of each visitor, who is told by a key."""
    config = "\n".join(
        f'next\nurl = "http://127.0.0.1:{port}/"\nheader = "Authorization: Bearer {name}"\nwrite-out = "\\n"'
        for name in visitors
    ).removeprefix("next\n")
    command = ["curl", "--silent", "--show-error", "--retry", "5", "--retry-connrefused", "--config", "-"]
    done = subprocess.run(command, input=config, text=True, capture_output=True, check=True)
    return done.stdout.split()


def test_it_works(port):
    slots = Counter(ask(port, *(f"visitor-{number}" for number in range(1000))))
    assert slots.total() == 1000
    assert 50 <= slots["green"] <= 150
    assert slots["blue"] + slots["green"] == 1000


def test_a_visitor_keeps_a_slot(port):
    names = [f"visitor-{number}" for number in range(30)]
    assert ask(port, *names) == ask(port, *names)


def test_a_slot_that_does_not_exist_is_refused(tmp_path):
    done = run_quietly([DEPLOY / "nginx/write-upstreams", tmp_path / "upstreams.conf", "red"])
    assert done.returncode == 1
    assert "There is no slot red." in done.stderr
