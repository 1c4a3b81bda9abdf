"""What an operator's script looks like; run as it is beside a console, and inside a console's process."""

import asyncio
import json

from wxauto_mgt.api.monitor_api import monitor_api


async def main() -> dict[str, object]:
    return {
        "service_status": await monitor_api.get_service_status(),
        "health_report": await monitor_api.get_health_report(),
        "clients": await monitor_api.get_api_clients_status(),
        "listeners": await monitor_api.get_listeners_status(),
        "statistics": await monitor_api.get_statistics(),
        "recent_errors": await monitor_api.get_recent_errors(10),
        "restart": await monitor_api.restart_service(),
        "reload": await monitor_api.reload_config(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main()), ensure_ascii=False))
