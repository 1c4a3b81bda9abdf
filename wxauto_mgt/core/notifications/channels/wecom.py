"""The `wecom` channel: a group robot (https://developer.work.weixin.qq.com/document/path/91770)."""

from __future__ import annotations

from typing import ClassVar, Final

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.channels.hook_fields import HookConfig, cut
from wxauto_mgt.core.notifications.contract import Channel, Notice
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient

_LIMIT_BYTES: Final = 2_048  # of a text message; Markdown would not show in WeChat
_TOO_FAST: Final = (45009, 45033)
_BUSY: Final = (-1,)


class WeComChannel(Channel[HookConfig]):
    """Posts text; taken when `errcode` is 0."""

    TYPE = "wecom"
    CONFIG: ClassVar[type[HookConfig]] = HookConfig
    SECRET_FIELDS = ("webhook_url",)

    async def send(self, notice: Notice) -> None:
        document: JSON = {"msgtype": "text", "text": {"content": cut(notice.whole, _LIMIT_BYTES)}}
        url = self.config.webhook_url.get_secret_value()
        code = (await self.context.http.post(url, document)).document().get("errcode")
        if code == 0:
            return
        if code in _TOO_FAST:
            raise ChannelTransient("channel_rate_limited", status=code)
        if code in _BUSY:
            raise ChannelTransient("channel_server_failed", status=code)
        raise ChannelPermanent("channel_refused", status=code if isinstance(code, int) else None)
