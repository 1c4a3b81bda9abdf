"""A control face under `/__sim__/`, for tests that drive a simulator in another process.

`POST /__sim__/NAME` with a JSON object of arguments; the answer is `{"result": ...}`, or 400 with
`{"error": ...}`. No key, no rate limit: bind to loopback only. Handed to `SimulatedServer(control=...)`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from wxauto_mgt.simulator.answers import Answer, json_answer
from wxauto_mgt.simulator.rows import JSONValue
from wxauto_mgt.simulator.server import SimulatedServer

Command = Callable[..., object]


def control_face(server: SimulatedServer, name: str, raw: bytes) -> Answer:
    """Carry out one command."""
    command = _commands(server).get(name)
    if command is None:
        return json_answer(404, {"error": f"unknown command: {name}"})
    try:
        arguments = json.loads(raw) if raw.strip() else {}
        result = command(**arguments)
    except (TypeError, ValueError, KeyError) as error:
        return json_answer(400, {"error": f"{type(error).__name__}: {error}"})
    shown: JSONValue = result if isinstance(result, str | int | float | list | dict) else None
    return json_answer(200, {"result": shown})


def _commands(server: SimulatedServer) -> dict[str, Command]:
    world, faults = server.world, server.faults

    def receive_many(rows: list[dict[str, str]]) -> list[JSONValue]:
        return [world.receive(**row) for row in rows]

    def add_chat(title: str, chat_type: str = "friend", aliases: Sequence[str] = ()) -> None:
        world.add_chat(title, chat_type, aliases=aliases)

    def set_api_key(key: str) -> None:
        server.api_key = key

    return {
        "state": lambda: _state(server),
        "sent": lambda: [asdict(message) for message in world.sent],
        "overlaps": lambda: [asdict(overlap) for overlap in server.ui_overlaps],
        "calls": lambda: dict(server.calls),
        "duplicates": lambda: [
            {"chat": chat, "text": text, "count": count}
            for (chat, text), count in world.duplicates_sent().items()
        ],
        "receive": world.receive,
        "receive_many": receive_many,
        "say_from_phone": world.say_from_phone,
        "notice": world.add_notice,
        "add_chat": add_chat,
        "close_window": world.windows.close,
        "replay": world.replay,
        "redraw": world.redraw,
        "kill": world.kill_wechat,
        "revive": world.revive,
        "restart": server.restart,
        "fail_silently": world.failures.silently,
        "fail_loudly": world.failures.loudly,
        "set_api_key": set_api_key,
        "hang": faults.hang,
        "release": faults.release,
        "delay": faults.delay,
        "answer_html": faults.answer_html,
        "fail": faults.fail,
        "drop_connection": faults.drop_connection,
        "cut_json": faults.cut_json,
        "clear_faults": faults.clear,
    }


def _state(server: SimulatedServer) -> dict[str, JSONValue]:
    world = server.world
    listened: list[JSONValue] = list(world.windows.titles())
    return {
        "alive": world.is_alive,
        "initialized": world.is_initialized,
        "uptime_s": world.uptime_s,
        "listened": listened,
        "sent": len(world.sent),
        "duplicates": len(world.duplicates_sent()),
        "overlaps": len(server.ui_overlaps),
    }
