"""How do tests steer the virtual FAL, and what do they learn from it? Addresses under /_control/."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from ..call import Call, answer_json, refuse
from ..fal_request import OVER
from ..ledger import describe_submit
from ..scenarios import PRESETS, ROWS, Match, Script, read_scenario
from ..scenarios.scenario import ScenarioError, build_faults, build_scenario
from ..weather import Window

PREFIX = "/_control/"


async def answer_control(call: Call) -> web.StreamResponse:
    parts = call.path.removeprefix(PREFIX).split("/")
    handler = _HANDLERS.get((call.request.method, parts[0]))
    if handler is None:
        return refuse(404, "Not a control address")
    try:
        return await handler(call, parts[1:])
    except (ScenarioError, TypeError, ValueError, KeyError) as error:
        return refuse(400, f"{type(error).__name__}: {error}")


async def _show_health(call: Call, rest: list[str]) -> web.StreamResponse:
    return answer_json({"status": "ok"})


async def _add_script(call: Call, rest: list[str]) -> web.StreamResponse:
    """``{"match": {…}, "scenario": "name" | {…}, "count": 1}``; the newest script that fits is followed."""
    asked = await call.read_json()
    script = Script(Match(**asked.get("match", {})), read_scenario(asked["scenario"]), asked.get("count"))
    call.world.scripts.add(script)
    return answer_json({"scenario": script.scenario.name})


async def _list_scenarios(call: Call, rest: list[str]) -> web.StreamResponse:
    return answer_json({"scenarios": sorted(PRESETS), "rows": ROWS})


async def _set_weather(call: Call, rest: list[str]) -> web.StreamResponse:
    """``{"kind": "refuse" | … | "steps", "seconds": 5, "steps": […], "fault": {…}}``; without kind: fair again."""
    asked = await call.read_json()
    world = call.world
    if not asked or not asked.get("kind"):
        world.weather.clear()
        await world.apply_weather()
        return answer_json({"windows": 0})
    seconds = asked.get("seconds")
    until = None if seconds is None else world.clock.now() + seconds
    (fault,) = build_faults({"submit": asked.get("fault", {})})["submit"]
    world.weather.add(Window(asked["kind"], until, tuple(asked.get("steps", ())), fault))
    await world.apply_weather()
    return answer_json({"windows": len(world.weather.windows)})


async def _show_ledger(call: Call, rest: list[str]) -> web.StreamResponse:
    call.world.now()
    since = int(call.query.get("since", 0))
    return answer_json(call.world.ledger.describe(since=since, step=call.query.get("step", "")))


async def _show_summary(call: Call, rest: list[str]) -> web.StreamResponse:
    call.world.now()
    return answer_json(call.world.ledger.summarise())


async def _reset(call: Call, rest: list[str]) -> web.StreamResponse:
    call.world.reset()
    await call.world.apply_weather()
    return answer_json({})


async def _skip_time(call: Call, rest: list[str]) -> web.StreamResponse:
    """``{"skip": seconds}``: the clock goes ahead, and everything due on the way happens."""
    call.world.clock.skip(float((await call.read_json())["skip"]))
    call.world.now()
    return answer_json({"now": call.world.clock.now()})


async def _set_options(call: Call, rest: list[str]) -> web.StreamResponse:
    """Change ``concurrency``, ``speed``, ``run_seconds``, … for what is submitted from now on."""
    asked: dict[str, Any] = await call.read_json()
    world = call.world
    world.options = replace(world.options, **asked)
    world.schedule.limit = world.options.concurrency
    return answer_json({name: str(getattr(world.options, name)) for name in asked})


async def _act_on_request(call: Call, rest: list[str]) -> web.StreamResponse:
    """``requests/{id}/finish`` ends it now; ``requests/{id}/webhook`` delivers a message, with a Webhook's fields."""
    world = call.world
    request = world.requests.get(rest[0]) if len(rest) == 2 else None
    if request is None:
        return refuse(404, "No such request")
    if rest[1] == "finish":
        world.finish(request)
    elif rest[1] == "webhook":
        asked = await call.read_json() or {}
        url = asked.pop("url", request.webhook)
        if request.state != OVER:
            return refuse(409, "The request is not over")
        webhook = build_scenario({"webhook": asked}).webhook
        await world.courier.deliver_once(url, await world.write_message(request), webhook)
        return answer_json(world.ledger.deliveries[-1])
    return answer_json(describe_submit(request))


_HANDLERS = {
    ("GET", "health"): _show_health,
    ("POST", "scenario"): _add_script,
    ("GET", "scenarios"): _list_scenarios,
    ("POST", "weather"): _set_weather,
    ("GET", "ledger"): _show_ledger,
    ("GET", "summary"): _show_summary,
    ("POST", "reset"): _reset,
    ("POST", "clock"): _skip_time,
    ("POST", "options"): _set_options,
    ("POST", "requests"): _act_on_request,
}
