"""The built-in demonstration: a simulated server with scripted chats, and the configuration that talks to it.

Opened by `Application` before anything is built. No faults, fixed seed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Final

from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.config.model import Snapshot
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.shutdown import Stage
from wxauto_mgt.simulator import SimulatedServer, lifelike
from wxauto_mgt.simulator.script import DemoScript

WHO: Final = "demo"
SEED: Final = 20261122
MESSAGES_PER_MINUTE: Final = 30.0
_OBJECTS: Final = frozenset({("instance", "demo"), ("platform", "demo-keyword"), ("rule", "demo-all")})
_KINDS: Final = ("instance", "listener", "platform", "rule")


class Demo:
    """A simulated server in this process; `run` is a supervised loop."""

    def __init__(self) -> None:
        # Replays are a fault of real servers; the demonstration shows a day without faults.
        self._server = SimulatedServer(dataclasses.replace(lifelike(seed=SEED), replays=False))
        self._script = DemoScript(seed=SEED, messages_per_minute=MESSAGES_PER_MINUTE)
        self._script.populate(self._server.world)

    async def start(self) -> None:
        """Listen on a free port of the loopback.

        Raises:
            OSError: there is no port to be had.
        """
        await self._server.start()

    async def run(self, beat: Callable[[], None]) -> None:
        """Let the scripted people write until cancelled."""
        await self._script.run(self._server.world, beat=beat)

    async def stop(self) -> None:
        """End the server."""
        await self._server.stop()

    def document(self) -> dict[str, object]:
        """The configuration that talks to this server."""
        return {
            "instances": [
                {
                    "id": "demo",
                    "name": "演示",
                    "base_url": self._server.base_url,
                    "api_key": self._server.api_key,
                }
            ],
            "platforms": [
                {
                    "id": "demo-keyword",
                    "name": "演示关键词",
                    "type": "keyword",
                    "config": {"rules": [dict(rule) for rule in _KEYWORD_RULES]},
                }
            ],
            "rules": [
                {
                    "id": "demo-all",
                    "name": "演示：全部消息",
                    "instance": "demo",
                    "chat": "*",
                    "platforms": ["demo-keyword"],
                    "priority": 10,
                }
            ],
        }


async def open_demo(ground: Ground) -> Demo:
    """Start the simulated server and put the configuration that talks to it in force.

    Raises:
        PermanentError: the folder holds somebody's own configuration.
        OSError: there is no port to be had.
    """
    _check_folder(ground.config.snapshot)
    demo = Demo()
    await demo.start()
    ground.closing.push(Stage.CONNECTIONS, "demo", demo.stop)
    await ground.config.import_document(
        json.dumps(demo.document()), filename="demo.json", replace=False, who=WHO
    )
    return demo


def _check_folder(snapshot: Snapshot) -> None:
    """Refuse to put the demonstration beside somebody's own configuration.

    Raises:
        PermanentError: the folder holds other objects.
    """
    foreign = [
        f"{kind} {object_id}"
        for kind in _KINDS
        for object_id in snapshot.candidate.objects(kind)
        if (kind, object_id) not in _OBJECTS
    ]
    if foreign:
        raise PermanentError("demo_folder_in_use", found=foreign[0], count=len(foreign))


def _keyword_rule(keywords: list[str], replies: list[str]) -> Mapping[str, object]:
    return {"keywords": keywords, "match_type": "contains", "replies": replies}


_KEYWORD_RULES: Final = (
    _keyword_rule(["你好", "您好", "早上好"], ["您好，这里是演示机器人，有什么可以帮您？"]),
    _keyword_rule(["在吗"], ["在的，请讲。"]),
    _keyword_rule(["价格", "多少钱"], ["价格表稍后由同事发给您，请留意。"]),
    _keyword_rule(["发票"], ["发票会在三个工作日内开具。"]),
    _keyword_rule(["谢谢"], ["不客气！"]),
)
