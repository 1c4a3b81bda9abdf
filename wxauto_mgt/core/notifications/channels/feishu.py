"""The `feishu` channel: a custom robot of Feishu or Lark, signed where a secret is given.

https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: the key of the HMAC-SHA256 is
`<timestamp in s>\\n<secret>`, what it signs is empty; signature and timestamp stand in the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import ClassVar, Final

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.channels.hook_fields import SignedHookConfig, cut
from wxauto_mgt.core.notifications.contract import Channel, Notice
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient

_LIMIT_BYTES: Final = 18_000  # Feishu refuses requests above 20 KB
_TOO_FAST: Final = (11232,)
_SECURITY: Final = (19021, 19022, 19024)  # signature, address, key word


class FeishuChannel(Channel[SignedHookConfig]):
    """Posts text; taken when `code` is 0."""

    TYPE = "feishu"
    CONFIG: ClassVar[type[SignedHookConfig]] = SignedHookConfig
    SECRET_FIELDS = ("webhook_url", "secret")

    async def send(self, notice: Notice) -> None:
        document: dict[str, JSON] = {"msg_type": "text", "content": {"text": cut(notice.whole, _LIMIT_BYTES)}}
        url = self.config.webhook_url.get_secret_value()
        answer = (await self.context.http.post(url, self._signature() | document)).document()
        code = answer.get("code", answer.get("StatusCode"))
        if code == 0:
            return
        if code in _TOO_FAST:
            raise ChannelTransient("channel_rate_limited", status=code)
        if code in _SECURITY:
            raise ChannelPermanent("channel_security_refused", status=code)
        raise ChannelPermanent("channel_refused", status=code if isinstance(code, int) else None)

    def _signature(self) -> dict[str, JSON]:
        secret = self.config.secret.get_secret_value()
        if not secret:
            return {}
        timestamp = str(int(self.context.clock.now().timestamp()))
        digest = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
        return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}
