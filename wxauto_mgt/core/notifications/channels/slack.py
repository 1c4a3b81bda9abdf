"""The `slack` channel: an incoming webhook (https://api.slack.com/messaging/webhooks)."""

from __future__ import annotations

from typing import ClassVar, Final

from wxauto_mgt.core.notifications.channels.hook_fields import HookConfig, cut
from wxauto_mgt.core.notifications.contract import Channel, Notice
from wxauto_mgt.errors import ChannelTransient

# Slack cuts at 40,000 characters.
_LIMIT_BYTES: Final = 30_000


class SlackChannel(Channel[HookConfig]):
    """Posts text; Slack says `ok` in plain text when it took it."""

    TYPE = "slack"
    CONFIG: ClassVar[type[HookConfig]] = HookConfig
    SECRET_FIELDS = ("webhook_url",)

    async def send(self, notice: Notice) -> None:
        text = f"*{_escaped(notice.title)}*"
        if notice.text:
            text += f"\n{_escaped(notice.text)}"
        answer = await self.context.http.post(
            self.config.webhook_url.get_secret_value(), {"text": cut(text, _LIMIT_BYTES)}
        )
        if answer.raw.strip() != b"ok":
            raise ChannelTransient("channel_answer_unreadable", may_have_arrived=True, status=answer.status)


def _escaped(text: str) -> str:
    """The three characters that Slack reads as control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
