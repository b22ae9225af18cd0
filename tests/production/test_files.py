"""Are the files of a deployment right by the programs that read them?"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import processes
from tests.production.host import DEPLOY, require_servers, run_quietly
from tests.running import ROOT

PROGRAMS = Path(sys.executable).parent
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SCRIPTS = ("release.sh", "release/host.sh", "release/compose.sh", "make-secrets", "nginx/render", "nginx/start",
           "nginx/write-upstreams")  # fmt: skip


def test_it_works(tmp_path):
    """By systemd's own judgement, in a root where every program is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd must be installed")
    units = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", units)
    for unit in units.glob("*.service"):
        text = re.sub(r"^(Exec\w+)=/\S+", r"\1=/bin/true", unit.read_text(), flags=re.MULTILINE)
        unit.write_text(text)
    named = [units / name.name.replace("@.", "@blue.") for name in [*UNITS, DEPLOY / "systemd/image2model.target"]]
    for path in named:
        if "@blue" in path.name:
            path.symlink_to(units / path.name.replace("@blue", "@"))
    done = run_quietly(["systemd-analyze", "verify", "--man=no", *named], env={"SYSTEMD_UNIT_PATH": f"{units}:"})
    assert [line for line in done.stderr.splitlines() if "image2model" in line] == []
    broken = units / "image2model-post.service"
    broken.write_text(broken.read_text().replace("WorkingDirectory=", "WorkingFolder="))
    assert "WorkingFolder" in run_quietly(["systemd-analyze", "verify", "--man=no", broken]).stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_clean(script):
    done = run_quietly([PROGRAMS / "shellcheck", "-x", DEPLOY / script], cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("slots", [("blue",), ("green",), ("blue", "green", "10"), ("green", "blue", "0")])
def test_nginx_takes_its_configuration(tmp_path, slots):
    require_servers()
    import trustme

    certificate = trustme.CA().issue_cert("portal.example")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    environment = {"PATH": processes.PATH, "SERVER_NAMES": "portal.example www.portal.example",
                   "CERTIFICATE": str(tmp_path / "both.pem"), "CERTIFICATE_KEY": str(tmp_path / "both.pem"),
                   "FILES_DIR": "/var/lib/image2model/files", "RUN_DIR": str(tmp_path), "CACHE_DIR": str(tmp_path),
                   "ACCESS_LOG": str(tmp_path / "access.log")}  # fmt: skip
    subprocess.run([DEPLOY / "nginx/render", tmp_path / "nginx"], env=environment, check=True)
    subprocess.run([DEPLOY / "nginx/write-upstreams", tmp_path / "nginx/upstreams.conf", *slots], check=True)
    command = ["/usr/sbin/nginx", "-t", "-e", "stderr", "-p", tmp_path, "-c", tmp_path / "nginx/nginx.conf"]
    done = run_quietly(command)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_a_gap_in_the_templates_is_told(tmp_path):
    done = run_quietly([DEPLOY / "nginx/render", tmp_path], env={"PATH": processes.PATH})
    assert done.returncode != 0
    assert "SERVER_NAMES" in done.stderr


def test_no_template_keeps_a_gap(tmp_path):
    environment = {"PATH": processes.PATH, "SERVER_NAMES": "a", "CERTIFICATE": "/c", "CERTIFICATE_KEY": "/k",
                   "FILES_DIR": "/f"}  # fmt: skip
    subprocess.run([DEPLOY / "nginx/render", tmp_path], env=environment, check=True)
    assert not [file for file in tmp_path.iterdir() if "${" in file.read_text()]


@pytest.mark.parametrize("unit", [unit.name for unit in UNITS])
def test_every_unit_can_be_read_by_the_runner_of_plain_processes(unit):
    name = unit.replace("@.service", "@blue.service")
    read = processes.read_unit(name, root=Path("/tmp/somewhere"))
    assert read.values["ExecStart"]
    assert not re.search("%[a-zA-Z%]", " ".join(value for values in read.values.values() for value in values))
    assert read.last("NoNewPrivileges") == "true"
    text = " ".join(value for values in read.values.values() for value in values)
    assert not re.search(r"/(opt|etc|run|var)/\S*image2model", re.sub(r"/tmp/somewhere/\S+", "", text))


def test_units_that_face_the_world_have_no_key_of_fal():
    with_key = {unit.name for unit in UNITS if "fal_key" in unit.read_text()}
    assert with_key == {"image2model-watch.service", "image2model-fal.service"}


def test_the_runner_tells_what_it_cannot_do(tmp_path):
    command = [DEPLOY / "processes.py", "--root", tmp_path]
    unknown = run_quietly([*command, "start", "image2model-nonsense"])
    assert (unknown.returncode, unknown.stderr) == (1, "There is no unit image2model-nonsense.service.\n")
    bare = run_quietly([*command, "start", "image2model-post"])
    assert bare.returncode == 1
    assert "secrets/secret_key cannot be read" in bare.stderr
    assert run_quietly([*command, "status", "image2model-post"]).returncode == 3
