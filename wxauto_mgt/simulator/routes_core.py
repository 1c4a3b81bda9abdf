"""The core blueprint without sending: service state, the two destructive reads, listeners, operations.

Owns what each call answers; effects are the world's. Used by the server's route table.
"""

from __future__ import annotations

from wxauto_mgt.simulator.answers import (
    INTERNAL_ERROR,
    Answer,
    failed,
    failed_with,
    json_answer,
    ok,
)
from wxauto_mgt.simulator.library_failures import LibraryError
from wxauto_mgt.simulator.routing import Blueprint, Call, Route
from wxauto_mgt.simulator.rows import JSONValue, WireObject
from wxauto_mgt.simulator.world import World

_NOTHING_NEW = ok("没有新消息", {"messages": {}})
_NO_NICKNAME = failed(400, 1002, "缺少必要参数: nickname")


def _health(world: World, _: Call) -> Answer:
    data: JSONValue = {
        "status": "ok",
        "uptime": int(world.uptime_s),
        "wechat_status": "connected" if world.is_initialized else "disconnected",
        "wx_lib": world.config.library.value,
    }
    return ok("服务正常", data)


def _verify(_: World, __: Call) -> Answer:
    return ok("验证成功", {"valid": True})


def _initialize(world: World, _: Call) -> Answer:
    if not world.initialize():
        return failed(500, 2001, "初始化失败")
    return ok("初始化成功", {"status": "connected", "window_name": world.config.account})


def _status(world: World, _: Call) -> Answer:
    online = world.is_initialized
    name = world.config.account if online else ""
    return ok("获取成功", {"status": "online" if online else "offline", "window_name": name})


def next_new(world: World, _: Call) -> Answer:
    """`get-next-new`, also under `/api/chat`."""
    return _messages(world.next_new(), "获取成功")


def listen_get(world: World, _: Call) -> Answer:
    """`listen/get`, also under `/api/chat`."""
    return _messages(world.listen_get(), "获取消息成功")


def _messages(batch: tuple[str, list[WireObject]] | None, message: str) -> Answer:
    if batch is None:
        return _NOTHING_NEW
    chat, rows = batch
    items: list[JSONValue] = list(rows)
    return ok(message, {"messages": {chat: items}})


def listen_add(world: World, call: Call) -> Answer:
    """`listen/add`, also under `/api/chat`: code 0 whatever the library found."""
    nickname = call.body.get("nickname")
    if not nickname:
        return _NO_NICKNAME
    try:
        world.listen_add(nickname)  # type: ignore[arg-type]  # the real server passes any JSON value on
    except LibraryError as error:
        return failed(500, 3001, f"添加监听失败: {error}")
    return ok("添加监听成功", {"nickname": nickname, "library": world.config.library.value})


def listen_remove(world: World, call: Call) -> Answer:
    """`listen/remove`, also under `/api/chat`: success for any name."""
    nickname = call.body.get("nickname")
    if not nickname:
        return failed(400, 1001, "缺少必要参数: nickname")
    world.listen_remove(str(nickname))
    library = world.config.library.value if world.is_initialized else None
    return ok("移除监听成功", {"nickname": nickname, "library": library})


def _add_current(_: World, __: Call) -> Answer:
    return failed(500, 3001, "添加监听失败: 'WeChatAdapter' object has no attribute 'GetCurrentWindowName'")


def _reactivate(world: World, call: Call) -> Answer:
    world.listen_remove(call.text("who"))
    reason = "WeChat.AddListenChat() got an unexpected keyword argument 'who'"
    return failed(500, 3001, f"重新激活失败: {reason}")


def _resources(_: World, __: Call) -> Answer:
    memory: JSONValue = {"total": 24105, "used": 654, "free": 23451, "usage_percent": 2.7}
    return ok("获取成功", {"cpu": {"usage_percent": 12.5, "core_count": 2}, "memory": memory})


def _queue_stats(world: World, _: Call) -> Answer:
    data: JSONValue = {
        "queue_size": 0,
        "request_count": world.queued_tasks,
        "error_count": 0,
        "worker_threads": 5,
        "queue_running": True,
    }
    return ok("获取成功", data)


def _contact_list(world: World, _: Call) -> Answer:
    reason = "当前库版本不支持" if world.is_initialized else "微信实例未初始化"
    return failed(500, 5001, f"获取好友列表失败: {reason}")


def _group_list(world: World, _: Call) -> Answer:
    reason = "当前库版本不支持" if world.is_initialized else "微信实例未初始化"
    return failed(500, 4001, f"获取群列表失败: {reason}")


def _group_manage(_: World, __: Call) -> Answer:
    return INTERNAL_ERROR


def _api_settings(world: World, call: Call) -> Answer:
    address = call.forwarded_for or call.address
    if not (address.startswith(("127.", "192.168.")) or address == "::1"):
        return failed(403, 4003, "访问被拒绝：此API仅限本地访问")
    return ok("获取成功", {"api_key": world.config.api_key, "wechat_lib": world.config.library.value})


def _no_log_file(_: World, __: Call) -> Answer:
    return failed(200, 404, "今日日志文件不存在")


def _download(world: World, call: Call) -> Answer:
    path = call.text("file_path")
    if not path:
        return failed_with(400, 1002, "缺少必要参数", {"error": "file_path"})
    content = world.files.get(path)
    if content is None:
        return failed_with(404, 3003, "文件下载失败", {"error": "文件不存在"})
    name = path.replace("\\", "/").rpartition("/")[2]
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Answer(200, content, "application/octet-stream", headers)


def _root_health(_: World, __: Call) -> Answer:
    return json_answer(200, {"status": "ok"})


_POST = ("POST",)

ROUTES: dict[str, Route] = {
    "/health": Route(_root_health, blueprint=Blueprint.OTHER, is_protected=False),
    "/api/health": Route(_health, is_protected=False),
    "/api/auth/verify": Route(_verify, _POST, reads_body=False),
    "/api/wechat/initialize": Route(
        _initialize, _POST, reads_body=False, moves_ui=True, takes="initialize_s"
    ),
    "/api/wechat/status": Route(_status),
    "/api/message/get-next-new": Route(next_new, moves_ui=True),
    "/api/message/listen/get": Route(listen_get),
    "/api/message/listen/add": Route(listen_add, _POST, moves_ui=True, on_null=_NO_NICKNAME),
    "/api/message/listen/remove": Route(listen_remove, _POST, moves_ui=True),
    "/api/message/listen/add-current": Route(_add_current, _POST),
    "/api/message/listen/reactivate": Route(_reactivate, _POST, moves_ui=True),
    "/api/system/resources": Route(_resources, takes="resources_s"),
    "/api/system/queue-stats": Route(_queue_stats),
    "/api/contact/list": Route(_contact_list),
    "/api/group/list": Route(_group_list),
    "/api/group/manage": Route(_group_manage, _POST),
    "/api/config/get-api-settings": Route(_api_settings, is_protected=False),
    "/api/logs/current": Route(_no_log_file, is_protected=False),
    "/api/logs/tail": Route(_no_log_file, is_protected=False),
    "/api/file/download": Route(_download, _POST),
}
