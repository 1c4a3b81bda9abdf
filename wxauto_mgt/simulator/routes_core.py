"""The core blueprint: service state, the two destructive reads, listeners, sending, window calls.

Owns what each call answers; effects are the world's. Used by the server's route table.
"""

from __future__ import annotations

from wxauto_mgt.simulator.answers import (
    INTERNAL_ERROR,
    MISSING_PARAMETER,
    Answer,
    failed,
    failed_with,
    json_answer,
    ok,
)
from wxauto_mgt.simulator.config import Library, WindowShape
from wxauto_mgt.simulator.routing import Blueprint, Call, Route
from wxauto_mgt.simulator.rows import JSONValue, WireObject
from wxauto_mgt.simulator.world import ChatNotFoundError, LibraryError, World, WrongChatError

_NOTHING_NEW = ok("没有新消息", {"messages": {}})
_SENT = ok("发送成功", {"message_id": "success"})
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


# --- sending through the main window -----------------------------------------------------------


def _send(world: World, call: Call) -> Answer:
    text, at = call.text("message"), call.names("at_list")
    world.queued_tasks += 1
    # A non-empty at_list makes the real server send twice: once with literal mentions, once plain.
    texts = [with_literal_mentions(text, at), text] if at else [text]
    return _send_main(world, call, texts)


def _send_typing(world: World, call: Call) -> Answer:
    text, at = call.text("message"), call.names("at_list")
    return _send_main(world, call, [with_literal_mentions(text, at)])


def with_literal_mentions(text: str, at: tuple[str, ...]) -> str:
    """The text with one `{@name}` line per mention."""
    return "\n".join([text, *(f"{{@{name}}}" for name in at)])


def _send_main(world: World, call: Call, texts: list[str]) -> Answer:
    receiver = call.text("receiver")
    if not receiver or not call.text("message"):
        return MISSING_PARAMETER
    try:
        world.send_main(receiver, texts, call.names("at_list"), call.path)
    except ChatNotFoundError:
        return failed(404, 3001, f"找不到联系人: {receiver}")
    except WrongChatError as error:
        return failed(400, 3001, f"联系人匹配错误，期望: {receiver}, 实际: {error.actual}")
    except LibraryError as error:
        return failed(500, 3001, f"发送失败: {error}")
    return _SENT


def _send_file(world: World, call: Call) -> Answer:
    receiver, paths = call.text("receiver"), call.names("file_paths")
    if not receiver or not paths:
        return MISSING_PARAMETER
    world.queued_tasks += 1
    try:
        world.send_main(receiver, ["[文件]"] * len(paths), (), call.path)
    except ChatNotFoundError:
        return failed(404, 3001, f"找不到联系人: {receiver}")
    except WrongChatError as error:
        return failed(400, 3001, f"联系人匹配错误，期望: {receiver}, 实际: {error.actual}")
    except LibraryError as error:
        return failed(500, 3001, f"发送失败: {error}")
    return ok("发送完成", {"success_count": len(paths), "failed_files": []})


# --- listened windows --------------------------------------------------------------------------


def not_listened(who: str) -> Answer:
    """The answer of every window route to a name that is no listened title."""
    return failed(404, 3001, f"聊天窗口 {who} 未在监听列表中")


def _window_send(world: World, call: Call) -> Answer:
    who, text = call.text("who"), call.text("message")
    if not who or not text:
        return MISSING_PARAMETER
    try:
        found = world.send_window(who, [text], call.names("at_list"), call.path)
    except LibraryError as error:
        return failed(500, 3001, f"发送失败: {error}")
    return _SENT if found else not_listened(who)


def _window_send_typing(world: World, call: Call) -> Answer:
    who, text, at = call.text("who"), call.text("message"), call.names("at_list")
    if not who or not text:
        return MISSING_PARAMETER
    if world.windows.get(who) is None:
        return not_listened(who)
    if world.config.shape is WindowShape.TUPLE:
        return failed(500, 3001, f"发送失败: {_broken(world, 'SendTypingText')}")
    world.send_window(who, [with_literal_mentions(text, at)], (), call.path)
    return _SENT


def _window_at_all(world: World, call: Call) -> Answer:
    who = call.text("who")
    if not who:
        return MISSING_PARAMETER
    if world.windows.get(who) is None:
        return not_listened(who)
    if world.config.shape is WindowShape.TUPLE or world.config.library is Library.WXAUTO:
        return failed(500, 3001, f"发送失败: {_broken(world, 'AtAll')}")
    world.send_window(who, [call.text("message")], ("所有人",), call.path)
    return _SENT


def _window_send_file(world: World, call: Call) -> Answer:
    who, paths = call.text("who"), call.names("file_paths")
    if not who or not paths:
        return MISSING_PARAMETER
    if world.windows.get(who) is None:
        return not_listened(who)
    if world.config.shape is WindowShape.TUPLE:
        reason = _broken(world, "SendFiles")
        failures: list[JSONValue] = [{"path": path, "reason": reason} for path in paths]
        return failed_with(200, 3001, "部分文件发送失败", {"success_count": 0, "failed_files": failures})
    world.send_window(who, ["[文件]"] * len(paths), (), call.path)
    return ok("发送完成", {"success_count": len(paths), "failed_files": []})


def _window_info(world: World, call: Call) -> Answer:
    who = call.query.get("who", "")
    if not who:
        return MISSING_PARAMETER
    window = world.windows.get(who)
    if window is None:
        return not_listened(who)
    if world.config.shape is WindowShape.TUPLE:
        return failed(500, 3001, f"获取失败: {_broken(world, 'ChatInfo')}")
    info: dict[str, JSONValue] = {"chat_name": window.chat.title, "chat_type": window.chat.type.value}
    if window.chat.members:
        info["group_member_count"] = len(window.chat.members) + 1
    if window.chat.aliases:
        info["chat_remark"] = window.chat.aliases[0]
    return ok("获取成功", info)


def _broken(world: World, method: str) -> str:
    if world.config.library is Library.WXAUTO:
        return f"聊天窗口对象没有 {method} 方法"
    return f"'tuple' object has no attribute '{method}'"


# --- operations --------------------------------------------------------------------------------


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
    "/api/message/send": Route(_send, _POST, moves_ui=True, is_queued=True),
    "/api/message/send-typing": Route(_send_typing, _POST, moves_ui=True),
    "/api/message/send-file": Route(_send_file, _POST, moves_ui=True, is_queued=True),
    "/api/chat-window/message/send": Route(_window_send, _POST, moves_ui=True),
    "/api/chat-window/message/send-typing": Route(_window_send_typing, _POST, moves_ui=True),
    "/api/chat-window/message/send-file": Route(_window_send_file, _POST, moves_ui=True),
    "/api/chat-window/message/at-all": Route(_window_at_all, _POST, moves_ui=True),
    "/api/chat-window/info": Route(_window_info),
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
