"""A real supervisor over small fake children, which its one argument describes as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from image2model.supervisor.__main__ import report_refusal
from image2model.supervisor.child import ChildSpec
from image2model.supervisor.instance import Instance
from image2model.supervisor.output import Console
from image2model.supervisor.processes import DATA_DIR_MARK, end_leftovers
from image2model.supervisor.run import Run
from image2model.supervisor.stack import Plan
from image2model.supervisor.valkey import describe_valkey


def draw_fake_plan(description: dict, data_dir: Path) -> Plan:
    store, redis_url = describe_valkey(data_dir) if description.get("valkey") else (None, "")
    return Plan(
        url="http://127.0.0.1:0",
        store=store,
        prepare=_describe("prepare", description["prepare"]) if "prepare" in description else None,
        children=tuple(_describe(**child) for child in description["children"]),
        first_model=_describe("sample", description["sample"]) if "sample" in description else None,
        environment={**os.environ, DATA_DIR_MARK: str(data_dir), "REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"},
    )


def _describe(name: str, code: str, stage: int = 1, answers: bool | None = None) -> ChildSpec:
    """``answers``: what is found whenever somebody looks whether it is ready; without it nobody looks."""

    async def is_ready() -> bool:
        return bool(answers)

    command = (sys.executable, "-c", code)
    return ChildSpec(name=name, argv=command, stage=stage, is_ready=None if answers is None else is_ready)


def run(description: dict) -> int:
    data_dir = Path(description["data_dir"])
    instance = Instance(data_dir)
    end_leftovers(data_dir)
    plan = draw_fake_plan(description, data_dir)
    life = Run(plan, instance=instance, console=Console(), folder=data_dir, grace=description.get("grace", 10.0))
    asyncio.run(life.live())
    return 0


if __name__ == "__main__":
    sys.exit(report_refusal(lambda: run(json.loads(sys.argv[1]))))
