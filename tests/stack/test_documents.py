"""Do the commands of the documents work as they stand?"""

from __future__ import annotations

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


def test_the_python_of_the_api_document(product: Product):
    script = read_block("docs/api.md", after="## In Python", language="python")
    product.client().close()  # makes the key
    known = f"HOST = {product.url!r}\nKEY = {product.key!r}\n"
    done = subprocess.run([sys.executable, "-c", known + script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "completed 100" in done.stdout
    assert "duck.stl" in done.stdout
