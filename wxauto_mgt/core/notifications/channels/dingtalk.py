"""The `dingtalk` channel: a custom group robot, signed where a secret is given.

https://open.dingtalk.com/document/robots/custom-robot-access: the signature is HMAC-SHA256 by the secret over
`<timestamp in ms>\\n<secret>`, base64, quoted, beside the timestamp in the query.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import ClassVar, Final
from urllib.parse import quote_plus

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.channels.hook_fields import SignedHookConfig, cut
from wxauto_mgt.core.notifications.contract import Channel, Notice
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient

_LIMIT_BYTES: Final = 18_000  # DingTalk refuses requests above 20,000
_TOO_FAST: Final = (130101, 410100)
_BUSY: Final = (-1,)
_SECURITY: Final = 310000  # key word, signature or address is not what the robot asks for


class DingTalkChannel(Channel[SignedHookConfig]):
    """Posts text; taken when `errcode` is 0."""

    TYPE = "dingtalk"
    CONFIG: ClassVar[type[SignedHookConfig]] = SignedHookConfig
    SECRET_FIELDS = ("webhook_url", "secret")

    async def send(self, notice: Notice) -> None:
        document: JSON = {"msgtype": "text", "text": {"content": cut(notice.whole, _LIMIT_BYTES)}}
        answer = (await self.context.http.post(self._address(), document)).document()
        code = answer.get("errcode")
        if code == 0:
            return
        if code in _TOO_FAST:
            raise ChannelTransient("channel_rate_limited", status=code)
        if code in _BUSY:
            raise ChannelTransient("channel_server_failed", status=code)
        if code == _SECURITY:
            raise ChannelPermanent("channel_security_refused", status=code)
        raise ChannelPermanent("channel_refused", status=code if isinstance(code, int) else None)

    def _address(self) -> str:
        url = self.config.webhook_url.get_secret_value()
        secret = self.config.secret.get_secret_value()
        if not secret:
            return url
        timestamp = int(self.context.clock.now().timestamp() * 1000)
        digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
        separator = "&" if "?" in url else "?"
        return f"{url}{separator}timestamp={timestamp}&sign={quote_plus(base64.b64encode(digest))}"
