"""The other blueprints: sessions and windows, chat aliases, operations that fail with the free library.

They answer malformed requests in HTML. Owns what each call answers. Used by the server's route table.
"""

from __future__ import annotations

from wxauto_mgt.simulator.answers import MISSING_PARAMETER, Answer, failed, json_answer, ok
from wxauto_mgt.simulator.chats import Chat, ChatType
from wxauto_mgt.simulator.config import Library, WindowShape
from wxauto_mgt.simulator.library_failures import LibraryError
from wxauto_mgt.simulator.routes_core import listen_add, listen_get, listen_remove, next_new
from wxauto_mgt.simulator.routes_sending import not_listened
from wxauto_mgt.simulator.routing import Blueprint, Call, Handler, Route
from wxauto_mgt.simulator.rows import JSONValue
from wxauto_mgt.simulator.world import World

_RENDERED_SESSIONS = 30


def _get_session(world: World, _: Call) -> Answer:
    try:
        chats = world.sessions()[:_RENDERED_SESSIONS]
    except LibraryError as error:
        return failed(500, 3001, f"获取会话列表失败: {error}")
    clock = world.wall_text("%H:%M")
    return ok("获取会话列表成功", {"sessions": [_session(chat, clock) for chat in chats]})


def _session(chat: Chat, clock: str) -> JSONValue:
    last = chat.last_human()
    content = chat.preview()
    if last is not None and chat.type is ChatType.GROUP and last.sender != "self":
        content = f"{last.sender}：{content}"
    fields: dict[str, JSONValue] = {
        "name": chat.title,
        "time": clock if last is not None else None,
        "content": content,
        "ismute": chat.is_muted,
        "isnew": chat.badge > 0,
        "new_count": chat.badge,
    }
    return {**fields, "info": fields}


def _sub_windows(world: World, _: Call) -> Answer:
    if not world.is_initialized:
        return failed(500, 3001, "获取所有子窗口失败: 微信实例未初始化")
    windows: list[JSONValue] = [
        {"who": title, "window_id": f'<{world.config.library.value} - Chat object("{title}")>'}
        for title in world.windows.titles()
    ]
    return ok("获取所有子窗口成功", {"sub_windows": windows})


def _sub_window(world: World, call: Call) -> Answer:
    nickname = call.query.get("nickname", "")
    if not nickname:
        return MISSING_PARAMETER
    return ok("获取子窗口成功", {"nickname": nickname, "has_window": world.windows.get(nickname) is not None})


def _chat_with(world: World, call: Call) -> Answer:
    who = call.text("who")
    if not who:
        return MISSING_PARAMETER
    try:
        chat = world.open_chat(who)
    except LibraryError as error:
        return failed(500, 3001, f"打开聊天窗口失败: {error}")
    return ok("打开聊天窗口成功", {"who": who, "result": chat.title if chat is not None else None})


def _start_listening(world: World, _: Call) -> Answer:
    world.windows.start_polling()
    return ok("开始监听成功", None)


def _stop_listening(world: World, call: Call) -> Answer:
    remove = call.body.get("remove", True) is not False
    world.windows.stop_polling(close=remove)
    return ok("停止监听成功", {"remove": remove})


def _switch(_: World, __: Call) -> Answer:
    return ok("切换成功", None)


def _send_message(world: World, call: Call) -> Answer:
    who, text, at = call.text("who"), call.text("message"), call.names("at_list")
    if not who or not text:
        return failed(400, 4001, "缺少必要参数")
    try:
        world.send_to_open_chat(who, [text], at, call.path)
    except LibraryError as error:
        return failed(500, 3001, f"发送失败: {error}")
    return ok("发送成功", {"who": who, "message": text, "at_list": list(at)})


def _all_messages(world: World, call: Call) -> Answer:
    who = call.query.get("who", "")
    if not who:
        return MISSING_PARAMETER
    if world.windows.get(who) is None:
        return not_listened(who)
    if world.config.shape is WindowShape.TUPLE:
        return failed(500, 3001, "获取消息失败: 'tuple' object has no attribute 'GetAllMessage'")
    rows: list[JSONValue] = list(world.windows.all_rows(who))
    return ok("获取消息成功", {"who": who, "messages": rows})


def _load_more(world: World, call: Call) -> Answer:
    who = call.text("who")
    if world.windows.get(who) is None:
        return not_listened(who)
    return ok("加载更多消息成功", {"who": who})


def _show(world: World, call: Call) -> Answer:
    who = call.text("who")
    return ok("显示聊天窗口成功", {"who": who}) if world.windows.get(who) is not None else not_listened(who)


def _close(world: World, call: Call) -> Answer:
    who = call.text("who")
    if world.windows.get(who) is None:
        return not_listened(who)
    if world.config.shape is WindowShape.TUPLE:
        return failed(500, 3001, "关闭聊天窗口失败: 'tuple' object has no attribute 'Close'")
    world.windows.close(who)
    return ok("关闭聊天窗口成功", {"who": who})


def _message_operation(label: str) -> Handler:
    def answer(world: World, call: Call) -> Answer:
        who, message_id = call.text("who"), call.text("message_id")
        if not who or not message_id:
            return MISSING_PARAMETER
        if world.windows.get(who) is None:
            return not_listened(who)
        if world.config.shape is WindowShape.TUPLE:
            return failed(500, 3001, f"{label}失败: 'tuple' object has no attribute 'GetAllMessage'")
        if all(row["id"] != message_id for row in world.windows.all_rows(who)):
            return failed(404, 3001, f"找不到消息: {message_id}")
        if label == "引用消息":
            world.send_window(who, [call.text("reply_text")], (), call.path)
        return ok(f"{label}成功", {"who": who, "message_id": message_id})

    return answer


def _group_members(world: World, call: Call) -> Answer:
    name = call.query.get("who") or call.text("group_name") or call.text("who")
    if not name:
        return MISSING_PARAMETER
    try:
        world.open_chat(name)
    except LibraryError as error:
        return failed(500, 3001, f"获取群成员失败: {error}")
    shown = world.main.current
    members: list[JSONValue] = list(shown.members) if shown is not None else []
    return ok("获取群成员成功", {"group": name, "members": members})


def _paid_only(message: str, data: JSONValue = None) -> Handler:
    def answer(world: World, _: Call) -> Answer:
        if world.config.library is Library.WXAUTO:
            return failed(400, 3001, message)
        return ok("操作成功", data)

    return answer


def _stats(world: World, _: Call) -> Answer:
    data: JSONValue = {
        "cpu_percent": 1.5,
        "memory_mb": 96.0,
        "uptime_seconds": int(world.uptime_s),
        "pid": 4242,
        "threads": 9,
        "connections": 1,
    }
    return ok("获取成功", data)


def _reload_config(_: World, __: Call) -> Answer:
    return ok("配置已重新加载", None)


def _plugin_status(world: World, _: Call) -> Answer:
    paid = world.config.library is Library.WXAUTOX
    plugins: JSONValue = {
        "wxauto": {"installed": True},
        "wxautox": {"installed": paid, "version": "39.1.18" if paid else None},
    }
    return ok("获取成功", plugins)


def _front_page(_: World, __: Call) -> Answer:
    return json_answer(200, {"name": "WXAUTO-HTTP-API", "version": "2.0.0"})


def _other(handler: Handler, *methods: str, ui: bool = False, body: bool = True, key: bool = True) -> Route:
    return Route(
        handler,
        methods or ("GET",),
        Blueprint.OTHER,
        is_protected=key,
        moves_ui=ui,
        reads_body=body and "POST" in methods,
    )


ROUTES: dict[str, Route] = {
    "/": _other(_front_page, key=False),
    "/api/wechat/get-session": _other(_get_session, ui=True),
    "/api/wechat/get-all-sub-windows": _other(_sub_windows),
    "/api/wechat/get-sub-windows": _other(_sub_windows),
    "/api/wechat/get-sub-window": _other(_sub_window),
    "/api/wechat/chat-with": _other(_chat_with, "POST", ui=True),
    "/api/wechat/start-listening": _other(_start_listening, "POST", body=False),
    "/api/wechat/stop-listening": _other(_stop_listening, "POST", ui=True),
    "/api/wechat/switch-to-chat": _other(_switch, "POST", ui=True, body=False),
    "/api/wechat/switch-to-contact": _other(_switch, "POST", ui=True, body=False),
    "/api/wechat/is-online": _other(_paid_only("当前库版本不支持检查在线状态功能", {"online": True})),
    "/api/wechat/get-my-info": _other(_paid_only("当前库版本不支持获取个人信息功能", {"my_info": {}})),
    "/api/wechat/send-url-card": _other(_paid_only("当前库版本不支持发送链接卡片功能"), "POST", ui=True),
    "/api/auxiliary/login/auto": _other(_paid_only("自动登录功能需要wxautox库支持"), "POST", body=False),
    "/api/auxiliary/login/qrcode": _other(
        _paid_only("获取登录二维码功能需要wxautox库支持"), "POST", body=False
    ),
    "/api/chat/get-next-new": _other(next_new, ui=True),
    "/api/chat/listen/get": _other(listen_get),
    "/api/chat/listen/add": _other(listen_add, "POST", ui=True),
    "/api/chat/listen/remove": _other(listen_remove, "POST", ui=True),
    "/api/chat/send-message": _other(_send_message, "POST", ui=True),
    "/api/chat/get-all-messages": _other(_all_messages),
    "/api/chat/load-more-messages": _other(_load_more, "POST", ui=True),
    "/api/chat/show": _other(_show, "POST", ui=True),
    "/api/chat/close": _other(_close, "POST", ui=True),
    "/api/message/quote": _other(_message_operation("引用消息"), "POST", ui=True),
    "/api/message/forward": _other(_message_operation("转发消息"), "POST", ui=True),
    "/api/message/click": _other(_message_operation("点击消息"), "POST", ui=True),
    "/api/message/download": _other(_message_operation("下载消息"), "POST", ui=True),
    "/api/message/to-text": _other(_message_operation("语音转文字"), "POST", ui=True),
    "/api/message/select-option": _other(_message_operation("右键菜单操作"), "POST", ui=True),
    "/api/group/get-members": _other(_group_members, "GET", "POST", ui=True),
    "/api/group/get-recent-groups": _other(_paid_only("当前库版本不支持获取最近群聊功能", {"groups": []})),
    "/api/friend/get-details": _other(_paid_only("当前库版本不支持获取好友详情功能", {"details": []})),
    "/api/friend/get-new-friends": _other(_paid_only("当前库版本不支持获取新好友功能", {"new_friends": []})),
    "/api/admin/stats": _other(_stats),
    "/api/admin/reload-config": _other(_reload_config, "POST", body=False),
    "/admin/plugins/status": _other(_plugin_status, key=False),
}
