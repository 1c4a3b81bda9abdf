"""The core blueprint's sending calls, through the main window and through listened windows.

Owns what each call answers; whether something goes out is the world's. Used by the server's route table.
"""

from __future__ import annotations

from wxauto_mgt.simulator.answers import MISSING_PARAMETER, Answer, failed, failed_with, ok
from wxauto_mgt.simulator.config import Library, WindowShape
from wxauto_mgt.simulator.library_failures import LibraryError
from wxauto_mgt.simulator.routing import Call, Route
from wxauto_mgt.simulator.rows import JSONValue
from wxauto_mgt.simulator.world import ChatNotFoundError, World, WrongChatError

_SENT = ok("发送成功", {"message_id": "success"})


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


_POST = ("POST",)

ROUTES: dict[str, Route] = {
    "/api/message/send": Route(_send, _POST, moves_ui=True, is_queued=True),
    "/api/message/send-typing": Route(_send_typing, _POST, moves_ui=True),
    "/api/message/send-file": Route(_send_file, _POST, moves_ui=True, is_queued=True),
    "/api/chat-window/message/send": Route(_window_send, _POST, moves_ui=True),
    "/api/chat-window/message/send-typing": Route(_window_send_typing, _POST, moves_ui=True),
    "/api/chat-window/message/send-file": Route(_window_send_file, _POST, moves_ui=True),
    "/api/chat-window/message/at-all": Route(_window_at_all, _POST, moves_ui=True),
    "/api/chat-window/info": Route(_window_info),
}
