"""The routes that the console uses, and no others. A budget and a call record are kept for each."""

from __future__ import annotations

from typing import Final

HEALTH: Final = "/api/health"
INITIALIZE: Final = "/api/wechat/initialize"
SESSIONS: Final = "/api/wechat/get-session"
SUB_WINDOWS: Final = "/api/wechat/get-all-sub-windows"
NEXT_NEW: Final = "/api/message/get-next-new"
LISTEN_GET: Final = "/api/message/listen/get"
LISTEN_ADD: Final = "/api/message/listen/add"
LISTEN_REMOVE: Final = "/api/message/listen/remove"
WINDOW_INFO: Final = "/api/chat-window/info"
SEND_WINDOW: Final = "/api/chat-window/message/send"
SEND_MAIN: Final = "/api/message/send"
