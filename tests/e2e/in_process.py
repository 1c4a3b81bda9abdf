"""A console whose own process runs the operator's script; its data folder is the first argument."""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.e2e import operators_script
from wxauto_mgt.app import Application


async def run(data_dir: Path) -> dict[str, object]:
    application = await Application.open(data_dir=data_dir, environment=os.environ)
    try:
        await application.start()
        return await operators_script.main()
    finally:
        await application.stop()


print(json.dumps(asyncio.run(run(Path(sys.argv[1]))), ensure_ascii=False))
