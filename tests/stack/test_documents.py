"""Do the commands of the documents work as they stand?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.running import ROOT, Product

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


def read_block(document: str, *, after: str, language: str) -> str:
    text = (ROOT / document).read_text(encoding="utf-8").split(after, 1)[1]
    match = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert match, f"{document} has no {language} block after {after!r}"
    return match[1]


def test_the_ten_lines_of_the_readme(product: Product, tmp_path: Path):
    script = read_block("README.md", after="## The API in ten lines", language="sh")
    script = script.replace("http://127.0.0.1:8000", product.url).replace(".venv/bin/python", sys.executable)
    script = script.replace("-o models.zip", f"-o {tmp_path}/models.zip")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=product.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "event: task_completed" in done.stdout
    assert {"duck.glb", "duck.stl"} <= set(zipfile.ZipFile(tmp_path / "models.zip").namelist())


def test_the_commands_of_the_api_document(product: Product, tmp_path: Path):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    script = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    script = script.replace("http://127.0.0.1:8000", product.url).replace(".venv/bin/python", sys.executable)
    script = re.sub(r"-o (\S+)", rf"-o {tmp_path}/\1", script)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=product.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "event: task_completed" in done.stdout
    assert done.stdout.endswith("unsupported_file_type\n")
    assert (tmp_path / "duck.glb").read_bytes().startswith(b"glTF")
    assert {"duck.glb", "lamp.stl"} <= set(zipfile.ZipFile(tmp_path / "models.zip").namelist())


def test_the_python_of_the_api_document(product: Product, tmp_path: Path):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    product.client().close()  # makes the key
    known = f"HOST = {product.url!r}\nKEY = {product.key!r}\nFOLDER = {str(tmp_path)!r}\n"
    client, hand, socket = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    by_client, by_hand = run_python(known + client), run_python(known + hand + socket)
    assert "completed 100" in by_client
    assert "duck.stl" in by_client
    assert "unsupported_file_type" in by_client
    assert "completed 100" in by_hand
    assert "duck.stl" in by_hand
    assert "task_completed 100" in by_hand  # over the websocket


def run_python(script: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "document", ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(document: str):
    place = ROOT / document
    for address in re.findall(r"\]\(([^)#]+)[^)]*\)", place.read_text(encoding="utf-8")):
        assert "://" in address or (place.parent / address).exists(), f"{document}: {address}"
