"""How does ``bin/up --virtual-fal`` stand the virtual FAL in for the real one?"""

from __future__ import annotations

from image2model.supervisor.options import read_options
from image2model.supervisor.stack import Plan
from image2model.supervisor.virtual_fal import KEY
from tests.supervisor.test_stack import draw


def draw_with_virtual_fal(tmp_path) -> Plan:
    return draw(tmp_path, virtual_fal=True)


def test_it_works(tmp_path):
    plan = draw_with_virtual_fal(tmp_path)
    callers = {spec.name for spec in plan.children if spec.environment.get("FAL_KEY") == KEY}
    assert "tests.virtual_fal" in plan.virtual_fal.argv
    assert callers == {"fal+watch"}
    assert plan.environment["VIRTUAL_FAL"] == "true"


def test_nothing_of_it_without_the_option(tmp_path):
    plan = draw(tmp_path)
    assert plan.virtual_fal is None
    assert "VIRTUAL_FAL" not in plan.environment
    assert not read_options([]).virtual_fal


def test_a_real_key_stays_out(tmp_path, monkeypatch):
    monkeypatch.setenv("FAL_KEY", "real:secret")
    plan = draw_with_virtual_fal(tmp_path)
    assert "real:secret" not in str([spec.environment for spec in plan.children])
    assert "FAL_KEY" not in plan.environment
